// SPDX-License-Identifier: Apache-2.0
import type { RetryBudgetFacts } from "@grpc-router/protocol/codegenv1";
import { resilienceDefaults } from "./resilience-defaults.js";

/** What a share of 0.29, times 100, is short of 29. */
const roundingError = 1e-9;

/**
 * Bounds the retries and hedges of a service that are under way: at most a share of its open calls, but a few in any
 * case (Envoy, `RetryBudget` with `budget_percent` and `min_retry_concurrency`). Where `RetryThrottle` looks at what
 * failed, this bounds the load that retries add, whatever the cause. One for each service.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #minConcurrent: number;
  #underWay = 0;

  constructor(facts: RetryBudgetFacts) {
    const { share, minConcurrent } = resilienceDefaults.retryBudget;
    this.#share = facts.share ?? share;
    this.#minConcurrent = facts.minConcurrent ?? minConcurrent;
  }

  /** Retries and hedges between `enter` and `leave`. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Whether one more may be sent while the service has `openCalls`, those that wait in the router's queue included. */
  allows(openCalls: number): boolean {
    return this.#underWay < Math.max(this.#minConcurrent, Math.floor(this.#share * openCalls + roundingError));
  }

  /** A retry or a hedge is sent, or waits for its time. */
  enter(): void {
    this.#underWay++;
  }

  /** It is over, in whatever way. */
  leave(): void {
    this.#underWay--;
  }
}
