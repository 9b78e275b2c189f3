// SPDX-License-Identifier: Apache-2.0
import { rawHeaders, rawLiterals, rawPing, rawSettings, requestFields } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { isAlive } from "../raw/alive.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path } from "../raw/orders.ts";
import { reactionOf } from "../raw/reaction.ts";
import { floodWith } from "../raw/repeat-bytes.ts";
import { shortStall } from "../raw/short-times.ts";
import { streamSeries } from "../raw/stream-series.ts";

const mib = 1024 * 1024;

/**
 * Floods of frames that want an answer (PING, SETTINGS, requests that are reset) by a peer that never reads: the answers queue.
 * With 100 of them waiting the router reads no more from this peer, so that it waits for itself; the stall timer ends it.
 */
export const attack = defineAttack<{ pings: number; connections: number; stallMs: number }>({
  id: "A9",
  name: "PING, SETTINGS, RST floods",
  cves: ["CVE-2019-9512", "CVE-2019-9514", "CVE-2019-9515"],
  limits: ["stallMs", "settingsFrames", "streamErrors", "unreadReplies"],
  sizes: {
    quick: { pings: 1_000_000, connections: 4, stallMs: 3_000 },
    full: { pings: 1_000_000, connections: 10, stallMs: 30_000 },
  },
  settings: shortStall,
  repeats: false,
  async run(context, { pings, connections, stallMs }) {
    const pinging = Array.from({ length: connections }, () => pingUnread(context, pings, stallMs));
    await context.sleep(stallMs / 2);
    const perConnection = (await context.grownBytes()) / connections;
    const endedMs = await Promise.all(pinging);
    context.check("a connection takes less than 1 MiB", perConnection < mib, Math.round(perConnection));
    const settings = await context.open();
    await floodWith(settings, { frame: rawSettings(), count: 20_000 });
    const ofSettings = await reactionOf(settings);
    context.check(
      "SETTINGS: GOAWAY(ENHANCE_YOUR_CALM) and the end",
      ofSettings.code === ErrorCode.enhanceYourCalm && ofSettings.closed,
      ofSettings.text,
    );
    const malformed = rawHeaders(1, rawLiterals(requestFields(Path.run, [["X-Upper", "a"]])), true);
    const resets = await context.open();
    await resets.push(streamSeries(malformed, 20_000));
    const ofResets = await reactionOf(resets);
    context.check(
      "RST: GOAWAY(ENHANCE_YOUR_CALM) and the end",
      ofResets.code === ErrorCode.enhanceYourCalm && ofResets.closed,
      ofResets.text,
    );
    const seconds = (Math.max(...endedMs) / 1_000).toFixed(0);
    return `PING unread: ${(perConnection / 1024).toFixed(0)} KiB each, cut after ${seconds} s; SETTINGS ${ofSettings.text}; RST ${ofResets.text} after ${resets.resets.size}`;
  },
  async counter(context) {
    // A hundred PINGs at once by one who reads: a few answers are always on their way.
    const connection = await context.open();
    let answered = 0;
    for (let round = 0; round < 10 && !connection.over; round++) {
      connection.send(...Array.from({ length: 5 }, () => rawPing()));
      if (await isAlive(connection)) answered++;
      await context.sleep(20);
    }
    context.check("PINGs of one who reads are answered", answered === 10, answered);
    return `${answered} of 10 bursts of PING answered`;
  },
});

/** Sends PINGs and reads nothing until the target gives up; answers after how many milliseconds, NaN if it does not. */
async function pingUnread(context: AttackContext, pings: number, stallMs: number): Promise<number> {
  const connection = await context.open();
  connection.setReading(false);
  const startedMs = performance.now();
  const flood = floodWith(connection, { frame: rawPing(), count: pings });
  await Promise.race([flood, context.sleep(stallMs + 5_000)]);
  await context.sleep(Math.max(0, stallMs + 3_000 - (performance.now() - startedMs)));
  connection.setReading(true);
  const { closed, text } = await reactionOf(connection);
  context.check("PING: the connection is cut", closed, text);
  return closed ? performance.now() - startedMs : Number.NaN;
}
