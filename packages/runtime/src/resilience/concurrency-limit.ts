// SPDX-License-Identifier: Apache-2.0
import type { ConcurrencyLimitFacts } from "@grpc-router/protocol/codegenv1";
import { GradientLimit } from "./gradient-limit.js";

/**
 * Counts calls under way against a bound: a fixed one, one that follows latencies, or the smaller of both. One for each
 * service and each method that has a policy. Calls that find no room wait in the router's queue.
 */
export class ConcurrencyLimit {
  /** Calls on each instance at most; `Infinity`: as the instance states. For the balancer's `capacity`, not counted here. */
  readonly maxPerInstance: number;
  /** To be told of the latency of each call that was not cancelled; undefined: the bound is fixed. */
  readonly adaptive: GradientLimit | undefined;
  readonly #max: number;
  #underWay = 0;

  constructor(facts: ConcurrencyLimitFacts) {
    this.maxPerInstance = facts.maxConcurrentPerInstance ?? Number.POSITIVE_INFINITY;
    this.adaptive = facts.adaptive && new GradientLimit(facts.adaptive);
    this.#max = facts.maxConcurrent ?? Number.POSITIVE_INFINITY;
  }

  /** Calls between `enter` and `leave`. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Calls that may be under way now; `Infinity`: any number. */
  get limit(): number {
    const { adaptive } = this;
    return adaptive === undefined ? this.#max : Math.min(this.#max, adaptive.limit);
  }

  /** One more call may go now. */
  get hasRoom(): boolean {
    return this.#underWay < this.limit;
  }

  /** A call goes to an instance. */
  enter(): void {
    this.#underWay++;
  }

  /** That call is over, in whatever way. Once for each `enter`. */
  leave(): void {
    this.#underWay--;
  }
}
