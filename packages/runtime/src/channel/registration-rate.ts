// SPDX-License-Identifier: Apache-2.0
import { MAX_REGISTRATIONS_PER_SECOND, RateLimiter } from "@grpc-router/protocol";
import { longestPromiseMs, promisedShare } from "../limits.js";

/**
 * What registrations a router takes in a second, all connections together. Whoever comes too early is promised a time of
 * its own: told only when the next one may come, thousands would all come then, and again, with waits that grow by chance.
 */
export class RegistrationRate {
  readonly #limiter: RateLimiter;
  /** The latest time that is promised to somebody. */
  #promisedMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number) {
    this.#limiter = new RateLimiter(nowMs, MAX_REGISTRATIONS_PER_SECOND, MAX_REGISTRATIONS_PER_SECOND);
  }

  /** False: too many now. */
  take(nowMs: number): boolean {
    return this.#limiter.take(nowMs);
  }

  /** Milliseconds for which the one who was just refused should wait. */
  promise(nowMs: number): number {
    const soonestMs = nowMs + this.#limiter.waitMs;
    const nextMs = this.#promisedMs + 1_000 / (MAX_REGISTRATIONS_PER_SECOND * promisedShare);
    // From the start once more when the line is too long: half of them are then refused again, and nobody waits for ever.
    this.#promisedMs = nextMs - nowMs > longestPromiseMs ? soonestMs : Math.max(soonestMs, nextMs);
    return Math.ceil(this.#promisedMs - nowMs);
  }
}
