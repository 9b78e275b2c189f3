// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.js";

function histogramOf(samplesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of samplesMs) histogram.add(ms);
  return histogram;
}

describe("LatencyHistogram", () => {
  it.each([
    ["no samples", [], 90, 0],
    ["one", [7.3], 90, 7.3],
    ["equal ones", [10, 10, 10, 10], 50, 10],
    ["nothing at all", [0, 0], 90, 0],
    ["the ninth of ten", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9],
    ["all of them", [1, 2, 3], 100, 3],
    ["hardly any", [1, 2, 3], 0.001, 1],
    ["36 minutes and more", [1e9], 90, 2_147_483.647],
    ["time that steps back", [-5], 90, 0],
  ])("percentileMs() of %s", (_case, samples, percent, expected) => {
    const found = histogramOf(samples).percentileMs(percent);
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(expected * 0.032);
  });

  it("is exact where all times are equal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 100 }), (us, percent) => {
        expect(histogramOf([us / 1000, us / 1000, us / 1000]).percentileMs(percent)).toBe(us / 1000);
      }),
    );
  });

  it("is within 3.2 % of the sorted list's", () => {
    const us = fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(2 ** 31 - 1));
    const samples = fc.array(us, { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(samples, fc.double({ min: 0.1, max: 100, noNaN: true }), (list, percent) => {
        const exactUs = list.toSorted((a, b) => a - b)[Math.ceil((list.length * percent) / 100) - 1] ?? Number.NaN;
        const foundUs = histogramOf(list.map((each) => each / 1000)).percentileMs(percent) * 1000;
        expect(Math.abs(foundUs - exactUs)).toBeLessThanOrEqual(Math.max(1, exactUs * 0.032));
      }),
    );
  });

  it("clear() forgets all", () => {
    const histogram = histogramOf([5, 1_000]);
    histogram.clear();
    expect(histogram.count).toBe(0);
    histogram.add(20);
    expect(histogram.percentileMs(50)).toBe(20);
    expect(histogram.count).toBe(1);
  });
});
