// SPDX-License-Identifier: Apache-2.0
import { drainWindowMs, maxPushbackMs, minPushbackMs } from "../limits.js";

/** Steps between a pushback and its double: callers that are refused together do not all come back together. */
const spreadSteps = 4;

/** Measures how fast a queue empties, to say when asking again makes sense. */
export class DrainMeter {
  /** Entries that have left in this window and in the one before. */
  #left = 0;
  #leftBefore = 0;
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** `count` entries have left, and others may take their places. */
  leave(count: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#left += count;
  }

  /** Entries a second, of late: over the last window, as if those of the one before had left evenly. */
  perSecond(nowMs: number): number {
    this.#turn(nowMs);
    const past = (nowMs - this.#sinceMs) / drainWindowMs;
    return ((this.#left + this.#leftBefore * (1 - past)) * 1000) / drainWindowMs;
  }

  /**
   * Milliseconds until about half of `count` waiting entries have left: then there is room, and a wait that is worth it.
   * A power of two times `minPushbackMs`, plus up to three quarters of it as `random` in [0, 1) has it.
   */
  pushbackMs(count: number, nowMs: number, random: number): number {
    const halfMs = (count * 500) / this.perSecond(nowMs);
    let stepMs = minPushbackMs;
    while (stepMs < halfMs && stepMs < maxPushbackMs) stepMs *= 2;
    return stepMs + (stepMs / spreadSteps) * Math.floor(random * spreadSteps);
  }

  #turn(nowMs: number): void {
    const windows = Math.floor((nowMs - this.#sinceMs) / drainWindowMs);
    if (windows < 1) return;
    this.#leftBefore = windows === 1 ? this.#left : 0;
    this.#left = 0;
    this.#sinceMs += windows * drainWindowMs;
  }
}
