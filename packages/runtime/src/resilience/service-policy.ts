// SPDX-License-Identifier: Apache-2.0
import type { ServicePolicyFacts } from "@grpc-router/protocol/codegenv1";
import { RetryBudget } from "./retry-budget.js";
import { RetryThrottle } from "./retry-throttle.js";

/** What is said of a service beside its balance and the defaults of its methods. */
export type SharedFacts = Omit<ServicePolicyFacts, "balance" | "defaults">;

/** What the methods of one service share of resilience. */
export class ServicePolicy {
  readonly throttle: RetryThrottle | undefined;
  readonly budget: RetryBudget | undefined;

  constructor(facts: SharedFacts) {
    this.throttle = facts.retryThrottling && new RetryThrottle(facts.retryThrottling);
    this.budget = facts.retryBudget && new RetryBudget(facts.retryBudget);
  }

  /** Nothing is asked for. */
  get isEmpty(): boolean {
    return this.throttle === undefined && this.budget === undefined;
  }
}
