// SPDX-License-Identifier: Apache-2.0

import type {
  AdaptiveLimitFacts,
  AdmissionControlFacts,
  CircuitBreakerFacts,
  ConcurrencyLimitFacts,
  FailurePercentageFacts,
  HedgingFacts,
  OutlierDetectionFacts,
  RetryBudgetFacts,
  RetryFacts,
  RetryThrottlingFacts,
  SuccessRateFacts,
} from "../codegenv1/resilience-facts.js";
import { failureCodes, statusCodes } from "./code-rule.js";
import { decimal, duration, type FactRule, facts, formatSeconds, integer, required } from "./fact-rule.js";

/** Attempts that gRFC A6 allows; more would turn one outage into a storm. */
const attempts = required(integer(2, 5), "must be 2 to 5, received none");

const percent = integer(0, 100);
const count = integer(1);
const share = decimal({ above: 0, max: 1 });

/** Longest values where nothing is said and the shortest does not ask for more, in milliseconds; see options.proto. */
const defaults = { initialBackoffMs: 25, maxBackoffMs: 1000 } as const;

/** Rule of `grpcrouter.v1.RetryPolicy`. */
export const retryRule: FactRule = facts<RetryFacts>(
  {
    maxAttempts: attempts,
    initialBackoffMs: duration(),
    maxBackoffMs: duration(),
    backoffMultiplier: decimal({ above: 0 }),
    retryableStatusCodes: statusCodes,
    attemptTimeoutMs: duration(),
  },
  ({ initialBackoffMs: initial = defaults.initialBackoffMs, maxBackoffMs: max }, place) => {
    if (max === undefined || max >= initial) return;
    const inner = place.inner("maxBackoffMs", "max_backoff");
    inner.refuse(`must be at least initial_backoff, received ${max} ms of ${initial} ms`);
  },
);

/** Rule of `grpcrouter.v1.HedgingPolicy`. */
export const hedgingRule: FactRule = facts<HedgingFacts>({
  maxAttempts: attempts,
  hedgingDelayMs: duration({ minMs: 0 }),
  nonFatalStatusCodes: statusCodes,
});

/** Rule of `grpcrouter.v1.RetryThrottling`. Of the ratio, three decimals count, so less than one thousandth is nothing. */
export const retryThrottlingRule: FactRule = facts<RetryThrottlingFacts>({
  maxTokens: required(integer(1, 1000), "must be 1 to 1000, received none"),
  tokenRatio: required(decimal({ min: 0.001, max: 1000 }), "must be 0.001 to 1000, received none"),
});

/** Rule of `grpcrouter.v1.RetryBudget`. */
export const retryBudgetRule: FactRule = facts<RetryBudgetFacts>({ share, minConcurrent: integer(0) });

/** Rule of `grpcrouter.v1.CircuitBreaker`. */
export const circuitBreakerRule: FactRule = facts<CircuitBreakerFacts>(
  {
    consecutiveFailures: count,
    failureRate: share,
    minCalls: count,
    windowMs: duration(),
    penaltyMs: duration(),
    maxPenaltyMs: duration(),
    jitter: decimal({ min: 0, max: 1 }),
    failureStatusCodes: failureCodes,
  },
  ({ penaltyMs: least = 1000, maxPenaltyMs: most }, place) => {
    if (most === undefined || most >= least) return;
    const inner = place.inner("maxPenaltyMs", "max_penalty");
    inner.refuse(`must be at least penalty, received ${formatSeconds(most)} of ${formatSeconds(least)}`);
  },
);

/** Rule of `grpcrouter.v1.OutlierDetection`. */
export const outlierDetectionRule: FactRule = facts<OutlierDetectionFacts>(
  {
    intervalMs: duration(),
    baseEjectionMs: duration(),
    maxEjectionMs: duration(),
    maxEjectionPercent: percent,
    consecutiveFailures: count,
    successRate: facts<SuccessRateFacts>({
      stdevFactor: integer(0),
      enforcementPercent: percent,
      minHosts: count,
      minRequests: count,
    }),
    failurePercentage: facts<FailurePercentageFacts>({
      threshold: percent,
      enforcementPercent: percent,
      minHosts: count,
      minRequests: count,
    }),
    panicThresholdPercent: percent,
    failureStatusCodes: failureCodes,
  },
  ({ baseEjectionMs: least = 30_000, maxEjectionMs: most }, place) => {
    if (most === undefined || most >= least) return;
    const inner = place.inner("maxEjectionMs", "max_ejection");
    inner.refuse(`must be at least base_ejection, received ${formatSeconds(most)} of ${formatSeconds(least)}`);
  },
);

/** Rule of `grpcrouter.v1.ConcurrencyLimit`. */
export const concurrencyLimitRule: FactRule = facts<ConcurrencyLimitFacts>(
  {
    maxConcurrent: count,
    maxConcurrentPerInstance: count,
    adaptive: facts<AdaptiveLimitFacts>(
      {
        minLimit: count,
        maxLimit: count,
        windowMs: duration(),
        minRttIntervalMs: duration(),
        jitterPercent: percent,
        bufferPercent: percent,
        percentile: decimal({ above: 0, max: 100 }),
      },
      ({ minLimit: least = 4, maxLimit: most }, place) => {
        if (most === undefined || most >= least) return;
        place.inner("maxLimit", "max_limit").refuse(`must be at least min_limit, received ${most} of ${least}`);
      },
    ),
  },
  (limit, place) => {
    if (Object.values(limit).some((bound) => bound !== undefined)) return;
    place.refuse("must set max_concurrent, max_concurrent_per_instance or adaptive");
  },
);

/** Rule of `grpcrouter.v1.AdmissionControl`. */
export const admissionControlRule: FactRule = facts<AdmissionControlFacts>({
  successThreshold: share,
  aggression: decimal({ min: 1 }),
  windowMs: duration(),
  minRequestsPerSecond: decimal({ min: 0 }),
  maxRejectionShare: share,
});
