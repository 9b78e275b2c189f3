// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { longestSlowStart, slowStartWeight } from "./slow-start.js";

describe("slowStartWeight()", () => {
  it.each([
    // weight, age, options, expected
    [100, 0, {}, 10],
    [100, 5_999, {}, 10],
    [100, 6_000, {}, 10],
    [100, 15_000, {}, 25],
    [100, 30_000, {}, 50],
    [100, 59_400, {}, 99],
    [100, 60_000, {}, 100],
    [100, 1_000_000, {}, 100],
    [400, 30_000, {}, 200],
    [1, 30_000, {}, 0.5],
    [100, 30_000, { aggression: 2 }, 100 * Math.SQRT1_2],
    [100, 30_000, { aggression: 0.5 }, 25],
    [100, 15_000, { aggression: 0.5 }, 10],
    [100, 0, { minWeightPercent: 1 }, 1],
    [100, 600, { minWeightPercent: 1 }, 1],
    [100, 0, { minWeightPercent: 100 }, 100],
    [100, -5, {}, 10],
  ])("of %i after %i ms with %j is %d", (weight, ageMs, options, expected) => {
    expect(slowStartWeight(weight, ageMs, { windowMs: 60_000, ...options })).toBeCloseTo(expected, 10);
  });

  it.each([0.25, 0.5, 1, 1.5, 4])("with aggression %d never falls, and stays above 0", (aggression) => {
    let before = 0;
    for (let ageMs = 0; ageMs <= 10_000; ageMs += 100) {
      const weight = slowStartWeight(100, ageMs, { windowMs: 10_000, aggression });
      expect(weight).toBeGreaterThanOrEqual(before);
      expect(weight).toBeGreaterThan(0);
      before = weight;
    }
    expect(before).toBe(100);
  });
});

describe("longestSlowStart()", () => {
  it.each([
    [[], undefined],
    [[undefined, { roundRobin: {} }], undefined],
    [[{ roundRobin: {}, slowStart: { windowMs: 5 } }, undefined], 5],
    [[{ random: {}, slowStart: { windowMs: 5 } }, { random: {}, slowStart: { windowMs: 9 } }, { random: {} }], 9],
    [
      [
        { random: {}, slowStart: { windowMs: 9 } },
        { random: {}, slowStart: { windowMs: 5 } },
      ],
      9,
    ],
  ])("of %j has a window of %s", (balances, windowMs) => {
    expect(longestSlowStart(balances)?.windowMs).toBe(windowMs);
  });
});
