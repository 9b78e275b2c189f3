// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";

/**
 * Codes by which a service says that it is not well; the others say that the call was not. Unlike Envoy, whose detection
 * goes by HTTP's 5xx, these are gRPC's own. RESOURCE_EXHAUSTED is not among them: it may be the caller's quota.
 */
const failureStatusCodes: readonly number[] = [
  StatusCode.unknown,
  StatusCode.deadlineExceeded,
  StatusCode.internal,
  StatusCode.unavailable,
  StatusCode.dataLoss,
];

/**
 * What holds where a policy says nothing, by policy: the figures of the references, as options.proto documents them.
 * Times are in milliseconds. A policy that is not asked for at all does not act, whatever stands here.
 */
export const resilienceDefaults = {
  /** gRFC A6 has no defaults; backoff as in Envoy. */
  retry: {
    initialBackoffMs: 25,
    maxBackoffMs: 1_000,
    backoffMultiplier: 2,
    retryableStatusCodes: [StatusCode.unavailable] as readonly number[],
  },
  /** gRFC A6: no delay sends all attempts at once, and without codes every failure is the call's. */
  hedging: { hedgingDelayMs: 0, nonFatalStatusCodes: [] as readonly number[] },
  /** Envoy, `RetryBudget`. */
  retryBudget: { share: 0.2, minConcurrent: 3 },
  /** Linkerd, failure accrual: 7 failures, 1 s to 60 s, jitter 0.5. The window of the rate is our own. */
  circuitBreaker: {
    consecutiveFailures: 7,
    minCalls: 20,
    windowMs: 10_000,
    penaltyMs: 1_000,
    maxPenaltyMs: 60_000,
    jitter: 0.5,
    failureStatusCodes,
  },
  /** gRFC A50; the panic threshold is Envoy's. */
  outlierDetection: {
    intervalMs: 10_000,
    baseEjectionMs: 30_000,
    maxEjectionMs: 300_000,
    maxEjectionPercent: 10,
    panicThresholdPercent: 50,
    failureStatusCodes,
    successRate: { stdevFactor: 1_900, enforcementPercent: 100, minHosts: 5, minRequests: 100 },
    failurePercentage: { threshold: 85, enforcementPercent: 100, minHosts: 5, minRequests: 50 },
  },
  /** Envoy, gradient controller; the percentile, the smallest limit and the jitter are our own. */
  adaptiveLimit: {
    minLimit: 4,
    maxLimit: 1_000,
    windowMs: 100,
    minRttIntervalMs: 60_000,
    jitterPercent: 10,
    bufferPercent: 25,
    percentile: 90,
  },
  /** Envoy, admission control; its window is 30 s, and it acts from the first request on. */
  admissionControl: {
    successThreshold: 0.95,
    aggression: 1,
    windowMs: 120_000,
    minRequestsPerSecond: 5,
    maxRejectionShare: 0.8,
  },
} as const;
