// SPDX-License-Identifier: Apache-2.0
import { doneAt, type Fleet } from "./fleet.ts";
import type { Trace } from "./trace.ts";

/**
 * Latencies, in milliseconds, that one queue in front of all workers would give: whoever has waited longest goes to the
 * first worker that is free, the fastest if there are several. What lies between this and `pull` is the router's own.
 */
export function idealQueue(trace: Trace, { workers, instances }: Fleet, load: number): Float64Array {
  const places = instances
    .toSorted((one, other) => (one.slowness ?? 1) - (other.slowness ?? 1))
    .flatMap((traits) => Array.from({ length: workers }, () => ({ ...traits, freeMs: 0 })));
  return trace.arrivalsMs.map((atFullLoadMs, call) => {
    const arrivalMs = atFullLoadMs / load;
    let best = places[0];
    for (const place of places) {
      if (best === undefined || best.freeMs <= arrivalMs) break;
      if (place.freeMs < best.freeMs) best = place;
    }
    if (best === undefined) return Number.NaN;
    const { slowness = 1, pause } = best;
    best.freeMs = doneAt(Math.max(arrivalMs, best.freeMs), (trace.workMs[call] ?? 0) * slowness, pause);
    return best.freeMs - arrivalMs;
  });
}
