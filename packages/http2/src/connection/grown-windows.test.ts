// SPDX-License-Identifier: Apache-2.0
// What growing windows are for: uploads over paths with latency, on virtual time.
import { describe, expect, it } from "vitest";
import { WindowBudget } from "../flow/window-budget.js";
import { Bench } from "./recorder.suite.js";

const mebibyte = 1_048_576;

/** A path with a delay each way, and a rate in octets per millisecond upwards. */
interface Path {
  readonly delayMs: number;
  readonly rate: number;
}

/** Octets on their way. */
interface Piece {
  readonly dueMs: number;
  readonly bytes: Uint8Array;
}

/**
 * Uploads `octets` from a client to a server that takes them at once; a step is a millisecond. Returns what it took, and
 * the most that the client was ever allowed to have under way.
 */
function upload({ delayMs, rate }: Path, octets: number, windows: WindowBudget | undefined) {
  const client = new Bench("client");
  const server = new Bench("server", { windows });
  let received = 0;
  server.handler.onData = (stream, _bytes, start, end) => {
    received += end - start;
    server.connection.consume(stream, end - start);
  };
  const up: Piece[] = [];
  const down: Piece[] = [];
  const stream = client.request(false);
  let left = octets;
  let freeMs = 0;
  let mostRoom = 0;
  for (let now = 0; now < 600_000; now++) {
    client.nowMs = now;
    server.nowMs = now;
    for (const [line, bench] of [
      [up, server],
      [down, client],
    ] as const) {
      const due = line.findIndex(({ dueMs }) => dueMs > now);
      for (const { bytes } of line.splice(0, due < 0 ? line.length : due)) bench.receive(bytes);
    }
    if (received === octets) return { ms: now, mostRoom };
    const room = Math.min(left, Math.max(0, client.connection.room(stream)));
    mostRoom = Math.max(mostRoom, stream.sendWindow);
    if (room > 0) client.connection.write(stream, new Uint8Array(room), 0, room, false);
    left -= room;
    const bytes = client.output();
    for (let at = 0; at < bytes.length; at += 16_384) {
      const piece = bytes.subarray(at, at + 16_384);
      freeMs = Math.max(freeMs, now) + piece.length / rate;
      up.push({ dueMs: freeMs + delayMs, bytes: piece });
    }
    const back = server.output();
    if (back.length > 0) down.push({ dueMs: now + delayMs, bytes: back });
  }
  throw new Error(`Cannot upload: ${left} octets are left after ten minutes`);
}

describe("an upload", () => {
  it("over a long, fat path takes a fraction of the time when windows may grow", () => {
    const path = { delayMs: 50, rate: 100_000 };
    const fixed = upload(path, 20 * mebibyte, undefined);
    const grown = upload(path, 20 * mebibyte, new WindowBudget(64 * mebibyte));
    // 64 KiB in every 100 ms, against what the path carries but for the rounds in which the window grows.
    expect(fixed.ms).toBeGreaterThan(30_000);
    expect(grown.ms).toBeLessThan(fixed.ms / 10);
  });

  it.each([
    ["of 100 kB", { delayMs: 10, rate: 5_000 }, 100_000],
    ["of 400 kB", { delayMs: 20, rate: 10_000 }, 400_000],
    ["of 1 MB", { delayMs: 50, rate: 10_000 }, 1_000_000],
  ])(
    "over a path with a bandwidth-delay product %s comes to fill it, with a window of the same order",
    (_what, path, product) => {
      const octets = 40 * mebibyte;
      const { ms, mostRoom } = upload(path, octets, new WindowBudget(64 * mebibyte));
      // What the path carries, and a dozen round trips in which the window grows.
      expect(ms).toBeLessThan(octets / path.rate + 12 * 2 * path.delayMs);
      expect(mostRoom).toBeGreaterThan(product);
      expect(mostRoom).toBeLessThan(product * 5);
    },
  );

  it("over a short path keeps the window that it has, or nearly", () => {
    const { mostRoom } = upload({ delayMs: 1, rate: 10_000 }, 20 * mebibyte, new WindowBudget(64 * mebibyte));
    expect(mostRoom).toBeLessThan(300_000);
  });
});
