// SPDX-License-Identifier: Apache-2.0

import { getHeapStatistics } from "node:v8";
import { MEMORY_SAMPLE_MS } from "../limits.js";

/** How full the memory of this process is. */
export interface MemoryGauge {
  /** From 0 to 1, or above, of what the process may use. */
  pressure(): number;
}

/** What a process uses, in octets. */
export interface MemoryUse {
  /** Resident set. */
  readonly residentBytes: number;
  /** Objects of JavaScript, garbage included that nobody has collected yet. */
  readonly heapUsedBytes: number;
  /** Resident memory that V8 keeps for objects to come. */
  readonly heapFreeBytes: number;
  /** What the heap may grow to before V8 ends the process. */
  readonly heapLimitBytes: number;
}

/** How memory is judged. */
export interface MemoryGaugeOptions {
  /** What the process may use, in octets. */
  readonly budgetBytes: number;
  /** Default: this process. */
  readonly readUse?: () => MemoryUse;
  /** Milliseconds, monotonic. Default `performance.now`. */
  readonly nowMs?: () => number;
}

/**
 * Creates a gauge that is the greater of two shares: objects of the heap's limit, and resident memory of the budget. What
 * V8 keeps free for objects to come does not count: it is resident, but the next call finds room in it. Looks at most
 * every `MEMORY_SAMPLE_MS`.
 */
export function createMemoryGauge(options: MemoryGaugeOptions): MemoryGauge {
  const { budgetBytes, readUse = readProcess, nowMs = () => performance.now() } = options;
  let sampledMs = Number.NEGATIVE_INFINITY;
  let pressure = 0;
  return {
    pressure() {
      const now = nowMs();
      if (now - sampledMs < MEMORY_SAMPLE_MS) return pressure;
      sampledMs = now;
      const { residentBytes, heapUsedBytes, heapFreeBytes, heapLimitBytes } = readUse();
      pressure = Math.max(heapUsedBytes / heapLimitBytes, (residentBytes - heapFreeBytes) / budgetBytes);
      return pressure;
    },
  };
}

function readProcess(): MemoryUse {
  const heap = getHeapStatistics();
  return {
    residentBytes: process.memoryUsage.rss(),
    heapUsedBytes: heap.used_heap_size,
    heapFreeBytes: Math.max(0, heap.total_physical_size - heap.used_heap_size),
    heapLimitBytes: heap.heap_size_limit,
  };
}
