// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { data, frame, headers, join, ping, requestBlock, rstStream } from "../frame/frames.suite.js";
import { type Bench, runningServer } from "./recorder.suite.js";

/** `count` frames in one read. */
function burst(count: number, input: (n: number) => Uint8Array): Uint8Array {
  return join(...Array.from({ length: count }, (_, n) => input(n)));
}

const unknown = (): Uint8Array => frame(0x42, 0, 0);
const request = (n: number): Uint8Array => headers(2 * n + 1, requestBlock, true);
const reset = (n: number): Uint8Array => join(request(n), rstStream(2 * n + 1, 8));

function stepping(limits = {}): Bench {
  const bench = runningServer({ limits: { pingStrikes: 1_000, ...limits } });
  bench.givesTurns = false;
  return bench;
}

/** Takes turns until all is handled; returns how many streams each turn began. */
function turns(bench: Bench): number[] {
  const begun: number[] = [];
  const count = (): void => void begun.push(bench.handler.take().filter((line) => line.startsWith("head")).length);
  count();
  while (bench.resuming) {
    bench.takeTurn();
    count();
  }
  return begun;
}

describe("Turn", () => {
  it("handles 256 frames, and the rest in later turns in order", () => {
    const bench = stepping();
    bench.receive(
      headers(1, requestBlock),
      burst(600, (n) => data(1, (n % 5) + 1)),
    );
    expect(bench.handler.take()).toHaveLength(256);
    expect([bench.paused, bench.resuming]).toEqual([true, true]);
    bench.takeTurn();
    expect(bench.handler.take()).toHaveLength(256);
    expect(bench.paused).toBe(true);
    bench.takeTurn();
    expect(bench.handler.lines.map((line) => line.split(" ")[2])).toEqual(
      Array.from({ length: 601 - 512 }, (_, n) => `${((n + 511) % 5) + 1}`),
    );
    expect([bench.paused, bench.resuming]).toEqual([false, false]);
    expect(bench.handler.turns).toBe(4);
  });

  it("opens 64 streams, also when each is reset at once", () => {
    const bench = stepping();
    bench.receive(burst(200, request));
    expect(turns(bench)).toEqual([64, 64, 64, 8]);
    const resetting = stepping();
    resetting.receive(burst(150, reset));
    expect(turns(resetting)).toEqual([64, 64, 22]);
  });

  it("counts what ended it, once for each time", () => {
    const counts = (limits: object, bytes: Uint8Array): number[] => {
      const bench = stepping(limits);
      bench.receive(bytes);
      turns(bench);
      const { limitHits } = bench.counters;
      return [limitHits.turnFrames, limitHits.turnStreams];
    };
    expect(counts({}, burst(256, unknown))).toEqual([0, 0]);
    expect(counts({}, burst(257, unknown))).toEqual([1, 0]);
    expect(counts({ turnFrames: 10 }, burst(35, unknown))).toEqual([3, 0]);
    expect(counts({}, burst(64, request))).toEqual([0, 0]);
    expect(counts({}, burst(65, request))).toEqual([0, 1]);
  });

  it("keeps what comes while it waits behind what waits, a cut frame included", () => {
    const bench = stepping({ turnFrames: 4 });
    const bytes = join(
      headers(1, requestBlock),
      burst(40, (n) => data(1, n + 1)),
    );
    for (let at = 0; at < bytes.length; at += 100) bench.receive(bytes.subarray(at, at + 100));
    turns(bench);
    const whole = runningServer();
    whole.receive(bytes);
    expect(bench.handler.bodies).toEqual(whole.handler.bodies);
  });

  it("ends with the connection: what waits is forgotten", () => {
    const bench = stepping({ turnFrames: 2 });
    bench.handler.react = { onHead: () => bench.connection.close(0, "enough") };
    bench.receive(burst(3, unknown), request(0), request(1));
    bench.takeTurn();
    expect(bench.handler.take()).toEqual([
      "head 1 :method=POST,:scheme=http,:path=/a.B/C end",
      "closed 1 0 connection",
      "connection closed 0 local",
    ]);
    bench.takeTurn();
    expect([bench.paused, bench.resuming]).toEqual([false, false]);
    expect(bench.handler.take()).toEqual([]);
  });
});

describe("unreadReplies", () => {
  it("stops reading a peer that reads no answers, until it does", () => {
    const bench = stepping();
    bench.connection.setHeld(true);
    bench.receive(burst(200, () => ping()));
    expect([bench.paused, bench.resuming]).toEqual([true, false]);
    expect(bench.connection.outputPending).toBe(101 * 17);
    bench.receive(ping());
    expect(bench.connection.outputPending).toBe(101 * 17);
    expect(bench.connection.resume(0)).toBe(false);
    expect(bench.counters.limitHits.unreadReplies).toBeGreaterThan(0);
    bench.connection.setHeld(false);
    expect(bench.frames()).toHaveLength(101);
    expect(bench.resuming).toBe(true);
    bench.takeTurn();
    expect(bench.frames()).toHaveLength(100);
    expect(bench.paused).toBe(false);
  });

  it("handles nothing more even if all input was handled when it was reached", () => {
    const bench = stepping();
    bench.connection.setHeld(true);
    bench.receive(burst(101, () => ping()));
    expect(bench.paused).toBe(false);
    bench.receive(request(0));
    expect(bench.paused).toBe(true);
    expect(bench.handler.take()).toEqual([]);
    bench.connection.setHeld(false);
    bench.output();
    bench.takeTurn();
    expect(bench.handler.take()).toHaveLength(1);
  });

  it("does not stop a peer whose transport takes the answers", () => {
    const bench = stepping();
    bench.receive(burst(200, () => ping()));
    expect(bench.paused).toBe(false);
    expect(bench.frames()).toHaveLength(200);
  });
});
