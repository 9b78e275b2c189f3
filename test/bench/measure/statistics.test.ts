// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { medianOf, orderOfRound, ratiosOf, spreadOf } from "./statistics.ts";

describe("spreadOf()", () => {
  test.each([
    [[5], { median: 5, low: 5, high: 5, count: 1 }],
    [[3, 1, 2], { median: 2, low: 1.5, high: 2.5, count: 3 }],
    [[4, 1, 3, 2], { median: 2.5, low: 1.75, high: 3.25, count: 4 }],
    [[1, 1, 1, 1, 100], { median: 1, low: 1, high: 1, count: 5 }],
  ])("of %j", (values, expected) => {
    expect(spreadOf(values)).toEqual(expected);
  });

  test("of nothing is NaN", () => {
    expect(spreadOf([])).toEqual({ median: Number.NaN, low: Number.NaN, high: Number.NaN, count: 0 });
  });

  test("leaves its values as they are", () => {
    const values = [3, 1, 2];
    medianOf(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe("ratiosOf()", () => {
  test("pairs values of the same round only", () => {
    expect(ratiosOf([2, undefined, 6, 8], [4, 4, undefined, 2, 9])).toEqual([0.5, 4]);
    expect(ratiosOf([1], [0])).toEqual([]);
  });
});

describe("orderOfRound()", () => {
  test("begins with another peer in every round and leaves none out", () => {
    expect([0, 1, 2, 3].map((round) => orderOfRound(3, round))).toEqual([
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2],
    ]);
  });
});
