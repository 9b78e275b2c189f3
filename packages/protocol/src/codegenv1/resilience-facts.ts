// SPDX-License-Identifier: Apache-2.0
// What can be said about resilience: the messages of options.proto with durations in milliseconds and status codes as
// gRPC's numbers. Absent means not said; the defaults stand in options.proto and are the router's to apply.

import type { JsonValue } from "@bufbuild/protobuf";

/** `grpcrouter.v1.RetryPolicy` (gRFC A6). */
export interface RetryFacts {
  readonly maxAttempts: number;
  readonly initialBackoffMs?: number;
  readonly maxBackoffMs?: number;
  readonly backoffMultiplier?: number;
  readonly retryableStatusCodes?: readonly number[];
  readonly attemptTimeoutMs?: number;
}

/** `grpcrouter.v1.HedgingPolicy` (gRFC A6). */
export interface HedgingFacts {
  readonly maxAttempts: number;
  readonly hedgingDelayMs?: number;
  readonly nonFatalStatusCodes?: readonly number[];
}

/** `grpcrouter.v1.RetryThrottling` (gRFC A6). */
export interface RetryThrottlingFacts {
  readonly maxTokens: number;
  readonly tokenRatio: number;
}

/** `grpcrouter.v1.RetryBudget`. */
export interface RetryBudgetFacts {
  readonly share?: number;
  readonly minConcurrent?: number;
}

/** `grpcrouter.v1.CircuitBreaker`. */
export interface CircuitBreakerFacts {
  readonly consecutiveFailures?: number;
  readonly failureRate?: number;
  readonly minCalls?: number;
  readonly windowMs?: number;
  readonly penaltyMs?: number;
  readonly maxPenaltyMs?: number;
  readonly jitter?: number;
  readonly failureStatusCodes?: readonly number[];
}

/** `grpcrouter.v1.OutlierDetection` (gRFC A50). */
export interface OutlierDetectionFacts {
  readonly intervalMs?: number;
  readonly baseEjectionMs?: number;
  readonly maxEjectionMs?: number;
  readonly maxEjectionPercent?: number;
  readonly consecutiveFailures?: number;
  readonly successRate?: SuccessRateFacts;
  readonly failurePercentage?: FailurePercentageFacts;
  readonly panicThresholdPercent?: number;
  readonly failureStatusCodes?: readonly number[];
}

/** `grpcrouter.v1.SuccessRate`. */
export interface SuccessRateFacts {
  /** In thousandths of a standard deviation. */
  readonly stdevFactor?: number;
  readonly enforcementPercent?: number;
  readonly minHosts?: number;
  readonly minRequests?: number;
}

/** `grpcrouter.v1.FailurePercentage`. */
export interface FailurePercentageFacts {
  readonly threshold?: number;
  readonly enforcementPercent?: number;
  readonly minHosts?: number;
  readonly minRequests?: number;
}

/** `grpcrouter.v1.ConcurrencyLimit`. */
export interface ConcurrencyLimitFacts {
  readonly maxConcurrent?: number;
  readonly maxConcurrentPerInstance?: number;
  readonly adaptive?: AdaptiveLimitFacts;
}

/** `grpcrouter.v1.AdaptiveLimit`. */
export interface AdaptiveLimitFacts {
  readonly minLimit?: number;
  readonly maxLimit?: number;
  readonly windowMs?: number;
  readonly minRttIntervalMs?: number;
  readonly jitterPercent?: number;
  readonly bufferPercent?: number;
  readonly percentile?: number;
}

/** `grpcrouter.v1.AdmissionControl`. */
export interface AdmissionControlFacts {
  readonly successThreshold?: number;
  readonly aggression?: number;
  readonly windowMs?: number;
  readonly minRequestsPerSecond?: number;
  readonly maxRejectionShare?: number;
}

/** `grpcrouter.v1.Fallback`: exactly one of the three. */
export type FallbackFacts =
  | { readonly service: string }
  | { readonly reply: StaticReplyFacts }
  | { readonly failFast: true };

/** `grpcrouter.v1.StaticReply`. */
export interface StaticReplyFacts {
  /** gRPC's number; 0 is OK, and then the answer is the payload. */
  readonly code: number;
  readonly message?: string;
  /** The response message as JSON. */
  readonly payload?: JsonValue;
  /** The same as text. */
  readonly payloadJson?: string;
  /**
   * The response message's bytes in base64, made of the JSON where the message's descriptor was known: the generator and
   * `completeMethodFacts` put it in place of `payload` and `payloadJson`.
   */
  readonly payloadBase64?: string;
}
