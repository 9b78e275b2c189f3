// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawPreface, rawSettings } from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack, type Form, type TargetSettings } from "../attack.ts";
import { openBlock } from "../raw/open-block.ts";
import { Path, requestBlock } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import type { ConnectionEnd, RawConnectionOptions } from "../raw/raw-connection.ts";

/** The beginning of a ClientHello: a record of 512 octets (RFC 8446 section 5.1), of which five are there. */
const helloStart = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03);
/** Time limits are looked at about once a second. */
const slackMs = 1_500;

interface Times {
  readonly handshakeMs: number;
  readonly prefaceMs: number;
  readonly firstSettingsMs: number;
  readonly headerBlockMs: number;
}

/** The defaults. */
const fullTimes: Times = { handshakeMs: 10_000, prefaceMs: 10_000, firstSettingsMs: 5_000, headerBlockMs: 5_000 };
const quickTimes: Times = { handshakeMs: 2_000, prefaceMs: 2_000, firstSettingsMs: 1_000, headerBlockMs: 1_000 };

const { handshakeMs, ...ofConnection } = quickTimes;
const settings: Readonly<Record<Form, TargetSettings>> = {
  quick: { tls: true, connections: { limits: ofConnection }, listener: { handshakeMs } },
  full: { tls: true },
};

/**
 * Slow start: connections that stop in the middle of TLS, of the preface, before SETTINGS or inside a header block, each of
 * which would pin a slot before anybody is known.
 */
export const attack = defineAttack<Times & { connections: number }>({
  id: "A14",
  name: "Slow handshake, preface, headers",
  cves: [],
  limits: ["prefaceMs", "firstSettingsMs", "headerBlockMs"],
  sizes: { quick: { connections: 150, ...quickTimes }, full: { connections: 1_005, ...fullTimes } },
  settings,
  repeats: false,
  async run(context, { connections, ...times }) {
    const { handshakeMs, prefaceMs, firstSettingsMs, headerBlockMs } = times;
    // A handshake costs the processor what slowness does not, so most do not come to its end.
    const [most, rest] = [(connections * 2) / 5, connections / 15];
    const groups = [
      pin(context, { what: "no ClientHello", count: most, ...beforeTls, limitMs: handshakeMs }),
      pin(context, { what: "half a ClientHello", count: most, ...beforeTls, bytes: helloStart, limitMs: handshakeMs }),
      pin(context, { what: "half a preface", count: rest, bytes: rawPreface.subarray(0, 10), limitMs: prefaceMs }),
      pin(context, { what: "no SETTINGS", count: rest, bytes: rawPreface, limitMs: firstSettingsMs }),
      pin(context, { what: "half a header block", count: rest, bytes: halfBlock, limitMs: headerBlockMs }),
    ];
    return (await Promise.all(groups)).join("; ");
  },
  async counter(context, { firstSettingsMs }) {
    // Slow, but within every time limit: a few octets, then a pause.
    const connection = await context.open({ begin: "nothing" });
    const hello = joinBytes(rawPreface, rawSettings());
    for (let at = 0; at < hello.length; at += 11) {
      connection.send(hello.subarray(at, at + 11));
      await context.sleep(firstSettingsMs / 10);
    }
    const client = await context.client();
    const result = await client.call({ path: Path.run });
    context.check("a slow preface is taken", !connection.over && isOk(result));
    return "a preface in pieces is taken";
  },
});

const beforeTls = { options: { begin: "tcp" } } as const;
const halfBlock = joinBytes(rawPreface, rawSettings(), openBlock(1, requestBlock(Path.run).subarray(0, 20)));

interface Pin {
  readonly what: string;
  readonly count: number;
  readonly options?: RawConnectionOptions;
  readonly bytes?: Uint8Array;
  /** After so many milliseconds the target must have closed it. */
  readonly limitMs: number;
}

/** Opens them one after the other over half of their time, so that all are open at once, but do not come at once. */
async function pin(context: AttackContext, { what, count, options, bytes, limitMs }: Pin): Promise<string> {
  const ends: Promise<ConnectionEnd>[] = [];
  for (let opened = 0; opened < count; opened++) {
    const connection = await context.open(options ?? { begin: "nothing" });
    if (bytes !== undefined) connection.send(bytes);
    ends.push(connection.end(limitMs + 5_000));
    await context.sleep(limitMs / 2 / count);
  }
  const times = (await Promise.all(ends)).map(({ how, afterMs }) =>
    how === "open" ? Number.POSITIVE_INFINITY : afterMs,
  );
  const lastMs = Math.max(...times);
  context.check(`${what}: closed within ${limitMs + slackMs} ms`, lastMs <= limitMs + slackMs, lastMs);
  return `${what}: ${(lastMs / 1_000).toFixed(1)} s`;
}
