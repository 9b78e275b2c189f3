// SPDX-License-Identifier: Apache-2.0

/** What of the clocks of a process is used here, in milliseconds. */
export interface Clocks {
  /** Since 1970; it may be set. */
  wallMs(): number;
  /** As `performance.now`; it stands still while the machine sleeps. */
  nowMs(): number;
}

/** Above this the clock of the machine has been set, or it has slept; below, it is what `Date.now` cuts off. */
const maxDriftMs = 2;
/** Milliseconds between looks at the clock of the machine: it is set once in a while, and times are asked for all the time. */
const lookEveryMs = 1_000;

/**
 * What has to be added to `performance.now` for milliseconds since 1970. `performance.timeOrigin` is right to fractions of a
 * millisecond, but only until somebody sets the clock: a router runs for months.
 */
export class WallClock {
  readonly #clocks: Clocks;
  #originMs: number;
  #nextLookMs = Number.NEGATIVE_INFINITY;

  constructor(
    clocks: Clocks = { wallMs: Date.now, nowMs: () => performance.now() },
    originMs: number = performance.timeOrigin,
  ) {
    this.#clocks = clocks;
    this.#originMs = originMs;
  }

  /** What to add to a time that is about `nowMs` of `performance.now`. */
  originAt(nowMs: number): number {
    if (nowMs >= this.#nextLookMs) {
      this.#nextLookMs = nowMs + lookEveryMs;
      const originMs = this.#clocks.wallMs() - this.#clocks.nowMs();
      if (Math.abs(originMs - this.#originMs) > maxDriftMs) this.#originMs = originMs;
    }
    return this.#originMs;
  }
}
