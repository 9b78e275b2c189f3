// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { RetryFacts } from "@grpc-router/protocol/codegenv1";
import { maxPolicyAttempts } from "../limits.js";
import { resilienceDefaults } from "./resilience-defaults.js";
import { isInMask, statusMask } from "./status-mask.js";

/** A backoff is the computed one times 0.8 to 1.2, so that calls that failed together do not come back together (A6). */
const jitter = 0.2;

/** When a call is tried again: what is said of a method, with defaults applied (gRFC A6, retryPolicy). */
export class RetryPolicy {
  /** Attempts at most, the first included: 2 to 5. */
  readonly maxAttempts: number;
  /** Milliseconds that each attempt may take; `Infinity`: as long as the call. */
  readonly attemptTimeoutMs: number;
  /** The retryable codes, for `isInMask` and `RetryThrottle.onEnd`. */
  readonly retryableMask: number;
  readonly #initialBackoffMs: number;
  readonly #maxBackoffMs: number;
  readonly #multiplier: number;

  constructor(facts: RetryFacts) {
    const defaults = resilienceDefaults.retry;
    const codes = facts.retryableStatusCodes ?? [];
    this.maxAttempts = Math.min(facts.maxAttempts, maxPolicyAttempts);
    this.attemptTimeoutMs = facts.attemptTimeoutMs ?? Number.POSITIVE_INFINITY;
    const retryable = codes.length === 0 ? defaults.retryableStatusCodes : codes;
    // An attempt whose own time is over is one that failed, whoever finds out first.
    const timedOut = facts.attemptTimeoutMs === undefined ? [] : [StatusCode.deadlineExceeded];
    this.retryableMask = statusMask([...retryable, ...timedOut]);
    this.#initialBackoffMs = facts.initialBackoffMs ?? defaults.initialBackoffMs;
    this.#maxBackoffMs = facts.maxBackoffMs ?? defaults.maxBackoffMs;
    this.#multiplier = facts.backoffMultiplier ?? defaults.backoffMultiplier;
  }

  /** Whether an attempt has a time of its own. */
  get limitsAttempts(): boolean {
    return this.attemptTimeoutMs < Number.POSITIVE_INFINITY;
  }

  /** When an attempt that begins at `nowMs` must be over; `Infinity`: when the call is. */
  attemptEndMs(nowMs: number): number {
    return nowMs + this.attemptTimeoutMs;
  }

  /** Whether an attempt that ended with `code` may be followed by another. */
  isRetryable(code: number): boolean {
    return isInMask(this.retryableMask, code);
  }

  /**
   * Milliseconds to wait before the retry with this number, 1 the first since the call began or since the last
   * pushback: min(initial * multiplier^(n - 1), max), times 0.8 to 1.2. It may be a little above the maximum, as A6
   * has it.
   */
  backoffMs(retryNumber: number, random: () => number): number {
    const plainMs = Math.min(this.#initialBackoffMs * this.#multiplier ** (retryNumber - 1), this.#maxBackoffMs);
    return plainMs * (1 - jitter + 2 * jitter * random());
  }
}
