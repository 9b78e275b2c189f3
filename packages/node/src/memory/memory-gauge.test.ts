// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { MEMORY_SAMPLE_MS } from "../limits.js";
import { createMemoryGauge, type MemoryUse } from "./memory-gauge.js";

const idle: MemoryUse = { residentBytes: 100, heapUsedBytes: 10, heapFreeBytes: 0, heapLimitBytes: 1_000 };

describe("createMemoryGauge()", () => {
  it.each([
    { what: "resident memory", use: { residentBytes: 190 }, pressure: 0.95 },
    {
      what: "resident memory without what the heap keeps free",
      use: { residentBytes: 190, heapFreeBytes: 90 },
      pressure: 0.5,
    },
    { what: "objects against the heap's limit", use: { heapUsedBytes: 990 }, pressure: 0.99 },
    { what: "more than all", use: { residentBytes: 400 }, pressure: 2 },
  ])("takes the greater share: $what", ({ use, pressure }) => {
    const gauge = createMemoryGauge({ budgetBytes: 200, readUse: () => ({ ...idle, ...use }) });
    expect(gauge.pressure()).toBe(pressure);
  });

  it("looks at most once in MEMORY_SAMPLE_MS", () => {
    let now = 5;
    let looks = 0;
    const readUse = () => ({ ...idle, residentBytes: 100 * ++looks });
    const gauge = createMemoryGauge({ budgetBytes: 100, readUse, nowMs: () => now });
    expect([gauge.pressure(), gauge.pressure()]).toEqual([1, 1]);
    now += MEMORY_SAMPLE_MS;
    expect([gauge.pressure(), gauge.pressure()]).toEqual([2, 2]);
  });

  it("reads this process", () => {
    const share = createMemoryGauge({ budgetBytes: process.memoryUsage.rss() * 2 }).pressure();
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.95);
  });
});
