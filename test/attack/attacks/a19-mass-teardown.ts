// SPDX-License-Identifier: Apache-2.0
import { joinBytes, RawSetting, RawType, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { holdOrder, Path, requestHeaders } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import { settingOf } from "../raw/reaction.ts";

/** Milliseconds for which the end of a connection with all its streams may hold up everybody else. */
const mostBlockMs = 5;
/** A path that the target answers by itself, so that the instance's work is not measured. */
const unknown = "/attack.v1.Unknown/Call";

/**
 * The end of a connection with as many streams as it may have: removing each must not cost a look at all others. Measured
 * by a second connection that calls all the time; other programs use the machine, too, so the best of several rounds counts.
 */
export const attack = defineAttack<{ rounds: number }>({
  id: "A19",
  name: "Mass teardown",
  cves: ["CVE-2021-32778"],
  sizes: { quick: { rounds: 5 }, full: { rounds: 30 } },
  repeats: false,
  async run(context, { rounds }) {
    let best = Number.POSITIVE_INFINITY;
    let streams = 0;
    for (let round = 0; round < rounds; round++) {
      const measured = await tearDown(context);
      streams = measured.streams;
      best = Math.min(best, measured.blockMs);
    }
    context.check(`the others wait at most ${mostBlockMs} ms for it`, best <= mostBlockMs, `${best.toFixed(1)} ms`);
    return `${streams} streams at once gone, others waited ${best.toFixed(1)} ms`;
  },
  async counter(context) {
    const client = await context.client();
    const results = await client.calls(1_000, 1_000, { path: Path.run });
    const good = results.filter(isOk).length;
    context.check("as many calls at once on one connection are served", good === results.length, good);
    return `${good} of ${results.length} calls at once on one connection`;
  },
});

async function tearDown(context: AttackContext): Promise<{ streams: number; blockMs: number }> {
  const connection = await context.open();
  await connection.until(() => connection.count(RawType.settings) > 0, 2_000);
  const streams = Math.min(1_000, settingOf(connection, RawSetting.maxConcurrentStreams) ?? 1_000);
  const { running, aborted } = await context.instance();
  const order = rawMessage(holdOrder);
  for (let index = 0; index < streams; index++) {
    const id = 2 * index + 1;
    connection.send(joinBytes(requestHeaders(id, Path.run), rawData(id, order, true)));
  }
  const all = await context.until(async () => (await context.instance()).running - running >= streams, 5_000);
  context.check("all calls run at the instance", all);
  const client = await context.client();
  await client.calls(20, 1, { path: unknown });
  const usual = await client.calls(50, 1, { path: unknown });
  connection.destroy();
  const during = await client.calls(50, 1, { path: unknown });
  const gone = await context.until(async () => (await context.instance()).aborted - aborted >= streams, 5_000);
  context.check("all calls are cancelled at the instance", gone, (await context.instance()).aborted - aborted);
  client.close();
  const worst = (calls: readonly { durationMs: number }[]) => Math.max(...calls.map(({ durationMs }) => durationMs));
  return { streams, blockMs: Math.max(0, worst(during) - Math.min(worst(usual), 1)) };
}
