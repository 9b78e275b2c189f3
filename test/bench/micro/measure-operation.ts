// SPDX-License-Identifier: Apache-2.0
import { GCProfiler, getHeapStatistics } from "node:v8";
import { garbageOf } from "../measure/garbage.ts";
import { medianOf } from "../measure/statistics.ts";
import type { Operation, OperationCost } from "./operation.ts";

/** How thoroughly an operation is measured. */
export interface MicroEffort {
  readonly rounds: number;
  /** Length of a round. */
  readonly roundMs: number;
}

/** Keeps results alive, so that no compiler leaves the work out. */
let sink = 0;

/** Measures time and allocation of one operation; warm-up is a round of its own. */
export function measureOperation({ name, run }: Operation, { rounds, roundMs }: MicroEffort): OperationCost {
  const count = countFor(run, roundMs);
  const nanos: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begunMs = performance.now();
    sink += run(count);
    nanos.push(((performance.now() - begunMs) * 1e6) / count);
  }
  return { name, nanos: medianOf(nanos), bytes: allocatedBytes(run, count) };
}

/** As many as fill a round: doubled until the time is long enough to tell. */
function countFor(run: Operation["run"], roundMs: number): number {
  for (let count = 64; ; count *= 2) {
    const begunMs = performance.now();
    sink += run(count);
    if (performance.now() - begunMs >= roundMs) return count;
  }
}

function allocatedBytes(run: Operation["run"], count: number): number {
  const profiler = new GCProfiler();
  const usedAtStart = getHeapStatistics().used_heap_size;
  profiler.start();
  sink += run(count);
  const usedAtEnd = getHeapStatistics().used_heap_size;
  const { allocatedBytes: bytes } = garbageOf(profiler.stop()?.statistics ?? [], usedAtStart, usedAtEnd);
  return bytes / count;
}

/** What all runs came to; read by nobody but the engine. */
export function resultOfAll(): number {
  return sink;
}
