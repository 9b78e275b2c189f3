// SPDX-License-Identifier: Apache-2.0
import { maxFailedAddresses, maxFailedCredentials, maxFailedCredentialsPerSecond } from "../limits.js";

interface Failures {
  /** Of late; it leaks. */
  count: number;
  atMs: number;
}

/**
 * Tokens that were wrong, by the address they came from: past a burst that address's tokens are not looked at any more
 * for a moment, so guessing is slow however many connections it takes. A certificate is no guess and never waits.
 */
export class FailedAttempts {
  readonly #byAddress = new Map<string, Failures>();

  /** Milliseconds until a token from there is looked at again; 0: now. */
  waitMs(address: string, nowMs: number): number {
    const failures = this.#byAddress.get(address);
    if (failures === undefined) return 0;
    leak(failures, nowMs);
    if (failures.count === 0) this.#byAddress.delete(address);
    const excess = failures.count - maxFailedCredentials + 1;
    return excess <= 0 ? 0 : Math.ceil((excess / maxFailedCredentialsPerSecond) * 1000);
  }

  /** A token from there was wrong. */
  add(address: string, nowMs: number): void {
    const failures = this.#byAddress.get(address) ?? { count: 0, atMs: nowMs };
    leak(failures, nowMs);
    failures.count++;
    // The one that failed last stands last; where there is no room for all, the others have rested longest.
    this.#byAddress.delete(address);
    this.#byAddress.set(address, failures);
    if (this.#byAddress.size <= maxFailedAddresses) return;
    for (const oldest of this.#byAddress.keys()) {
      this.#byAddress.delete(oldest);
      return;
    }
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#byAddress.size;
  }
}

function leak(failures: Failures, nowMs: number): void {
  const leaked = ((nowMs - failures.atMs) / 1000) * maxFailedCredentialsPerSecond;
  failures.count = Math.max(0, failures.count - leaked);
  failures.atMs = nowMs;
}
