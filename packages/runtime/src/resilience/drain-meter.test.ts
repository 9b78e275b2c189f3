// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { DrainMeter } from "./drain-meter.js";

describe("DrainMeter", () => {
  it("perSecond() is what left of late, and falls to nothing", () => {
    const meter = new DrainMeter(0);
    for (let atMs = 0; atMs < 3_000; atMs += 10) meter.leave(1, atMs);
    expect(meter.perSecond(3_000)).toBe(100);
    expect(meter.perSecond(3_500)).toBe(50);
    expect(meter.perSecond(4_000)).toBe(0);
    expect(meter.perSecond(90_000)).toBe(0);
  });

  it.each([
    ["nothing leaves", 0, 10, 6_400],
    ["half of it leaves at once", 1_000, 10, 100],
    ["half of it takes 5 s", 1_000, 10_000, 6_400],
    ["half of it takes 0.5 s", 1_000, 1_000, 800],
    ["half of it takes an hour", 1, 7_200, 6_400],
    ["nothing waits", 1, 0, 100],
  ])("pushbackMs() where %s", (_case, left, count, expected) => {
    const meter = new DrainMeter(0);
    meter.leave(left, 0);
    expect(meter.pushbackMs(count, 0, 0)).toBe(expected);
    expect(meter.pushbackMs(count, 0, 0.999)).toBe(expected * 1.75);
  });

  it("pushbackMs() is a whole number of few values, which are remembered as statuses", () => {
    const values = new Set<number>();
    for (let left = 0; left < 200; left++) {
      for (const random of [0, 0.3, 0.6, 0.9]) {
        const meter = new DrainMeter(0);
        meter.leave(left, 0);
        values.add(meter.pushbackMs(1_000, 10, random));
      }
    }
    expect([...values].every(Number.isInteger)).toBe(true);
    expect(values.size).toBeLessThanOrEqual(28);
  });
});
