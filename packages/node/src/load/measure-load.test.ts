// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { LOOP_DELAY_STEP_MS } from "../limits.js";
import { measureLoad } from "./measure-load.js";

/** A process whose use and delays a test holds in its hands. */
function create(cores = 4) {
  const process = { nowMs: 1_000, cpuMs: 500, residentBytes: 0, lateUs: 0, resets: 0, isOn: false };
  const load = measureLoad({
    nowMs: () => process.nowMs,
    readUse: () => process,
    cores,
    memoryBytes: 1_000,
    delays: {
      enable: () => (process.isOn = true),
      disable: () => {
        process.isOn = false;
        return true;
      },
      percentile: (share) => (share === 99 ? (LOOP_DELAY_STEP_MS * 1_000 + process.lateUs) * 1_000 : Number.NaN),
      reset: () => process.resets++,
    },
  });
  return Object.assign(process, { load });
}

describe("measureLoad()", () => {
  it("tells the share of all cores since the sample before", () => {
    const process = create();
    process.nowMs += 10_000;
    process.cpuMs += 20_000;
    expect(process.load.sample().cpuUtilization).toBe(0.5);
    process.nowMs += 1_000;
    process.cpuMs += 400;
    expect(process.load.sample().cpuUtilization).toBe(0.1);
  });

  it("tells nothing of a span of no time", () => {
    const process = create();
    process.cpuMs += 400;
    expect(process.load.sample().cpuUtilization).toBe(0);
  });

  it("tells the share of memory", () => {
    const process = create();
    process.residentBytes = 250;
    expect(process.load.sample().memUtilization).toBe(0.25);
  });

  it.each([
    [0, 0],
    [1_234.4, 1_234],
    [-3_000, 0],
    [1e12, 2 ** 32 - 1],
  ])("tells timers that are %d µs late as %d", (lateUs, expected) => {
    const process = create();
    process.lateUs = lateUs;
    expect(process.load.sample().loopDelayUs).toBe(expected);
    expect(process.resets).toBe(1);
  });

  it("looks at timers until it is stopped", () => {
    const process = create();
    expect(process.isOn).toBe(true);
    process.load.stop();
    expect(process.isOn).toBe(false);
  });

  it("measures this process", async () => {
    const load = measureLoad();
    const untilMs = performance.now() + 300;
    await new Promise((resolve) => setTimeout(resolve, 2 * LOOP_DELAY_STEP_MS));
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 2 * LOOP_DELAY_STEP_MS));
    const { cpuUtilization, memUtilization, loopDelayUs } = load.sample();
    load.stop();
    expect(cpuUtilization).toBeGreaterThan(0);
    expect(memUtilization).toBeGreaterThan(0);
    expect(memUtilization).toBeLessThan(1);
    expect(loopDelayUs).toBeGreaterThan(50_000);
  });
});
