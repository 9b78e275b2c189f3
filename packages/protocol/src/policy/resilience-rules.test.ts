// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type FaultRow, methodFaults, serviceFaults } from "./policy-faults.suite.js";

const ofMethods: readonly FaultRow[] = [
  [{ retry: {} }, "retry.maxAttempts", "max_attempts must be 2 to 5, received none"],
  [{ retry: [] }, "retry", "it must be an object, received a list"],
  [{ retry: null }, "retry", "it must be an object, received null"],
  [{ retry: { maxAttempts: 7 } }, "retry.maxAttempts", "max_attempts must be 2 to 5, received 7"],
  [{ retry: { maxAttempts: 1 } }, "retry.maxAttempts", "max_attempts must be 2 to 5, received 1"],
  [{ retry: { maxAttempts: "3" } }, "retry.maxAttempts", 'max_attempts must be 2 to 5, received "3"'],
  [
    { retry: { maxAttempts: 2, initialBackoffMs: 0 } },
    "retry.initialBackoffMs",
    "initial_backoff must be longer than 0 s, received 0 s",
  ],
  [
    { retry: { maxAttempts: 2, maxBackoffMs: 24 } },
    "retry.maxBackoffMs",
    "max_backoff must be at least initial_backoff, received 24 ms of 25 ms",
  ],
  [
    { retry: { maxAttempts: 2, initialBackoffMs: 9, maxBackoffMs: 8 } },
    "retry.maxBackoffMs",
    "max_backoff must be at least initial_backoff, received 8 ms of 9 ms",
  ],
  [
    { retry: { maxAttempts: 2, backoffMultiplier: 0 } },
    "retry.backoffMultiplier",
    "backoff_multiplier must be greater than 0, received 0",
  ],
  [
    { retry: { maxAttempts: 2, retryableStatusCodes: [14, 0] } },
    "retry.retryableStatusCodes",
    "retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
  ],
  [
    { retry: { maxAttempts: 2, retryableStatusCodes: [17] } },
    "retry.retryableStatusCodes",
    "retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 17",
  ],
  [
    { retry: { maxAttempts: 2, retryableStatusCodes: ["UNAVAILABLE"] } },
    "retry.retryableStatusCodes",
    'retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received "UNAVAILABLE"',
  ],
  [
    { retry: { maxAttempts: 2, retryableStatusCodes: 14 } },
    "retry.retryableStatusCodes",
    "retryable_status_codes must be a list of status codes, received 14",
  ],
  [
    { retry: { maxAttempts: 2, attemptTimeoutMs: -1 } },
    "retry.attemptTimeoutMs",
    "attempt_timeout must be longer than 0 s, received -0.001 s",
  ],
  [
    { retry: { maxAttempts: 2, maxAttemps: 3 } },
    "retry.maxAttemps",
    'there is no "maxAttemps"; did you mean "maxAttempts"?',
  ],
  [{ hedging: { maxAttempts: 6 } }, "hedging.maxAttempts", "max_attempts must be 2 to 5, received 6"],
  [
    { hedging: { maxAttempts: 2, hedgingDelayMs: -1 } },
    "hedging.hedgingDelayMs",
    "hedging_delay must be 0 s or longer, received -0.001 s",
  ],
  [
    { hedging: { maxAttempts: 2, nonFatalStatusCodes: [0] } },
    "hedging.nonFatalStatusCodes",
    "non_fatal_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
  ],
  [
    { circuitBreaker: { consecutiveFailures: 0 } },
    "circuitBreaker.consecutiveFailures",
    "consecutive_failures must be at least 1, received 0",
  ],
  [
    { circuitBreaker: { failureRate: 0 } },
    "circuitBreaker.failureRate",
    "failure_rate must be greater than 0 and at most 1, received 0",
  ],
  [
    { circuitBreaker: { failureRate: 50 } },
    "circuitBreaker.failureRate",
    "failure_rate must be greater than 0 and at most 1, received 50",
  ],
  [{ circuitBreaker: { minCalls: 0 } }, "circuitBreaker.minCalls", "min_calls must be at least 1, received 0"],
  [{ circuitBreaker: { windowMs: 0 } }, "circuitBreaker.windowMs", "window must be longer than 0 s, received 0 s"],
  [
    { circuitBreaker: { penaltyMs: -5 } },
    "circuitBreaker.penaltyMs",
    "penalty must be longer than 0 s, received -0.005 s",
  ],
  [
    { circuitBreaker: { maxPenaltyMs: 999 } },
    "circuitBreaker.maxPenaltyMs",
    "max_penalty must be at least penalty, received 0.999 s of 1 s",
  ],
  [{ circuitBreaker: { jitter: 1.1 } }, "circuitBreaker.jitter", "jitter must be 0 to 1, received 1.1"],
  [
    { circuitBreaker: { failureStatusCodes: [14, 5] } },
    "circuitBreaker.failureStatusCodes",
    "failure_status_codes must not name NOT_FOUND: it is the caller's doing, whichever instance answers",
  ],
  [
    { circuitBreaker: { failureStatusCodes: [0] } },
    "circuitBreaker.failureStatusCodes",
    "failure_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
  ],
  [{ concurrencyLimit: {} }, "concurrencyLimit", "it must set max_concurrent, max_concurrent_per_instance or adaptive"],
  [
    { concurrencyLimit: { maxConcurrent: 0 } },
    "concurrencyLimit.maxConcurrent",
    "max_concurrent must be at least 1, received 0",
  ],
  [
    { concurrencyLimit: { maxConcurrentPerInstance: -1 } },
    "concurrencyLimit.maxConcurrentPerInstance",
    "max_concurrent_per_instance must be at least 1, received -1",
  ],
  [
    { concurrencyLimit: { adaptive: { minLimit: 10, maxLimit: 9 } } },
    "concurrencyLimit.adaptive.maxLimit",
    "adaptive.max_limit must be at least min_limit, received 9 of 10",
  ],
  [
    { concurrencyLimit: { adaptive: { maxLimit: 3 } } },
    "concurrencyLimit.adaptive.maxLimit",
    "adaptive.max_limit must be at least min_limit, received 3 of 4",
  ],
  [
    { concurrencyLimit: { adaptive: { percentile: 0 } } },
    "concurrencyLimit.adaptive.percentile",
    "adaptive.percentile must be greater than 0 and at most 100, received 0",
  ],
  [
    { concurrencyLimit: { adaptive: { jitterPercent: 101 } } },
    "concurrencyLimit.adaptive.jitterPercent",
    "adaptive.jitter_percent must be 0 to 100, received 101",
  ],
  [
    { concurrencyLimit: { adaptive: { windowMs: 0 } } },
    "concurrencyLimit.adaptive.windowMs",
    "adaptive.window must be longer than 0 s, received 0 s",
  ],
];

const ofServices: readonly FaultRow[] = [
  [
    { retryThrottling: { maxTokens: 0, tokenRatio: 1 } },
    "retryThrottling.maxTokens",
    "max_tokens must be 1 to 1000, received 0",
  ],
  [
    { retryThrottling: { maxTokens: 1001, tokenRatio: 1 } },
    "retryThrottling.maxTokens",
    "max_tokens must be 1 to 1000, received 1001",
  ],
  [
    { retryThrottling: { maxTokens: 10, tokenRatio: 0.0009 } },
    "retryThrottling.tokenRatio",
    "token_ratio must be 0.001 to 1000, received 0.0009",
  ],
  [{ retryBudget: { share: 0 } }, "retryBudget.share", "share must be greater than 0 and at most 1, received 0"],
  [
    { retryBudget: { minConcurrent: -1 } },
    "retryBudget.minConcurrent",
    "min_concurrent must be at least 0, received -1",
  ],
  [
    { outlierDetection: { intervalMs: 0 } },
    "outlierDetection.intervalMs",
    "interval must be longer than 0 s, received 0 s",
  ],
  [
    { outlierDetection: { maxEjectionMs: 29_999 } },
    "outlierDetection.maxEjectionMs",
    "max_ejection must be at least base_ejection, received 29.999 s of 30 s",
  ],
  [
    { outlierDetection: { maxEjectionPercent: 101 } },
    "outlierDetection.maxEjectionPercent",
    "max_ejection_percent must be 0 to 100, received 101",
  ],
  [
    { outlierDetection: { consecutiveFailures: 0 } },
    "outlierDetection.consecutiveFailures",
    "consecutive_failures must be at least 1, received 0",
  ],
  [
    { outlierDetection: { successRate: { minHosts: 0 } } },
    "outlierDetection.successRate.minHosts",
    "success_rate.min_hosts must be at least 1, received 0",
  ],
  [
    { outlierDetection: { failurePercentage: { threshold: 101 } } },
    "outlierDetection.failurePercentage.threshold",
    "failure_percentage.threshold must be 0 to 100, received 101",
  ],
  [
    { outlierDetection: { panicThresholdPercent: 101 } },
    "outlierDetection.panicThresholdPercent",
    "panic_threshold_percent must be 0 to 100, received 101",
  ],
  [
    { outlierDetection: { failureStatusCodes: [3] } },
    "outlierDetection.failureStatusCodes",
    "failure_status_codes must not name INVALID_ARGUMENT: it is the caller's doing, whichever instance answers",
  ],
  [
    { circuitBreaker: { failureRate: 2 } },
    "circuitBreaker.failureRate",
    "failure_rate must be greater than 0 and at most 1, received 2",
  ],
  [{ concurrencyLimit: {} }, "concurrencyLimit", "it must set max_concurrent, max_concurrent_per_instance or adaptive"],
  [
    { admissionControl: { successThreshold: 1.1 } },
    "admissionControl.successThreshold",
    "success_threshold must be greater than 0 and at most 1, received 1.1",
  ],
  [
    { admissionControl: { aggression: 0.5 } },
    "admissionControl.aggression",
    "aggression must be at least 1, received 0.5",
  ],
  [{ admissionControl: { windowMs: 0 } }, "admissionControl.windowMs", "window must be longer than 0 s, received 0 s"],
  [
    { admissionControl: { minRequestsPerSecond: -1 } },
    "admissionControl.minRequestsPerSecond",
    "min_requests_per_second must be at least 0, received -1",
  ],
  [
    { admissionControl: { maxRejectionShare: 0 } },
    "admissionControl.maxRejectionShare",
    "max_rejection_share must be greater than 0 and at most 1, received 0",
  ],
];

describe("rules of resilience", () => {
  test.each(ofMethods)("refuse %j of a method", (facts, path, reason) => {
    expect(methodFaults(facts)).toEqual([{ path, reason }]);
  });

  test.each(ofServices)("refuse %j of a service", (facts, path, reason) => {
    expect(serviceFaults(facts)).toEqual([{ path, reason }]);
  });

  test.each([
    [{ retry: { maxAttempts: 2, initialBackoffMs: 5000 } }],
    [{ retry: { maxAttempts: 5, retryableStatusCodes: [] } }],
    [{ hedging: { maxAttempts: 2, hedgingDelayMs: 0 } }],
    [{ circuitBreaker: {} }],
    [{ circuitBreaker: { penaltyMs: 90_000 } }],
    [{ concurrencyLimit: { adaptive: { minLimit: 2000 } } }],
  ])("find nothing in %j", (facts) => {
    expect(methodFaults(facts)).toEqual([]);
  });

  test("find nothing in what a service may say", () => {
    expect(serviceFaults({ outlierDetection: {}, admissionControl: {}, retryBudget: {}, circuitBreaker: {} })).toEqual(
      [],
    );
    expect(serviceFaults({ outlierDetection: { baseEjectionMs: 400_000 } })).toEqual([]);
    expect(serviceFaults({ retryThrottling: { maxTokens: 1000, tokenRatio: 0.001 } })).toEqual([]);
  });
});
