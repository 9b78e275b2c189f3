// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { capacityOf, createFleet } from "./fleet.ts";
import { createTrace, meanWorkMs } from "./trace.ts";

const capacity = capacityOf(createFleet(10, 4));
const trace = createTrace({ seed: 7, calls: 20_000, capacity });
const sum = (values: Float64Array) => values.reduce((one, other) => one + other, 0);

test("createTrace() is exactly what the fleet can do, from the first call to the last", () => {
  expect(sum(trace.workMs) / capacity).toBeCloseTo(trace.arrivalsMs.at(-1) ?? 0, 6);
  expect(trace.arrivalsMs.every((atMs, call) => atMs >= (trace.arrivalsMs[call - 1] ?? 0))).toBe(true);
});

test("createTrace() draws log-normal service times around their mean", () => {
  const sorted = trace.workMs.toSorted();
  expect(sum(trace.workMs) / trace.workMs.length / meanWorkMs).toBeCloseTo(1, 1);
  // exp(2.326 * 0.6): the 99th percentile over the median.
  expect((sorted[19_800] ?? 0) / (sorted[10_000] ?? 1)).toBeCloseTo(4.04, 0);
});

test("createTrace() is burstier than a Poisson process", () => {
  const counts = new Float64Array(Math.floor((trace.arrivalsMs.at(-1) ?? 0) / 1_000));
  for (const atMs of trace.arrivalsMs) counts[Math.floor(atMs / 1_000)] = (counts[Math.floor(atMs / 1_000)] ?? 0) + 1;
  const mean = sum(counts) / counts.length;
  const variance = sum(counts.map((count) => (count - mean) ** 2)) / (counts.length - 1);
  expect(variance / mean).toBeGreaterThan(1.2);
});

test("createTrace() repeats by its seed", () => {
  expect(createTrace({ seed: 7, calls: 20_000, capacity })).toEqual(trace);
  expect(createTrace({ seed: 8, calls: 20_000, capacity }).workMs).not.toEqual(trace.workMs);
});
