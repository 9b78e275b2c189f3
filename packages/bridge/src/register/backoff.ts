// SPDX-License-Identifier: Apache-2.0

import {
  PERMANENT_SPREAD,
  PERMANENT_WAIT_MS,
  RECONNECT_BASE_MS,
  RECONNECT_CAP_MS,
  REJOIN_WITHIN_MS,
  STABLE_AFTER_MS,
} from "../limits.js";

/**
 * How long to wait before the next attempt (docs/channel.md section 7): a random time in [0, min(30 s, 0.5 s × 2^n)],
 * so that the instances of a lost router come back spread out.
 */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;
  #lastWaitMs = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Failures in a row, the one just answered included. */
  get failures(): number {
    return this.#failures;
  }

  /** Milliseconds until the next attempt after a failure; at least `atLeastMs`, which the router asked for. */
  next(atLeastMs = 0): number {
    const bound = Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** Math.min(this.#failures, 16));
    return this.#wait(Math.max(this.#random() * bound, atLeastMs));
  }

  /** Milliseconds until the next attempt after a refusal that will not pass by itself: 60 s ± 20 %. */
  nextAfterPermanent(atLeastMs = 0): number {
    const spread = 1 + PERMANENT_SPREAD * (2 * this.#random() - 1);
    return this.#wait(Math.max(PERMANENT_WAIT_MS * spread, atLeastMs));
  }

  /**
   * Milliseconds until the new registration that a router's Drain or GOAWAY asks for, on a channel that stood for
   * `stoodMs`. No failure, unless it was too short: a router that sends everybody away at once is not met in a loop.
   */
  rejoin(stoodMs: number): number {
    this.stood(stoodMs);
    if (stoodMs >= STABLE_AFTER_MS) return this.#random() * REJOIN_WITHIN_MS;
    return this.#wait(
      this.#random() * Math.min(RECONNECT_CAP_MS, REJOIN_WITHIN_MS * 2 ** Math.min(this.#failures, 16)),
    );
  }

  /** A registration ended that had stood for `ms`. */
  stood(ms: number): void {
    if (ms < STABLE_AFTER_MS || ms <= this.#lastWaitMs) return;
    this.#failures = 0;
    this.#lastWaitMs = 0;
  }

  #wait(ms: number): number {
    this.#failures++;
    this.#lastWaitMs = ms;
    return ms;
  }
}
