// SPDX-License-Identifier: Apache-2.0
import type { Pushback } from "./pushback.js";
import type { RetryBudget } from "./retry-budget.js";
import type { RetryPolicy } from "./retry-policy.js";
import type { RetryThrottle } from "./retry-throttle.js";

/**
 * An attempt that ended with a failure and may have run, and all that the rules look at. What provably did not run is sent
 * again without a question (`CallEnding.notRun`), and counts as no attempt. The caller may use one object for all calls.
 */
export interface FailedAttempt {
  /** gRPC status code. */
  readonly code: number;
  /** What the service said about trying again; undefined if nothing. */
  readonly pushback: Pushback | undefined;
  /** Attempts of this router that may have run, this one included. */
  readonly attempts: number;
  /** Retries of the policy since the call began or since a pushback last set the wait; as the last verdict said. */
  readonly retriesSincePushback: number;
  /** A header or message of the reply went to the client. */
  readonly committed: boolean;
  /** The whole request is still there to be sent again. */
  readonly kept: boolean;
  /** `grpc-previous-rpc-attempts` of the client. */
  readonly previousAttempts: number;
  /** Milliseconds until the call's deadline; `Infinity`: none. */
  readonly remainingMs: number;
  /** The service's, told of this attempt's end already; undefined: none. */
  readonly throttle: RetryThrottle | undefined;
  /** The service's; undefined: none. */
  readonly budget: RetryBudget | undefined;
  /** The service's open calls, for the budget. */
  readonly openCalls: number;
}

/** Why a call is not tried again. */
export type RetryRefusal =
  /** The client has seen something of this attempt. */
  | "committed"
  /** The request outgrew its buffer. */
  | "notKept"
  /** The call's time is over, or would be before the retry. */
  | "deadline"
  /** The client retries by itself: two who retry multiply. */
  | "clientRetries"
  /** The service asked for no retry. */
  | "pushback"
  /** The method has no policy, or not for this code. */
  | "notRetryable"
  | "attemptsUsed"
  /** Too many of the service's calls fail. */
  | "throttled"
  /** Too many of the service's calls are retries. */
  | "budget";

/** What becomes of the call. */
export type RetryVerdict =
  /** Another attempt after so many milliseconds, at another instance if there is one. */
  | { readonly action: "retry"; readonly afterMs: number; readonly retriesSincePushback: number }
  /** The client gets what the attempt ended with. */
  | { readonly action: "end"; readonly reason: RetryRefusal };

/** One verdict for each refusal, so that a storm of failures makes no garbage. */
const ends = {
  committed: { action: "end", reason: "committed" },
  notKept: { action: "end", reason: "notKept" },
  deadline: { action: "end", reason: "deadline" },
  clientRetries: { action: "end", reason: "clientRetries" },
  pushback: { action: "end", reason: "pushback" },
  notRetryable: { action: "end", reason: "notRetryable" },
  attemptsUsed: { action: "end", reason: "attemptsUsed" },
  throttled: { action: "end", reason: "throttled" },
  budget: { action: "end", reason: "budget" },
} as const satisfies Record<RetryRefusal, RetryVerdict>;

/**
 * The retry rules (gRFC A6). A method without a policy, or a client that retries itself, gets no other attempt. A wait that
 * would outlast the deadline ends the call now, with what is known, and not later with DEADLINE_EXCEEDED.
 */
export function judgeRetry(
  policy: RetryPolicy | undefined,
  attempt: FailedAttempt,
  random: () => number,
): RetryVerdict {
  if (attempt.committed) return ends.committed;
  if (!attempt.kept) return ends.notKept;
  if (attempt.remainingMs <= 0) return ends.deadline;
  if (attempt.previousAttempts > 0) return ends.clientRetries;
  const { pushback } = attempt;
  if (pushback === "stop") return ends.pushback;
  if (policy === undefined || !policy.isRetryable(attempt.code)) return ends.notRetryable;
  if (attempt.attempts >= policy.maxAttempts) return ends.attemptsUsed;
  if (attempt.throttle !== undefined && !attempt.throttle.allows) return ends.throttled;
  if (attempt.budget !== undefined && !attempt.budget.allows(attempt.openCalls)) return ends.budget;
  const retryNumber = attempt.retriesSincePushback + 1;
  const afterMs = pushback ?? policy.backoffMs(retryNumber, random);
  if (afterMs >= attempt.remainingMs) return ends.deadline;
  return { action: "retry", afterMs, retriesSincePushback: pushback === undefined ? retryNumber : 0 };
}
