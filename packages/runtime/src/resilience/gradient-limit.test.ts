// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GradientLimit } from "./gradient-limit.js";

const first = () => 0;

/** A limit whose least latency was measured to be `minRttMs` at time 0. */
function measured(minRttMs: number, facts: ConstructorParameters<typeof GradientLimit>[0] = {}): GradientLimit {
  const limit = new GradientLimit(facts);
  for (let sample = 0; sample < 50; sample++) limit.onSample(minRttMs, 0, first);
  expect(limit.isMeasuring).toBe(false);
  return limit;
}

/** Limits after windows with these latencies, one sample in each; the windows follow that of time 0. */
function limitsOf(limit: GradientLimit, latencies: readonly number[]): number[] {
  let nowMs = 0;
  // A window is judged with the first sample of the next.
  return [...latencies, latencies.at(-1) ?? 0]
    .map((latencyMs) => {
      nowMs += 100;
      limit.onSample(latencyMs, nowMs, first);
      return limit.limit;
    })
    .slice(1);
}

describe("GradientLimit", () => {
  it.each([
    // 4 * 1.25 + sqrt(5) = 7.2; 7 * 1.25 + sqrt(8.75) = 11.7; …
    ["grows by buffer and headroom while nothing is slow", [10, 10, 10, 10], [7, 11, 17, 25]],
    // 4 * 2 + sqrt(8) = 10.8; 10 * 2 + sqrt(20) = 24.5; …
    ["doubles at most, but for the headroom", [1, 1, 1], [10, 24, 54]],
    // 7 * 0.5 + sqrt(3.5) = 5.4; 5 * 0.5 + sqrt(2.5) = 4.1; …
    ["is halved at most, and not below minLimit", [10, 1_000, 1_000, 1_000], [7, 5, 4, 4]],
    // gradient 0.625: 7 * 0.625 + sqrt(4.375) = 6.5
    ["follows the gradient in between", [10, 20], [7, 6]],
  ])("%s", (_case, latencies, expected) => {
    expect(limitsOf(measured(10), latencies)).toEqual(expected);
  });

  it.each([
    ["maxLimit", { maxLimit: 12 }, [7, 11, 12, 12]],
    ["minLimit", { minLimit: 100 }, [136, 183, 243, 321]],
    ["bufferPercent", { bufferPercent: 0 }, [6, 8, 10, 13]],
  ])("has a %s", (_case, facts, expected) => {
    expect(limitsOf(measured(10, facts), [10, 10, 10, 10])).toEqual(expected);
  });

  it("goes by the percentile: nine fast calls of ten at p90, and one slow one", () => {
    const run = (percentile: number) => {
      const limit = measured(10, { percentile });
      for (let sample = 0; sample < 9; sample++) limit.onSample(10, 50, first);
      limit.onSample(100, 50, first);
      limit.onSample(10, 100, first);
      return limit.limit;
    };
    expect(run(50)).toBe(7);
    expect(run(90)).toBe(7);
    expect(run(91)).toBe(4);
  });

  it("judges a window by its own samples, and not at all without any", () => {
    const limit = measured(10);
    limit.onSample(1_000, 1_000, first);
    expect(limit.limit).toBe(4);
    limit.onSample(10, 1_100, first);
    expect(limit.limit).toBe(4);
    limit.onSample(10, 50_000, first);
    expect(limit.limit).toBe(7);
  });
});

describe("GradientLimit measuring the least latency", () => {
  it("starts with it: minLimit may go", () => {
    const limit = new GradientLimit({});
    expect([limit.isMeasuring, limit.limit]).toEqual([true, 4]);
    for (let sample = 0; sample < 49; sample++) limit.onSample(5, 10, first);
    expect(limit.isMeasuring).toBe(true);
    limit.onSample(5, 10, first);
    expect([limit.isMeasuring, limit.limit, limit.minRttMs]).toEqual([false, 4, 5]);
  });

  it("takes ten samples of slow calls, ten windows after the first", () => {
    const limit = new GradientLimit({});
    for (let sample = 0; sample < 20; sample++) limit.onSample(500, 2_000, first);
    expect(limit.isMeasuring).toBe(true);
    limit.onSample(500, 2_999, first);
    expect(limit.isMeasuring).toBe(true);
    limit.onSample(500, 3_000, first);
    expect([limit.isMeasuring, limit.minRttMs]).toEqual([false, 500]);

    const few = new GradientLimit({});
    for (let sample = 0; sample < 9; sample++) few.onSample(500, sample * 10_000, first);
    expect(few.isMeasuring).toBe(true);
    few.onSample(500, 90_000, first);
    expect(few.isMeasuring).toBe(false);
  });

  it.each([
    [0, 60_000],
    [0.5, 63_000],
    [0.999, 65_994],
  ])("comes again after 60 s and up to 10 % more: a random of %d makes %i ms", (random, expectedMs) => {
    const limit = new GradientLimit({});
    for (let sample = 0; sample < 50; sample++) limit.onSample(10, 0, () => random);
    limit.onSample(10, expectedMs - 0.5, first);
    expect(limit.isMeasuring).toBe(false);
    limit.onSample(10, expectedMs + 0.5, first);
    expect(limit.isMeasuring).toBe(true);
  });

  it("holds the limit down to minLimit, then goes on where it was", () => {
    const limit = measured(10);
    const before = limitsOf(limit, [10, 10, 10, 10]).at(-1);
    limit.onSample(10, 60_000, first);
    expect([limit.isMeasuring, limit.limit]).toEqual([true, 4]);
    for (let sample = 0; sample < 50; sample++) limit.onSample(8, 60_100, first);
    expect([limit.isMeasuring, limit.limit, limit.minRttMs]).toEqual([false, before, 8]);
  });

  it("passes over calls that started before it", () => {
    const limit = measured(10);
    limit.onSample(10, 60_000, first);
    for (let sample = 0; sample < 100; sample++) limit.onSample(101, 60_100, first);
    expect(limit.isMeasuring).toBe(true);
    for (let sample = 0; sample < 50; sample++) limit.onSample(100, 60_100, first);
    expect([limit.isMeasuring, limit.minRttMs]).toEqual([false, 100]);
  });

  it("comes early when the limit stays at its smallest: what was measured must be wrong", () => {
    const limit = measured(1);
    expect(limitsOf(limit, [50, 50, 50, 50, 50])).toEqual([4, 4, 4, 4, 4]);
    expect(limit.isMeasuring).toBe(false);
    limit.onSample(50, 700, first);
    expect(limit.isMeasuring).toBe(true);
    for (let sample = 0; sample < 50; sample++) limit.onSample(50, 800, first);
    expect(limit.minRttMs).toBe(50);
  });

  it("does not come early when the limit only passes its smallest", () => {
    const limit = measured(10, { maxLimit: 5 });
    expect(limitsOf(limit, [10, 1_000, 10, 1_000, 10, 1_000, 10, 1_000])).toEqual([5, 4, 5, 4, 5, 4, 5, 4]);
    expect(limit.isMeasuring).toBe(false);
  });

  it("takes latencies that the clock cannot tell from nothing", () => {
    expect(limitsOf(measured(0), [0, 0])).toEqual([7, 11]);
  });
});

describe("GradientLimit in use", () => {
  /**
   * A service that works on `capacity` calls at a time, 10 ms each; the others wait in it. So many callers call one after
   * the other. Answers the mean limit of the last third.
   */
  function run(capacity: number, callers: number, seed: number): number {
    const { random } = createSeededRandom(seed);
    const limit = new GradientLimit({});
    const limits: number[] = [];
    /** Calls under way, by when they end, and when they started. */
    let open: { readonly startMs: number; readonly endMs: number }[] = [];
    for (let nowMs = 0; nowMs < 30_000; nowMs++) {
      for (const { startMs } of open.filter(({ endMs }) => endMs <= nowMs)) {
        limit.onSample(nowMs - startMs, nowMs, random);
      }
      open = open.filter(({ endMs }) => endMs > nowMs);
      while (open.length < Math.min(limit.limit, callers)) {
        const waits = Math.max(0, Math.ceil((open.length + 1 - capacity) / capacity));
        open.push({ startMs: nowMs, endMs: nowMs + 10 * (1 + waits) + random() * 2 });
      }
      if (nowMs >= 20_000 && !limit.isMeasuring) limits.push(limit.limit);
    }
    return limits.reduce((sum, each) => sum + each, 0) / limits.length;
  }

  it("finds about what an overloaded service can do at once, and leaves one with room alone", () => {
    const seed = 5;
    const overloaded = run(20, 500, seed);
    expect(overloaded, `seed ${seed}`).toBeGreaterThan(15);
    expect(overloaded, `seed ${seed}`).toBeLessThan(45);
    expect(run(20, 10, seed), `seed ${seed}`).toBe(1_000);
  });

  it("stays within minLimit and maxLimit, at minLimit while measuring, and goes on where it was, for any samples", () => {
    const sample = fc.record({
      afterMs: fc.nat(200),
      latencyMs: fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 1e7, noNaN: true })),
      times: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 200 }), (samples) => {
        const limit = new GradientLimit({ minLimit: 3, maxLimit: 50, minRttIntervalMs: 2_000 });
        let nowMs = 0;
        let before = limit.limit;
        for (const { afterMs, latencyMs, times } of samples) {
          nowMs += afterMs;
          for (let count = 0; count < times; count++) {
            const wasMeasuring = limit.isMeasuring;
            if (!wasMeasuring) before = limit.limit;
            limit.onSample(latencyMs, nowMs, first);
            if (wasMeasuring && !limit.isMeasuring) expect(limit.limit).toBe(before);
          }
          expect(limit.limit).toBeGreaterThanOrEqual(3);
          expect(limit.limit).toBeLessThanOrEqual(50);
          expect(Number.isInteger(limit.limit)).toBe(true);
          if (limit.isMeasuring) expect(limit.limit).toBe(3);
        }
      }),
    );
  });
});
