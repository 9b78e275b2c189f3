// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "./concurrency-limit.js";

function fill(limit: ConcurrencyLimit, most = 10_000): number {
  while (limit.hasRoom && limit.underWay < most) limit.enter();
  return limit.underWay;
}

describe("ConcurrencyLimit", () => {
  it.each([
    ["any number where nothing is said", {}, 10_000],
    ["a fixed number", { maxConcurrent: 7 }, 7],
    ["what is adaptive, at its start", { adaptive: {} }, 4],
    ["the smaller of both: the adaptive one", { maxConcurrent: 7, adaptive: { minLimit: 5 } }, 5],
    ["the smaller of both: the fixed one", { maxConcurrent: 7, adaptive: { minLimit: 8 } }, 7],
  ])("has room for %s", (_case, facts, expected) => {
    const limit = new ConcurrencyLimit(facts);
    expect(fill(limit)).toBe(expected);
    limit.leave();
    expect(limit.hasRoom).toBe(true);
  });

  it("has the adaptive limit while its least latency is measured, and after that", () => {
    const limit = new ConcurrencyLimit({ maxConcurrent: 7, adaptive: {} });
    expect([fill(limit), limit.limit, limit.hasRoom]).toEqual([4, 4, false]);
    for (let sample = 0; sample < 50; sample++) limit.adaptive?.onSample(10, 0, () => 0);
    expect([limit.adaptive?.isMeasuring, limit.limit, limit.hasRoom]).toEqual([false, 4, false]);
    limit.adaptive?.onSample(10, 100, () => 0);
    limit.adaptive?.onSample(10, 200, () => 0);
    expect([fill(limit), limit.limit, limit.hasRoom]).toEqual([7, 7, false]);
  });

  it("has room again for those above a limit that fell, once they are gone", () => {
    const limit = new ConcurrencyLimit({ adaptive: { minLimit: 1 } });
    for (let count = 0; count < 3; count++) limit.enter();
    limit.leave();
    limit.leave();
    expect(limit.hasRoom).toBe(false);
    limit.leave();
    expect(limit.hasRoom).toBe(true);
  });

  it("keeps maxPerInstance for the balancer", () => {
    expect(new ConcurrencyLimit({ maxConcurrentPerInstance: 3 }).maxPerInstance).toBe(3);
    expect(fill(new ConcurrencyLimit({ maxConcurrentPerInstance: 3 }), 50)).toBe(50);
    expect(new ConcurrencyLimit({}).maxPerInstance).toBe(Number.POSITIVE_INFINITY);
  });

  it("is never exceeded by those who ask first", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.boolean()), (maxConcurrent, steps) => {
        const limit = new ConcurrencyLimit({ maxConcurrent });
        for (const enters of steps) {
          if (enters && limit.hasRoom) limit.enter();
          if (!enters && limit.underWay > 0) limit.leave();
          expect(limit.underWay).toBeLessThanOrEqual(maxConcurrent);
          expect(limit.hasRoom).toBe(limit.underWay < maxConcurrent);
        }
      }),
    );
  });
});
