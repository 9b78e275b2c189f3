// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { successRateThreshold } from "./success-rate-threshold.js";

describe("successRateThreshold()", () => {
  it.each([
    ["Envoy's worked figures: mean 90, deviation 20", [0.5, 1, 1, 1, 1], 1_900, 0.52],
    ["no distance: the mean", [0.5, 1, 1, 1, 1], 0, 0.9],
    ["two thirds apart", [0.2, 0.8], 1_000, 0.2],
    ["an instance that always fails among nine that never do", [0, 1, 1, 1, 1, 1, 1, 1, 1, 1], 1_900, 0.33],
    ["one of five that always fails", [0, 1, 1, 1, 1], 1_900, 0.04],
    ["two of five that always fail: nobody is below", [0, 0, 1, 1, 1], 1_900, 0.6 - 1.9 * Math.sqrt(0.24)],
  ])("%s", (_case, rates, factor, expected) => {
    expect(successRateThreshold(rates, factor)).toBeCloseTo(expected, 8);
  });

  it("takes no instance for an outlier where all are alike, whatever the rounding", () => {
    const counts = fc.record({ successes: fc.nat(1_000), failures: fc.integer({ min: 1, max: 1_000 }) });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 100 }), fc.nat(3_000), ({ successes, failures }, hosts, factor) => {
        const rate = successes / (successes + failures);
        expect(rate).toBeGreaterThan(successRateThreshold(new Array<number>(hosts).fill(rate), factor));
      }),
    );
  });
});
