// SPDX-License-Identifier: Apache-2.0
import { capacityOf, createFleet } from "./fleet.ts";
import { idealQueue } from "./ideal-queue.ts";
import { percentile, type RunResult, runTrace, warmUpMs } from "./run-trace.ts";
import { type ComparedStrategy, otherPolicies, resilience, strategies } from "./strategies.ts";
import { createTrace } from "./trace.ts";

/** One strategy at one load, alone and with the policies of `resilience`. */
export interface ComparedRow {
  readonly label: string;
  readonly plain: RunResult;
  readonly resilient: RunResult;
}

/** All strategies at one load. */
export interface LoadComparison {
  /** Share of what the fleet can do. */
  readonly load: number;
  /** What one queue in front of all workers gives. */
  readonly idealP99Ms: number;
  readonly rows: readonly ComparedRow[];
}

/** One strategy at 95 % of load with other policies. */
export interface PolicyRow {
  readonly policies: string;
  readonly label: string;
  readonly result: RunResult;
}

/** Push and pull on one trace, at 95 % of load. */
export interface PullComparison {
  readonly seed: number;
  /** Calls that an instance works on at a time. */
  readonly workers: number;
  readonly idealP99Ms: number;
  readonly pushP99Ms: number;
  readonly pullP99Ms: number;
}

export const seed = 7;
export const loads: readonly number[] = [0.5, 0.8, 0.95];
export const fleetSize = 10;
export const workers = 4;
/** Of the trace that all strategies get: 82 s at full load. */
export const traceCalls = 30_000;

/** Plays one trace at one load through all strategies. */
export function compareStrategies(
  load: number,
  progress: (label: string) => void,
  chosen: readonly ComparedStrategy[] = strategies,
): LoadComparison {
  const fleet = createFleet(fleetSize, workers);
  const trace = createTrace({ seed, calls: traceCalls, capacity: capacityOf(fleet) });
  const rows = chosen.map((strategy) => {
    progress(strategy.label);
    const plain = runTrace({ trace, fleet, strategy, load });
    return {
      label: strategy.label,
      plain,
      resilient: runTrace({ trace, fleet, strategy, load, policies: resilience }),
    };
  });
  const first = trace.arrivalsMs.findIndex((atMs) => atMs / load >= warmUpMs);
  return { load, idealP99Ms: percentile(idealQueue(trace, fleet, load).subarray(first), 0.99), rows };
}

/** Plays the trace at 95 % of load through `least_request` and `pull` with other policies. */
export function comparePolicies(): PolicyRow[] {
  const fleet = createFleet(fleetSize, workers);
  const trace = createTrace({ seed, calls: traceCalls, capacity: capacityOf(fleet) });
  return Object.entries(otherPolicies).flatMap(([name, policies]) =>
    ["least_request", "pull"].map((label) => {
      return {
        policies: name,
        label,
        result: runTrace({ trace, fleet, strategy: findStrategy(label), load: 0.95, policies }),
      };
    }),
  );
}

/** Calls that an instance works on at a time, as far as push and pull are compared. */
export const comparedWorkers: readonly number[] = [1, 2, 4];
export const pullSeeds: readonly number[] = [1, 2, 3, 4, 5];
/** Of a trace for one call at a time: 88 s at full load. A fleet that does twice as much gets twice as many. */
export const pullCalls = 8_000;

/** Plays a trace of its own through `least_request` and `pull`. */
export function comparePull(seed: number, workers: number): PullComparison {
  const load = 0.95;
  const calls = pullCalls * workers;
  const fleet = createFleet(fleetSize, workers);
  const trace = createTrace({ seed, calls, capacity: capacityOf(fleet) });
  const p99Of = (label: string): number => runTrace({ trace, fleet, strategy: findStrategy(label), load }).p99Ms;
  const first = trace.arrivalsMs.findIndex((atMs) => atMs / load >= warmUpMs);
  return {
    seed,
    workers,
    idealP99Ms: percentile(idealQueue(trace, fleet, load).subarray(first), 0.99),
    pushP99Ms: p99Of("least_request"),
    pullP99Ms: p99Of("pull"),
  };
}

/** The strategy of this label. */
export function findStrategy(label: string): ComparedStrategy {
  const strategy = strategies.find((one) => one.label === label);
  if (strategy === undefined) throw new Error(`Cannot compare ${label}: it must be a strategy of the table`);
  return strategy;
}
