// SPDX-License-Identifier: Apache-2.0
// Both windows in both directions, kept a second time from the frames alone (RFC 9113 sections 5.2 and 6.9), under random
// schedules. A failure prints the seed and the shortest schedule that fast-check has found.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frame, headers, join, requestBlock, responseBlock, settings, windowUpdate } from "../frame/frames.suite.js";
import { type Bench, runningClient, runningServer } from "./recorder.suite.js";

const ids = [1, 3, 5] as const;
const roles = ["server", "client"] as const;
const maxFrame = 16_384;
const defaultWindow = 65_535;
const octets = new Uint8Array(90_000);

/** A connection with streams 1, 3 and 5 open in both directions. */
function openBench(role: "server" | "client", options: Parameters<typeof runningServer>[0]): Bench {
  const bench = role === "server" ? runningServer(options) : runningClient(options);
  for (const id of ids) {
    if (role === "client") bench.handler.streams.set(id, bench.request(false));
    bench.receive(headers(id, role === "server" ? requestBlock : responseBlock));
    if (role === "server") bench.respond(id);
  }
  bench.output();
  return bench;
}

/** The [stream, size] of all frames of this kind that are waiting to go out, from lines such as `DATA 1 20`. */
function takeSizes(lines: readonly string[], kind: "DATA" | "WINDOW_UPDATE"): (readonly [id: number, size: number])[] {
  return lines
    .filter((line) => line.startsWith(`${kind} `))
    .map((line) => line.split(" "))
    .map(([, id, size]) => [Number(id), Number(size)]);
}

const id = fc.constantFrom(...ids);
const sending = fc.oneof(
  fc.record({ verb: fc.constant("write" as const), id, size: fc.integer({ min: 0, max: 90_000 }) }),
  fc.record({
    verb: fc.constant("grant" as const),
    id: fc.constantFrom(0, ...ids),
    size: fc.integer({ min: 1, max: 40_000 }),
  }),
  fc.record({ verb: fc.constant("initial" as const), id, size: fc.integer({ min: 0, max: 100_000 }) }),
);
const receiving = fc.oneof(
  fc.record({
    verb: fc.constant("data" as const),
    id,
    size: fc.integer({ min: 0, max: maxFrame }),
    padding: fc.nat(255),
  }),
  fc.record({
    verb: fc.constant("consume" as const),
    id,
    size: fc.integer({ min: 0, max: 60_000 }),
    padding: fc.constant(0),
  }),
  fc.record({
    verb: fc.constantFrom("reset" as const, "consume" as const),
    id,
    size: fc.nat(9_000),
    padding: fc.constant(0),
  }),
);

describe.each(roles)("what a %s sends", (role) => {
  it("never exceeds a window, and goes out as soon as both allow it", () => {
    fc.assert(
      fc.property(fc.array(sending, { minLength: 1, maxLength: 60, size: "max" }), (steps) => {
        const bench = openBench(role, {});
        let connection = defaultWindow;
        let initial = defaultWindow;
        const windows = new Map<number, number>(ids.map((stream) => [stream, defaultWindow]));
        const pending = new Map<number, number>(ids.map((stream) => [stream, 0]));
        const add = (map: Map<number, number>, key: number, change: number) =>
          map.set(key, (map.get(key) ?? 0) + change);
        for (const step of steps) {
          if (step.verb === "write") {
            bench.connection.write(bench.handler.stream(step.id), octets, 0, step.size, false);
            add(pending, step.id, step.size);
          } else if (step.verb === "grant") {
            bench.receive(windowUpdate(step.id, step.size));
            if (step.id === 0) connection += step.size;
            else add(windows, step.id, step.size);
          } else {
            bench.receive(settings([4, step.size]));
            for (const stream of ids) add(windows, stream, step.size - initial);
            initial = step.size;
          }
          for (const [stream, size] of takeSizes(bench.frames(), "DATA")) {
            expect(size).toBeLessThanOrEqual(maxFrame);
            connection -= size;
            add(windows, stream, -size);
            add(pending, stream, -size);
            expect(Math.min(connection, windows.get(stream) ?? -1)).toBeGreaterThanOrEqual(0);
          }
          for (const stream of ids) {
            const { sendWindow, queuedBytes } = bench.handler.stream(stream);
            expect([sendWindow, queuedBytes]).toEqual([windows.get(stream), pending.get(stream)]);
            if (queuedBytes > 0) expect(Math.min(connection, sendWindow)).toBeLessThanOrEqual(0);
          }
        }
        expect(bench.connection.closed).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

/** The windows that we gave to the peer, and what the application has not yet given back. */
class Account {
  readonly size: number;
  available: number;
  held = 0;

  constructor(size: number) {
    this.size = size;
    this.available = size;
  }

  /** Octets that were given back and not yet announced: less than half, and never lost. */
  check(): void {
    const unreturned = this.size - this.available - this.held;
    expect(unreturned).toBeGreaterThanOrEqual(0);
    expect(unreturned * 2).toBeLessThan(this.size);
  }
}

describe.each(roles)("what a %s receives", (role) => {
  it("takes from both windows and returns to both, to the octet", () => {
    const windows = fc.constantFrom([65_535, 30_000], [65_535, 200_000], [100_000, 65_535], [1_000_000, 100_000]);
    fc.assert(
      fc.property(fc.array(receiving, { minLength: 1, maxLength: 80, size: "max" }), windows, (steps, sizes) => {
        const [connectionWindowBytes = 0, initialWindowBytes = 0] = sizes;
        const bench = openBench(role, { connectionWindowBytes, initialWindowBytes });
        const connection = new Account(connectionWindowBytes);
        const streams = new Map(ids.map((stream) => [stream as number, new Account(initialWindowBytes)]));
        for (const step of steps) {
          const account = streams.get(step.id);
          if (account === undefined) continue;
          if (step.verb === "data") sendData(bench, step, account, connection);
          else if (step.verb === "consume") {
            const count = Math.min(step.size, account.held);
            bench.connection.consume(bench.handler.stream(step.id), count);
            account.held -= count;
            connection.held -= count;
          } else {
            bench.connection.reset(bench.handler.stream(step.id), 8);
            streams.delete(step.id);
            connection.held -= account.held;
          }
          for (const [stream, size] of takeSizes(bench.frames(), "WINDOW_UPDATE")) {
            const grown = stream === 0 ? connection : streams.get(stream);
            if (grown !== undefined) grown.available += size;
          }
          for (const each of [connection, ...streams.values()]) each.check();
        }
        const [last] = streams;
        if (last !== undefined) expectExactEnd(bench, last[0], last[1], connection);
      }),
      { numRuns: 60 },
    );
  });
});

/** DATA as an honest peer sends it; its padding comes back at once. */
function sendData(
  bench: Bench,
  { id: stream, size, padding }: { readonly id: number; readonly size: number; readonly padding: number },
  account: Account,
  connection: Account,
): void {
  const whole = Math.min(size, account.available, connection.available);
  const padded = padding > 0 && whole > padding;
  const content = padded ? whole - padding - 1 : whole;
  bench.receive(dataFrame(stream, content, padded ? padding : undefined));
  for (const each of [account, connection]) {
    each.available -= whole;
    each.held += content;
  }
}

function dataFrame(stream: number, content: number, padding?: number): Uint8Array {
  const payload = new Uint8Array(content);
  if (padding === undefined) return frame(0, 0, stream, payload);
  return frame(0, 8, stream, join(Uint8Array.of(padding), payload, new Uint8Array(padding)));
}

/** Fills what is left of the smaller window and goes one octet over it. */
function expectExactEnd(bench: Bench, stream: number, account: Account, connection: Account): void {
  const isConnectionFirst = connection.available <= account.available;
  for (let left = Math.min(connection.available, account.available); left > 0; left -= maxFrame) {
    sendData(bench, { id: stream, size: Math.min(left, maxFrame), padding: 0 }, account, connection);
  }
  expect(bench.handler.streams.has(stream)).toBe(true);
  bench.receive(dataFrame(stream, 1));
  if (isConnectionFirst) expect(bench.handler.closeReason).toMatchObject({ code: 3, by: "local" });
  else expect(bench.frames()).toContain(`RST_STREAM ${stream} 3`);
}
