// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { correctForOmission, countOf, type Histogram, mergeHistograms, percentileOf } from "./histogram.ts";

const hundred: Histogram = [
  [10, 50],
  [20, 40],
  [30, 9],
  [1_000, 1],
];

describe("mergeHistograms()", () => {
  test("adds up counts of equal buckets and keeps them in order", () => {
    expect(
      mergeHistograms([
        [[5, 1]],
        [
          [2, 1],
          [5, 2],
        ],
        [],
      ]),
    ).toEqual([
      [2, 1],
      [5, 3],
    ]);
  });
});

describe("percentileOf()", () => {
  test.each([
    [0, 10],
    [50, 10],
    [50.1, 20],
    [90, 20],
    [99, 30],
    [99.1, 1_000],
    [100, 1_000],
  ])("%d %% of a hundred values are at most %d", (percent, value) => {
    expect(percentileOf(hundred, percent)).toBe(value);
  });

  test("is NaN of none", () => {
    expect(percentileOf([], 50)).toBeNaN();
  });
});

describe("correctForOmission()", () => {
  test("adds the calls that a stall has kept from beginning", () => {
    const corrected = correctForOmission(hundred, 100);
    // 1,000 long, asked for every 100: nine more, of 900, 800, … 100.
    expect(countOf(corrected)).toBe(109);
    expect(corrected.slice(3, 5)).toEqual([
      [100, 1],
      [200, 1],
    ]);
    expect(percentileOf(corrected, 99)).toBe(900);
  });

  test("leaves values below the interval as they are", () => {
    expect(correctForOmission([[10, 5]], 100)).toEqual([[10, 5]]);
  });

  test.each([0, -1, Number.NaN])("refuses the interval %d", (interval) => {
    expect(() => correctForOmission(hundred, interval)).toThrow("interval must be above 0");
  });
});
