// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { PeakLatency } from "./peak-latency.js";

type Step = readonly ["at", ms: number, expectedMs: number] | readonly ["observe", ms: number, latencyMs: number];

function run(defaultMs: number, decayMs: number, steps: readonly Step[]): void {
  const latency = new PeakLatency(defaultMs, 0);
  for (const [what, ms, value] of steps) {
    if (what === "observe") latency.observe(value, ms, decayMs);
    else expect(latency.at(ms, decayMs), `at ${ms}`).toBeCloseTo(value, 6);
  }
}

describe("PeakLatency", () => {
  it.each<readonly [what: string, defaultMs: number, decayMs: number, steps: readonly Step[]]>([
    // As tower's default_decay: between 9 and 10, then between 8 and 9.
    [
      "comes down from what was assumed",
      10,
      1_000,
      [
        ["at", 0, 10],
        ["at", 100, 9.048374],
        ["at", 200, 8.187308],
      ],
    ],
    // As tower's compound_decay, without the calls in flight: 200 from each answer, below 100 and 0.1 in the end.
    [
      "takes a peak at once and comes down from it",
      20,
      1_000,
      [
        ["at", 0, 20],
        ["observe", 300, 200],
        ["at", 300, 200],
        ["observe", 400, 200],
        ["at", 400, 200],
        ["at", 1_400, 73.575888],
        ["at", 11_400, 0.00334],
      ],
    ],
    [
      "moves towards smaller ones by the time that has passed",
      0,
      10_000,
      [
        ["observe", 0, 100],
        // 100 × e^-1 + 20 × (1 - e^-1)
        ["observe", 10_000, 20],
        ["at", 10_000, 49.430355],
        ["observe", 10_000, 1],
        ["at", 10_000, 49.430355],
        ["observe", 1_000_000, 1],
        ["at", 1_000_000, 1],
      ],
    ],
    [
      "never becomes nothing",
      30,
      1_000,
      [
        ["at", 1e9, 0.001],
        ["observe", 1e9, 0],
        ["at", 1e9, 0.001],
      ],
    ],
    [
      "takes a time before the last one for the same",
      30,
      1_000,
      [
        ["observe", 500, 50],
        ["at", 100, 50],
        ["observe", 100, 10],
        ["at", 100, 50],
      ],
    ],
  ])("%s", (_what, defaultMs, decayMs, steps) => run(defaultMs, decayMs, steps));

  it("does not depend on how often it is read", () => {
    const read = new PeakLatency(100, 0);
    const unread = new PeakLatency(100, 0);
    for (let ms = 0; ms < 5_000; ms++) read.at(ms, 1_000);
    for (const latency of [read, unread]) latency.observe(40, 5_000, 1_000);
    expect(read.at(6_000, 1_000)).toBe(unread.at(6_000, 1_000));
  });
});
