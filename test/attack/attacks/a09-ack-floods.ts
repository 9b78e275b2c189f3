// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  rawHeaders,
  rawLiterals,
  rawPing,
  rawSettings,
  requestFields,
} from "@grpc-router/testing/raw-http2";
import { type AttackContext, defineAttack } from "../attack.ts";
import { ErrorCode } from "../raw/error-code.ts";
import { Path, requestHeaders } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";
import type { RawConnection } from "../raw/raw-connection.ts";
import { reactionOf } from "../raw/reaction.ts";
import { floodWith, repeatBytes } from "../raw/repeat-bytes.ts";
import { shortStall } from "../raw/short-times.ts";
import { streamSeries } from "../raw/stream-series.ts";

const mib = 1024 * 1024;
const floodFrames = 20_000;
/** Calls of one write, and PINGs between two calls: as many as an answer forgives. */
const callsAtOnce = 500;
const pingsPerCall = 3;

/**
 * Floods of frames that want an answer, by a peer that never reads, so that the answers queue. PINGs alone are cut off as too
 * many at the third; PINGs between calls, whose answers forgive them, make the router stop reading when 100 answers wait, until
 * the stall timer ends the connection. SETTINGS and requests that must be reset have buckets of 100.
 */
export const attack = defineAttack<{ pings: number; connections: number; stallMs: number }>({
  id: "A9",
  name: "PING, SETTINGS, RST floods",
  cves: ["CVE-2019-9512", "CVE-2019-9514", "CVE-2019-9515"],
  limits: ["pingStrikes", "unreadReplies", "stallMs", "settingsFrames", "streamErrors"],
  sizes: {
    quick: { pings: 1_000_000, connections: 4, stallMs: 3_000 },
    full: { pings: 1_000_000, connections: 10, stallMs: 30_000 },
  },
  settings: shortStall,
  repeats: false,
  async run(context, { pings, connections, stallMs }) {
    const unread = await context.openMany(connections);
    const floods = unread.map((connection) => pingUnread(connection, pings));
    await context.sleep(stallMs / 2);
    const perConnection = (await context.grownBytes()) / connections;
    context.check("a connection takes less than 1 MiB", perConnection < mib, Math.round(perConnection));
    const others = [
      await cut(context, "PING", (connection) => floodWith(connection, { frame: rawPing(), count: pings })),
      await cut(context, "SETTINGS", (connection) =>
        floodWith(connection, { frame: rawSettings(), count: floodFrames }),
      ),
      await cut(context, "RST", (connection) => connection.push(streamSeries(malformed, floodFrames))),
    ];
    await Promise.race([Promise.all(floods), context.sleep(2 * stallMs + 10_000)]);
    for (const connection of unread) connection.setReading(true);
    const ends = await Promise.all(unread.map((connection) => connection.end(5_000)));
    const open = ends.filter(({ how }) => how === "open").length;
    context.check("PING between calls, unread: the connections are cut", open === 0, open);
    const lastMs = Math.max(...ends.map(({ afterMs }) => afterMs));
    return `${others.join("; ")}; unread ${(perConnection / 1024).toFixed(0)} KiB each, cut after ${(lastMs / 1_000).toFixed(0)} s`;
  },
  async counter(context) {
    // As clients do that measure latency: a PING behind each answer.
    const client = await context.client();
    let good = 0;
    for (let count = 0; count < 100; count++) {
      if (isOk(await client.call({ path: Path.run }))) good++;
      client.connection.send(rawPing());
    }
    context.check("a PING behind each answer is borne", good === 100, good);
    return `${good} of 100 calls with a PING behind each served`;
  },
});

const malformed = rawHeaders(1, rawLiterals(requestFields(Path.run, [["X-Upper", "a"]])), true);

/** Expects GOAWAY(ENHANCE_YOUR_CALM). */
async function cut(
  context: AttackContext,
  what: string,
  flood: (connection: RawConnection) => Promise<unknown>,
): Promise<string> {
  const connection = await context.open();
  await flood(connection);
  const { code, closed, text } = await reactionOf(connection);
  const right = code === ErrorCode.enhanceYourCalm && closed;
  context.check(`${what}: GOAWAY(ENHANCE_YOUR_CALM) and the end`, right, text);
  return `${what} ${text}`;
}

/** Sends PINGs between calls and reads none of the answers, until the target takes no more. */
async function pingUnread(connection: RawConnection, pings: number): Promise<void> {
  await connection.stopReading();
  const call = requestHeaders(1, "/no.such.Service/Method", { endStream: true });
  const unit = joinBytes(call, repeatBytes(rawPing(), pingsPerCall));
  for (let sent = 0; sent < pings / pingsPerCall; sent += callsAtOnce) {
    if (!(await connection.push(streamSeries(unit, callsAtOnce, 2 * sent + 1), 60_000))) return;
  }
}
