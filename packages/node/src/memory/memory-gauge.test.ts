// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { COLLECT_INTERVAL_MS, COLLECT_SHARE, MEMORY_SAMPLE_MS } from "../limits.js";
import { createMemoryGauge, type MemoryUse } from "./memory-gauge.js";

/** 60 of these are the process's own. */
const idle: MemoryUse = { residentBytes: 100, heapBytes: 30, heapLimitBytes: 1_000, externalBytes: 10 };

function createGauge(later: Partial<MemoryUse>, { budgetBytes = 200, nowMs = (): number => 5, work = () => {} } = {}) {
  let use = idle;
  let looks = 0;
  let collections = 0;
  const gauge = createMemoryGauge({
    budgetBytes,
    nowMs,
    readUse: () => {
      looks++;
      return use;
    },
    collect: async () => {
      collections++;
      work();
    },
  });
  use = { ...idle, ...later };
  return { gauge, looks: () => looks - 1, collections: () => collections };
}

describe("createMemoryGauge()", () => {
  it.each([
    { what: "an idle process", use: {}, pressure: 0.5 },
    { what: "buffers", use: { externalBytes: 100, residentBytes: 190 }, pressure: 0.95 },
    { what: "objects", use: { heapBytes: 140 }, pressure: 1.05 },
    { what: "objects against the heap's limit", use: { heapBytes: 35, heapLimitBytes: 35 }, pressure: 1 },
    { what: "what an allocator keeps after a peak", use: { residentBytes: 140 }, pressure: 0.5 },
    { what: "resident memory that nothing explains", use: { residentBytes: 240 }, pressure: 1 },
  ])("shows the greatest share: $what", ({ use, pressure }) => {
    expect(createGauge(use).gauge.pressure()).toBeCloseTo(pressure);
  });

  it("looks at most once in MEMORY_SAMPLE_MS", () => {
    let now = 5;
    const { gauge, looks } = createGauge({}, { nowMs: () => now });
    gauge.pressure();
    gauge.pressure();
    expect(looks()).toBe(1);
    now += MEMORY_SAMPLE_MS;
    gauge.pressure();
    expect(looks()).toBe(2);
  });

  it.each([
    { what: "once in COLLECT_INTERVAL_MS", tookMs: 1, againMs: COLLECT_INTERVAL_MS },
    { what: "less often when it takes long", tookMs: 500, againMs: 500 / COLLECT_SHARE },
  ])("has garbage collected when memory is nearly full, $what", async ({ tookMs, againMs }) => {
    let now = 5;
    const full = createGauge(
      { externalBytes: 100 },
      {
        nowMs: () => now,
        work: () => {
          now += tookMs;
        },
      },
    );
    full.gauge.pressure();
    await Promise.resolve();
    now = 5 + againMs - 1;
    full.gauge.pressure();
    expect(full.collections()).toBe(1);
    now += MEMORY_SAMPLE_MS;
    full.gauge.pressure();
    expect(full.collections()).toBe(2);
  });

  it("leaves the garbage to V8 while there is room", () => {
    const { gauge, collections } = createGauge({ externalBytes: 99 });
    gauge.pressure();
    expect(collections()).toBe(0);
  });

  it("reads this process, and can collect its garbage", () => {
    const { rss } = process.memoryUsage();
    expect(createMemoryGauge({ budgetBytes: rss * 2 }).pressure()).toBeGreaterThan(0.05);
    expect(createMemoryGauge({ budgetBytes: rss / 2 }).pressure()).toBeGreaterThan(0.95);
    expect(Reflect.has(globalThis, "gc")).toBe(false);
  });
});
