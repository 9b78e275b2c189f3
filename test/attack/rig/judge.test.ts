// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isBack, isServedWell, isVictimServedWell } from "./judge.ts";
import { percentile } from "./percentile.ts";

const mib = 1024 * 1024;
const memory = (resident: number, retained?: number) => ({
  residentBytes: resident * mib,
  retainedBytes: retained === undefined ? undefined : retained * mib,
});

describe("percentile()", () => {
  test.each([
    { sorted: [1], percent: 99, value: 1 },
    { sorted: [1, 2, 3, 4], percent: 50, value: 2 },
    { sorted: Array.from({ length: 100 }, (_, index) => index + 1), percent: 99, value: 99 },
    { sorted: Array.from({ length: 200 }, (_, index) => index + 1), percent: 99, value: 198 },
    { sorted: [], percent: 50, value: Number.NaN },
  ])("of $sorted.length values, $percent %: $value", ({ sorted, percent, value }) => {
    expect(percentile(sorted, percent)).toBe(value);
  });
});

describe("isServedWell()", () => {
  test.each([
    { baselineMs: 0.5, attackMs: 1.9, holds: true },
    { baselineMs: 0.5, attackMs: 2.1, holds: false },
    { baselineMs: 3, attackMs: 6, holds: true },
    { baselineMs: 3, attackMs: 6.1, holds: false },
    { baselineMs: 3, attackMs: Number.NaN, holds: false },
  ])("$baselineMs ms before, $attackMs ms under attack: $holds", ({ baselineMs, attackMs, holds }) => {
    expect(isServedWell(baselineMs, attackMs)).toBe(holds);
  });
});

describe("isVictimServedWell()", () => {
  const p99 = (p99Ms: number) => ({ calls: 300, p50Ms: 0.3, p99Ms, mostMs: 20 });
  test.each([
    { baselineMs: 2, bystanderMs: undefined, attackMs: 5, holds: false },
    { baselineMs: 2, bystanderMs: 5, attackMs: 5.5, holds: true },
    { baselineMs: 2, bystanderMs: 2.2, attackMs: 5, holds: false },
    { baselineMs: 3, bystanderMs: 1, attackMs: 6, holds: true },
  ])(
    "$baselineMs before, bystander $bystanderMs, attacked $attackMs ms: $holds",
    ({ baselineMs, bystanderMs, attackMs, holds }) => {
      const bystander = bystanderMs === undefined ? undefined : p99(bystanderMs);
      expect(isVictimServedWell({ baseline: p99(baselineMs), attacked: p99(attackMs), bystander })).toBe(holds);
    },
  );
});

describe("isBack()", () => {
  test.each([
    { before: memory(100, 20), now: memory(128, 21), holds: true },
    { before: memory(100, 20), now: memory(130, 21), holds: false },
    { before: memory(100, 20), now: memory(100, 23), holds: false },
    { before: memory(100), now: memory(128), holds: true },
  ])("$before.residentBytes to $now.residentBytes: $holds", ({ before, now, holds }) => {
    expect(isBack(before, now)).toBe(holds);
  });
});
