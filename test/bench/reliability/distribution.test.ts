// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { distributionOf, medianOf, waitAtAnyTime } from "./distribution.ts";

describe("distributionOf()", () => {
  test("takes percentiles by nearest rank", () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(distributionOf(values)).toEqual({ count: 200, min: 1, p50: 100, p95: 190, p99: 198, max: 200 });
  });
});

describe("medianOf()", () => {
  test.each([
    { values: [3, 1, 2], median: 2 },
    { values: [4, 1, 2, 3], median: 2.5 },
    { values: [], median: Number.NaN },
  ])("of $values is $median", ({ values, median }) => expect(medianOf(values)).toBe(median));
});

describe("waitAtAnyTime()", () => {
  test.each([
    { name: "equal turns", gaps: Array.from({ length: 100 }, () => 10), share: 0.99, wait: 9.9 },
    {
      name: "a stall that takes a tenth of the time",
      gaps: [100, ...Array.from({ length: 900 }, () => 1)],
      share: 0.99,
      wait: 90,
    },
    {
      name: "a stall that takes less than is left out",
      gaps: [5, ...Array.from({ length: 995 }, () => 1)],
      share: 0.99,
      wait: 0.9939,
    },
    { name: "nothing", gaps: [], share: 0.99, wait: 0 },
  ])("counts $name by its length", ({ gaps, share, wait }) => expect(waitAtAnyTime(gaps, share)).toBeCloseTo(wait, 3));
});
