// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { microsBetween } from "./process-cpu.ts";

const times = (ticks: number, threads: Record<string, number>) => ({
  ticks,
  threads: new Map(Object.entries(threads)),
});

describe("microsBetween()", () => {
  test.each([
    // Ticks of 10 ms would make 20,000 of it.
    ["threads that live on", times(10, { 1: 5_000_000, 2: 1_000 }), times(12, { 1: 9_000_000, 2: 3_000 }), 4_002],
    ["a thread that is new", times(10, { 1: 5_000_000 }), times(10, { 1: 5_500_000, 2: 250_000 }), 750],
    ["a thread that has ended", times(10, { 1: 5_000_000, 2: 1_000 }), times(12, { 1: 9_000_000 }), 20_000],
    ["all since the start", undefined, times(2, { 1: 9_000_000 }), 20_000],
  ])("of %s", (_, before, after, micros) => {
    expect(microsBetween(before, after)).toBe(micros);
  });
});
