// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { HedgingFacts } from "@grpc-router/protocol/codegenv1";
import { maxPolicyAttempts } from "../limits.js";
import { resilienceDefaults } from "./resilience-defaults.js";
import type { RetryBudget } from "./retry-budget.js";
import type { RetryThrottle } from "./retry-throttle.js";
import { isInMask, statusMask } from "./status-mask.js";

/** What may keep a hedge from being sent. */
export interface HedgeState {
  /** Attempts sent so far that may run, the first included. */
  readonly attempts: number;
  /** The service's; undefined: none. */
  readonly throttle: RetryThrottle | undefined;
  /** The service's; undefined: none. */
  readonly budget: RetryBudget | undefined;
  /** The service's open calls, for the budget. */
  readonly openCalls: number;
}

/** When a call is sent more than once without waiting for a failure (gRFC A6, hedgingPolicy). */
export class HedgingPolicy {
  /** Attempts at most, the first included: 2 to 5. */
  readonly maxAttempts: number;
  /** Milliseconds between two attempts; 0: all at once. */
  readonly delayMs: number;
  /** The non-fatal codes, for `isInMask` and `RetryThrottle.onEnd`. */
  readonly nonFatalMask: number;

  constructor(facts: HedgingFacts) {
    const { hedgingDelayMs, nonFatalStatusCodes } = resilienceDefaults.hedging;
    this.maxAttempts = Math.min(facts.maxAttempts, maxPolicyAttempts);
    this.delayMs = facts.hedgingDelayMs ?? hedgingDelayMs;
    this.nonFatalMask = statusMask(facts.nonFatalStatusCodes ?? nonFatalStatusCodes);
  }

  /** Whether an attempt that ended with `code` ends the call, and with it all other attempts. OK is not fatal, it wins. */
  isFatal(code: number): boolean {
    return code !== StatusCode.ok && !isInMask(this.nonFatalMask, code);
  }

  /**
   * When the next attempt is due, an attempt having just been sent; `Infinity`: none follows, as all are sent or the
   * client, who sends `grpc-previous-rpc-attempts`, tries again by itself.
   */
  nextDueMs(attempts: number, previousAttempts: number, nowMs: number): number {
    return attempts < this.maxAttempts && previousAttempts === 0 ? nowMs + this.delayMs : Number.POSITIVE_INFINITY;
  }

  /**
   * Whether an attempt may be sent that is due now. If not, none of this call's will be: hedges do not wait for tokens
   * (A6). The call then ends when its open attempts have.
   */
  maySend({ attempts, throttle, budget, openCalls }: HedgeState): boolean {
    if (attempts >= this.maxAttempts) return false;
    return (throttle === undefined || throttle.allows) && (budget === undefined || budget.allows(openCalls));
  }
}
