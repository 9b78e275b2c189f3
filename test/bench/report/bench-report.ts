// SPDX-License-Identifier: Apache-2.0
import type { Histogram } from "../measure/histogram.ts";

/** Everything that a run has measured: what is kept as JSON, and what tables and plots are made from. */
export interface BenchReport {
  readonly version: 1;
  readonly form: "whole" | "quick";
  /** Day of the run. */
  readonly date: string;
  /** Commit of the project, short. */
  readonly commit: string;
  readonly machine: Machine;
  /** What was measured, by peer; of those that could not be, why. */
  readonly peers: Readonly<Record<string, string>>;
  readonly cases: readonly CaseResult[];
}

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Measured processes had a processor for themselves, as far as this bench goes. */
  readonly pinned: boolean;
}

export type CaseResult =
  | CpuResult
  | InstructionsResult
  | LatencyResult
  | MemoryResult
  | GarbageResult
  | ProfileResult
  | CrossCheckResult;

/** CPU of measured processes, several peers in alternation. */
export interface CpuResult {
  readonly kind: "cpu";
  readonly id: string;
  readonly series: readonly CpuSeries[];
}

export interface CpuSeries {
  readonly label: string;
  /** One a round. */
  readonly samples: readonly CpuSample[];
}

/** One load on one peer. */
export interface CpuSample {
  /** User and system time of the measured processes per call, or per message of a stream. */
  readonly microsPerUnit: number;
  /** Calls, or messages, in a second. */
  readonly perSecond: number;
  /** Share of the time for which the measured processes could not have their processor; undefined where nobody knows. */
  readonly starvedShare: number | undefined;
}

/** Instructions of measured processes outside the kernel. */
export interface InstructionsResult {
  readonly kind: "instructions";
  readonly id: string;
  readonly series: readonly InstructionsSeries[];
}

export interface InstructionsSeries {
  readonly label: string;
  /** One a process. */
  readonly perCall: readonly number[];
}

/** Latencies of an open loop. */
export interface LatencyResult {
  readonly kind: "latency";
  readonly id: string;
  readonly series: readonly LatencySeries[];
}

export interface LatencySeries {
  readonly label: string;
  /** Calls a second in the closed loop, its median. */
  readonly peakPerSecond: number;
  readonly points: readonly LatencyPoint[];
}

export interface LatencyPoint {
  /** Share of the peak at which calls began. */
  readonly share: number;
  readonly rate: number;
  /** One of each round; in nanoseconds from the time at which a call should have begun. */
  readonly rounds: readonly Histogram[];
  /** The same without any hop, at the same rate, round by round. */
  readonly direct: readonly Histogram[];
}

/** Resident memory of one process per thing that it holds. */
export interface MemoryResult {
  readonly kind: "memory";
  readonly id: string;
  readonly series: readonly MemorySeries[];
}

export interface MemorySeries {
  readonly label: string;
  /** Things that were held. */
  readonly count: number;
  /** Growth of resident memory for one of them, in bytes. */
  readonly residentBytes: number;
  /** Growth of what is in use after a garbage collection, where a process can tell. */
  readonly retainedBytes?: number;
}

/** What calls leave for the garbage collector. */
export interface GarbageResult {
  readonly kind: "garbage";
  readonly id: string;
  readonly calls: number;
  /** Allocated on the heap for one call, round by round. */
  readonly bytesPerCall: readonly number[];
  readonly pauses: { readonly collections: number; readonly pausedMs: number; readonly longestMs: number };
}

/** Where the time of the router goes. */
export interface ProfileResult {
  readonly kind: "profile";
  readonly id: string;
  /** Shares of the process's time by stage, the greatest first. */
  readonly stages: readonly { readonly stage: string; readonly share: number }[];
  readonly functions: readonly { readonly name: string; readonly place: string; readonly share: number }[];
  /** The profile's file. */
  readonly file: string;
}

/** The same rate by two load programs. */
export interface CrossCheckResult {
  readonly kind: "cross-check";
  readonly id: string;
  readonly rate: number;
  /** In nanoseconds. */
  readonly ours: Histogram;
  /** ghz counts from the moment at which it sends; corrected for the calls that it held back. */
  readonly ghz: Histogram;
}

/** The case of this name, if it was measured. */
export function findCase<Kind extends CaseResult["kind"]>(
  report: BenchReport,
  kind: Kind,
  id: string,
): Extract<CaseResult, { readonly kind: Kind }> | undefined {
  return report.cases.find(
    (one): one is Extract<CaseResult, { readonly kind: Kind }> => one.kind === kind && one.id === id,
  );
}
