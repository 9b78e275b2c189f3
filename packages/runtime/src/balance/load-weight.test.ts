// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { CandidateLoad } from "./balancer.js";
import { createCandidate } from "./balancer.suite.js";
import { LoadWeight, weightOfLoad } from "./load-weight.js";

function createLoad(changes: Partial<CandidateLoad>): CandidateLoad {
  return {
    cpuUtilization: 0,
    memUtilization: 0,
    applicationUtilization: 0,
    rps: 0,
    eps: 0,
    loopDelayUs: 0,
    ...changes,
  };
}

describe("weightOfLoad()", () => {
  it.each([
    ["calls by utilisation", { rps: 10, applicationUtilization: 1 }, 1, 10],
    ["ten times the calls at a tenth of the load", { rps: 10, applicationUtilization: 0.1 }, 1, 100],
    ["twice the calls", { rps: 20, applicationUtilization: 0.1 }, 1, 200],
    ["the processor, if nothing else is said", { rps: 10, cpuUtilization: 0.5 }, 1, 20],
    ["the application before the processor", { rps: 10, applicationUtilization: 0.25, cpuUtilization: 0.5 }, 1, 40],
    ["more than all of the processor", { rps: 10, cpuUtilization: 2 }, 1, 5],
    ["errors as a utilisation", { rps: 10, eps: 10, applicationUtilization: 0.1 }, 0.9, 10],
    ["errors, half of them", { rps: 10, eps: 5, applicationUtilization: 0.5 }, 1, 10],
    ["errors without a penalty", { rps: 10, eps: 10, applicationUtilization: 0.1 }, 0, 100],
    ["no calls", { rps: 0, applicationUtilization: 0.5 }, 1, 0],
    ["no utilisation", { rps: 10, eps: 10 }, 1, 0],
    ["neither memory nor delay", { rps: 10, memUtilization: 0.5, loopDelayUs: 1_000 }, 1, 0],
    ["what is below 0", { rps: -10, applicationUtilization: 0.5 }, 1, 0],
    ["what is no number", { rps: Number.NaN, applicationUtilization: 0.5 }, 1, 0],
    ["what overflows", { rps: 1e300, applicationUtilization: 1e-300 }, 1, 0],
  ])("%s: %j with penalty %d is %d", (_what, load, penalty, weight) => {
    expect(weightOfLoad(createLoad(load), { errorPenalty: penalty })).toBeCloseTo(weight, 9);
  });

  it.each([
    ["the largest of those that it has", ["named_metrics.queue", "utilization.disk", "named_metrics.none"], 0.8],
    ["a field of the report", ["mem_utilization"], 0.4],
    ["the processor, if it has none of them", ["named_metrics.none"], 0.2],
    ["the processor, if none are named", [], 0.2],
  ])("goes by the metrics that are named: %s", (_what, metricNames, utilization) => {
    const named = new Map([
      ["named_metrics.queue", 0.5],
      ["utilization.disk", 0.8],
    ]);
    const load = createLoad({ rps: 10, cpuUtilization: 0.2, memUtilization: 0.4, named });
    expect(weightOfLoad(load, { errorPenalty: 1, metricNames })).toBeCloseTo(10 / utilization, 9);
    const limited = { ...load, applicationUtilization: 0.1 };
    expect(weightOfLoad(limited, { errorPenalty: 1, metricNames })).toBeCloseTo(100, 9);
  });
});

describe("LoadWeight", () => {
  const options = { blackoutMs: 10_000, expiryMs: 180_000, errorPenalty: 1 };
  const good = createLoad({ rps: 10, applicationUtilization: 0.1 });
  const empty = createLoad({ rps: 0 });

  /** Asks at each time, with reports coming at others. */
  function run(
    steps: readonly (readonly ["report", number, CandidateLoad] | readonly ["ask", number, number])[],
  ): void {
    const candidate = createCandidate("i", { registeredMs: 1_000 });
    const reported = new LoadWeight();
    for (const [what, ms, value] of steps) {
      if (what === "report") Object.assign(candidate, { load: value, loadMs: ms });
      else expect(reported.at(ms, candidate, options), `at ${ms}`).toBe(value);
    }
  }

  it("counts for nothing before the first report", () => {
    run([
      ["ask", 1_000, 0],
      ["ask", 500_000, 0],
    ]);
  });

  it("counts from the end of the blackout on, which begins with the first report that says something", () => {
    run([
      ["report", 2_000, empty],
      ["ask", 2_000, 0],
      ["report", 5_000, good],
      ["ask", 5_000, 0],
      ["report", 14_000, good],
      ["ask", 14_999, 0],
      ["ask", 15_000, 100],
    ]);
  });

  it("takes a later report at once, and keeps the last one over an empty one", () => {
    run([
      ["report", 2_000, good],
      ["ask", 2_000, 0],
      ["ask", 12_000, 100],
      ["report", 13_000, createLoad({ rps: 10, applicationUtilization: 1 })],
      ["ask", 13_000, 10],
      ["report", 14_000, empty],
      ["ask", 14_000, 10],
      ["ask", 192_999, 10],
      ["ask", 193_000, 0],
    ]);
  });

  it("begins a new blackout after reports have expired", () => {
    run([
      ["report", 2_000, good],
      ["ask", 2_000, 0],
      ["ask", 12_000, 100],
      ["ask", 182_000, 0],
      ["report", 190_000, good],
      ["ask", 190_000, 0],
      ["ask", 199_999, 0],
      ["ask", 200_000, 100],
    ]);
  });

  it("begins a new blackout after a time that nobody looked at, as long as an expiry", () => {
    run([
      ["report", 2_000, good],
      ["ask", 12_000, 100],
      ["report", 182_000, good],
      ["ask", 182_001, 0],
      ["ask", 192_000, 100],
    ]);
  });

  it("counts the blackout from the registration on, if reports are older", () => {
    const reported = new LoadWeight();
    const candidate = createCandidate("i", { registeredMs: 50_000, load: good, loadMs: 45_000 });
    expect(reported.at(59_999, candidate, options)).toBe(0);
    expect(reported.at(60_000, candidate, options)).toBe(100);
  });

  it("has no blackout of 0 ms", () => {
    const candidate = createCandidate("i", { registeredMs: 1_000, load: good, loadMs: 1_000 });
    expect(new LoadWeight().at(1_000, candidate, { ...options, blackoutMs: 0 })).toBe(100);
  });
});
