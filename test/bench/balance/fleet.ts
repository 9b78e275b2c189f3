// SPDX-License-Identifier: Apache-2.0

/** How an instance differs from an ordinary one. */
export interface InstanceTraits {
  readonly id: string;
  /** Times as long as an ordinary one needs for a call. Default 1. */
  readonly slowness?: number;
  /** Share of its calls that fail with UNAVAILABLE, after the whole work. Default 0. */
  readonly failureShare?: number;
  readonly pause?: Pause;
}

/** An instance that stands still from time to time, as in a long garbage collection. */
export interface Pause {
  readonly everyMs: number;
  readonly forMs: number;
}

/** What the calls of a trace can go to. */
export interface Fleet {
  /** Calls that each instance works on at a time; further ones wait there in order of arrival. */
  readonly workers: number;
  readonly instances: readonly InstanceTraits[];
}

/** `size` instances: one slow, one failing, one pausing, the others ordinary. */
export function createFleet(size: number, workers: number): Fleet {
  const ordinary = Array.from({ length: size - 3 }, (_, index) => ({ id: `ordinary-${index + 1}` }));
  return {
    workers,
    instances: [
      ...ordinary,
      { id: "slow", slowness: 4 },
      { id: "failing", failureShare: 0.2 },
      { id: "pausing", pause: { everyMs: 5_000, forMs: 500 } },
    ],
  };
}

/** Ordinary workers that could do as much as all of the fleet. */
export function capacityOf({ workers, instances }: Fleet): number {
  return instances.reduce((sum, { slowness = 1, pause }) => {
    const awake = pause === undefined ? 1 : 1 - pause.forMs / pause.everyMs;
    return sum + (workers / slowness) * awake;
  }, 0);
}

/** When work of `workMs` that begins at `nowMs` is done, pauses counted; each period begins with its pause. */
export function doneAt(nowMs: number, workMs: number, pause: Pause | undefined): number {
  if (pause === undefined) return nowMs + workMs;
  let atMs = nowMs;
  let leftMs = workMs;
  for (;;) {
    const phaseMs = atMs % pause.everyMs;
    if (phaseMs < pause.forMs) atMs += pause.forMs - phaseMs;
    const awakeMs = pause.everyMs - Math.max(phaseMs, pause.forMs);
    if (leftMs <= awakeMs) return atMs + leftMs;
    leftMs -= awakeMs;
    atMs += awakeMs;
  }
}
