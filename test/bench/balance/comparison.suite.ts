// SPDX-License-Identifier: Apache-2.0
import type { LoadComparison } from "./compare.ts";
import type { RunResult } from "./run-trace.ts";

/** Results of a run, good ones where nothing is said. */
export function resultOf(result: Partial<RunResult> = {}): RunResult {
  return {
    calls: 1_000,
    p50Ms: 100,
    p99Ms: 1_000,
    waitP99Ms: 500,
    errors: new Map(),
    errorShare: 0,
    retryShare: 0.01,
    attemptShares: new Map([["slow", 0.025]]),
    opened: 3,
    circuitOpen: 0,
    ...result,
  };
}

/** One strategy at one load. */
export function comparisonOf(load: number, label: string, resilient: Partial<RunResult> = {}): LoadComparison {
  return { load, idealP99Ms: 600, rows: [{ label, plain: resultOf(), resilient: resultOf(resilient) }] };
}
