// SPDX-License-Identifier: Apache-2.0

import { getHeapStatistics } from "node:v8";
import type { MemoryGauge } from "@grpc-router/runtime";
import { ACCEPT_PRESSURE, COLLECT_INTERVAL_MS, COLLECT_SHARE, MEMORY_SAMPLE_MS, MEMORY_SLACK } from "../limits.js";
import { collectGarbage } from "./collect-garbage.js";

/** What a process uses, in octets. */
export interface MemoryUse {
  readonly residentBytes: number;
  /** Objects of JavaScript, garbage included that nobody has collected yet. */
  readonly heapBytes: number;
  /** What the heap may grow to before V8 ends the process. */
  readonly heapLimitBytes: number;
  /** Buffers and other memory that objects hold outside the heap. */
  readonly externalBytes: number;
}

/** How memory is judged. */
export interface MemoryGaugeOptions {
  /** What the process may use, in octets. */
  readonly budgetBytes: number;
  /** Default: this process. */
  readonly readUse?: () => MemoryUse;
  /** Default: `collectGarbage`. */
  readonly collect?: () => Promise<void>;
  /** Milliseconds, monotonic. Default `performance.now`. */
  readonly nowMs?: () => number;
}

/**
 * Creates a gauge that shows the greatest of three shares: objects of the heap's limit; objects, buffers and what the
 * process took to start of the budget; and resident memory, beyond `MEMORY_SLACK`, of the budget.
 *
 * Resident memory alone would not do: allocators keep what was freed, so it stays where a peak has left it, and a router
 * that refused calls for it would never take one again. Looks at most every `MEMORY_SAMPLE_MS`; above `ACCEPT_PRESSURE`
 * garbage is collected, at most every `COLLECT_INTERVAL_MS` and `COLLECT_SHARE` of the time.
 */
export function createMemoryGauge(options: MemoryGaugeOptions): MemoryGauge {
  const { budgetBytes, readUse = readProcess, collect = collectGarbage, nowMs = () => performance.now() } = options;
  const started = readUse();
  const ownBytes = Math.max(0, started.residentBytes - started.heapBytes - started.externalBytes);
  let sampledMs = Number.NEGATIVE_INFINITY;
  let nextCollectMs = Number.NEGATIVE_INFINITY;
  let pressure = 0;
  const collectNow = async (): Promise<void> => {
    const beganMs = nowMs();
    nextCollectMs = Number.POSITIVE_INFINITY;
    await collect();
    nextCollectMs = beganMs + Math.max(COLLECT_INTERVAL_MS, (nowMs() - beganMs) / COLLECT_SHARE);
  };
  return {
    pressure() {
      const now = nowMs();
      if (now - sampledMs < MEMORY_SAMPLE_MS) return pressure;
      sampledMs = now;
      const { residentBytes, heapBytes, heapLimitBytes, externalBytes } = readUse();
      const inUse = (ownBytes + heapBytes + externalBytes) / budgetBytes;
      const resident = residentBytes / budgetBytes - MEMORY_SLACK;
      pressure = Math.max(heapBytes / heapLimitBytes, inUse, resident);
      if (pressure >= ACCEPT_PRESSURE && now >= nextCollectMs) void collectNow();
      return pressure;
    },
  };
}

function readProcess(): MemoryUse {
  const heap = getHeapStatistics();
  return {
    residentBytes: process.memoryUsage.rss(),
    heapBytes: heap.used_heap_size,
    heapLimitBytes: heap.heap_size_limit,
    externalBytes: heap.external_memory,
  };
}
