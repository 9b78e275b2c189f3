// SPDX-License-Identifier: Apache-2.0

/** One collection, as `v8.GCProfiler` tells of it. */
export interface Collection {
  /** Time of the pause, in microseconds. */
  readonly cost: number;
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

/** What was allocated in a span of time, and what its collection took. */
export interface Garbage {
  readonly allocatedBytes: number;
  readonly collections: number;
  readonly pausedMs: number;
  readonly longestMs: number;
}

/** Adds up by how much the heap grew from the start to the first collection, between two of them, and from the last to the end. */
export function garbageOf(collections: readonly Collection[], usedAtStart: number, usedAtEnd: number): Garbage {
  let allocatedBytes = 0;
  let used = usedAtStart;
  for (const { beforeGC, afterGC } of collections) {
    allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - used);
    used = afterGC.heapStatistics.usedHeapSize;
  }
  const pausesMs = collections.map(({ cost }) => cost / 1_000);
  return {
    allocatedBytes: allocatedBytes + Math.max(0, usedAtEnd - used),
    collections: collections.length,
    pausedMs: pausesMs.reduce((sum, pause) => sum + pause, 0),
    longestMs: Math.max(0, ...pausesMs),
  };
}
