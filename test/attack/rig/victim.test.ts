// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { summarize } from "./victim.ts";

const reportOf = (timesMs: readonly number[], failures: readonly string[] = []) => ({
  calls: timesMs.length + failures.length,
  failures,
  timesMs,
});

test("summarize() takes the calls of all reports as one measurement", () => {
  const fast = reportOf(Array.from({ length: 199 }, () => 1));
  const slow = reportOf([9], ["reset 14"]);
  expect(summarize([slow])).toEqual({ calls: 2, p50Ms: 9, p99Ms: 9, mostMs: 9 });
  expect(summarize([fast, slow])).toEqual({ calls: 201, p50Ms: 1, p99Ms: 1, mostMs: 9 });
});

test("summarize() of a victim without a good call: it has waited for ever", () => {
  const forEver = Number.POSITIVE_INFINITY;
  expect(summarize([reportOf([], ["unanswered"])])).toEqual({
    calls: 1,
    p50Ms: forEver,
    p99Ms: forEver,
    mostMs: forEver,
  });
});
