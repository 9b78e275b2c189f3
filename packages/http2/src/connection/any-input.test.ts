// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WindowBudget } from "../flow/window-budget.js";
import {
  clientHello,
  frame,
  headers,
  hex,
  join,
  requestBlock,
  responseBlock,
  settings,
  settingsAck,
} from "../frame/frames.suite.js";
import { Bench, counting, noLiterals, requestTemplate, responseTemplate, trailersTemplate } from "./recorder.suite.js";

const streamId = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(0x7fff_ffff));
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(
    requestBlock,
    responseBlock,
    hex("00000001"),
    hex("7fffffff"),
    hex("0004 00000005"),
    hex("0000000000000000"),
    // Answers to our own PINGs: "draining", "is alive", "how fast".
    hex("647261696e696e67"),
    hex("697320616c697665"),
    hex("686f772066617374"),
  ),
);
/** Mostly frames that are nearly right, sometimes anything. */
const input = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 10 }), fc.nat(255), streamId, payload)
      .map(([type, flags, id, bytes]) => frame(type, flags, id, bytes)),
  },
  { weight: 4, arbitrary: fc.tuple(streamId, fc.boolean()).map(([id, end]) => headers(id | 1, requestBlock, end)) },
  { weight: 2, arbitrary: fc.tuple(streamId, fc.boolean()).map(([id, end]) => headers(id | 1, responseBlock, end)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(streamId, fc.nat(1), fc.nat(3_000))
      .map(([id, end, length]) => frame(0, end, id | 1, counting(0, length))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }) },
);
const behaviour = fc.record({
  role: fc.constantFrom("server" as const, "client" as const),
  inputs: fc.array(input, { minLength: 1, maxLength: 60, size: "max" }),
  cuts: fc.array(fc.nat(5_000), { maxLength: 10 }),
  choices: fc.array(fc.nat(20), { minLength: 1, maxLength: 50 }),
});

/** What a user may do from within any callback, by turns. */
function misbehave(bench: Bench, choice: number): void {
  const streams = [...bench.handler.streams.values()];
  const stream = streams[choice % Math.max(1, streams.length)];
  const { connection } = bench;
  if (choice === 15) connection.longLived = !connection.longLived;
  if (choice === 16) {
    bench.nowMs += 700;
    connection.sweep(bench.nowMs);
  }
  if (choice === 17 && connection.canOpen) {
    const opened = connection.open(requestTemplate, noLiterals, 0, 0, false);
    bench.handler.streams.set(opened.id, opened);
  }
  if (choice === 18) connection.drain("enough");
  if (choice === 19) connection.close(0, "enough");
  if (stream === undefined || stream.localEnded || connection.closed) return;
  try {
    if (choice === 1) connection.writeHead(stream, responseTemplate, noLiterals, 0, 0, false);
    if (choice === 2) connection.writeHead(stream, trailersTemplate, noLiterals, 0, 0, true);
    if (choice < 7) connection.write(stream, counting(0, choice * 900), 0, choice * 900, choice === 5);
    if (choice === 7) connection.reset(stream, 8);
    if (choice === 8) connection.reset(stream, 0);
    if (choice === 9) connection.room(stream);
    if (choice === 10) connection.growWindow(stream, 200_000);
  } catch (error) {
    // A wrong call is answered by an error and changes nothing.
    expect(error).toMatchObject({ name: "Http2Error" });
  }
}

describe("any input", () => {
  it("never throws, and every stream and the connection end exactly once", () => {
    fc.assert(
      fc.property(behaviour, ({ role, inputs, cuts, choices }) => {
        const windows = new WindowBudget(500_000);
        const keepalive = { timeMs: 10_000, timeoutMs: 1, permitWithoutCalls: true, maxIdleMs: 2_000, maxAgeMs: 5_000 };
        const bench = new Bench(role, { connectionWindowBytes: 65_535, windows, keepalive });
        const open = new Set<number>();
        let turn = 0;
        const act = (): void => misbehave(bench, choices[turn++ % choices.length] ?? 0);
        Object.assign(bench.handler.react, {
          onHead: (stream: { id: number }) => {
            if (role === "server") expect(open.has(stream.id)).toBe(false);
            open.add(stream.id);
            act();
          },
          onData: (stream: { id: number }, _bytes: Uint8Array, start: number, end: number) => {
            bench.connection.consume(bench.handler.stream(stream.id), end - start);
            act();
          },
          onTrailers: act,
          onSent: act,
          onRoom: act,
          onClosed: (stream: { id: number }) => {
            open.delete(stream.id);
            act();
          },
          onTurn: act,
          onGoaway: act,
        });
        const hello = role === "server" ? [clientHello] : [settings()];
        const all = join(...hello, settingsAck, ...inputs);
        let at = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), all.length]) {
          bench.receive(all.subarray(at, Math.max(at, Math.min(cut, all.length))));
          at = Math.max(at, Math.min(cut, all.length));
          if (cut % 3 === 0) bench.output();
        }
        bench.connection.sweep(bench.nowMs + 1_000);
        bench.output();
        expect(windows.takenBytes).toBeLessThanOrEqual(windows.sizeBytes);
        bench.connection.receiveEnd();
        bench.connection.receive(all, 0, all.length, 0);
        expect(bench.handler.lines.filter((line) => line.startsWith("connection closed"))).toHaveLength(1);
        expect(open.size).toBe(0);
        expect(bench.connection.openStreams).toBe(0);
        expect(windows.takenBytes).toBe(0);
      }),
      { numRuns: 1_500 },
    );
  });
});
