// SPDX-License-Identifier: Apache-2.0

import { availableParallelism } from "node:os";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { LoadMeasurement, LoadSample } from "@grpc-router/bridge";
import { LOOP_DELAY_STEP_MS } from "../limits.js";
import { memoryLimit } from "../memory/memory-budget.js";

/** What a process has used so far, and what it may use. */
export interface ProcessUse {
  /** Milliseconds of CPU time of all threads since the start. */
  readonly cpuMs: number;
  /** Octets of memory that are resident. */
  readonly residentBytes: number;
}

/** How load is measured. */
export interface MeasureLoadOptions {
  /** Default: this process. */
  readonly readUse?: () => ProcessUse;
  /** Cores that the process may use. Default: as the system says, its container's quota included, as whole cores. */
  readonly cores?: number;
  /** Octets of memory that the process may use. Default: its container's, else the machine's. */
  readonly memoryBytes?: number;
  /** Milliseconds, monotonic. Default `performance.now`. */
  readonly nowMs?: () => number;
  /** How late timers run, a histogram in nanoseconds. Default: Node's, which looks every `LOOP_DELAY_STEP_MS`. */
  readonly delays?: Pick<IntervalHistogram, "enable" | "disable" | "percentile" | "reset">;
}

const NS_PER_US = 1_000;

/** Begins to measure what this process uses (`BridgePorts.measureLoad`). */
export function measureLoad(options: MeasureLoadOptions = {}): LoadMeasurement {
  const {
    readUse = readProcess,
    cores = availableParallelism(),
    memoryBytes = memoryLimit(),
    nowMs = () => performance.now(),
    delays = monitorEventLoopDelay({ resolution: LOOP_DELAY_STEP_MS }),
  } = options;
  let sinceMs = nowMs();
  let { cpuMs } = readUse();
  delays.enable();
  return {
    sample(): LoadSample {
      const now = nowMs();
      const use = readUse();
      const cpuUtilization = now > sinceMs ? (use.cpuMs - cpuMs) / (now - sinceMs) / cores : 0;
      sinceMs = now;
      cpuMs = use.cpuMs;
      // What is recorded is the time between two looks, and on time is after one step.
      const lateUs = delays.percentile(99) / NS_PER_US - LOOP_DELAY_STEP_MS * 1_000;
      delays.reset();
      const loopDelayUs = Math.min(Math.max(0, Math.round(lateUs)), MAX_UINT32);
      return { cpuUtilization, memUtilization: use.residentBytes / memoryBytes, loopDelayUs };
    },
    stop: () => void delays.disable(),
  };
}

const MAX_UINT32 = 2 ** 32 - 1;

function readProcess(): ProcessUse {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, residentBytes: process.memoryUsage.rss() };
}
