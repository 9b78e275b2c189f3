// SPDX-License-Identifier: Apache-2.0
import { type GrowthCounters, type Reason, reasons } from "@grpc-router/protocol";
import type { BreakerChange } from "./resilience/circuit-breaker.js";
import type { RetryRefusal } from "./resilience/judge-retry.js";
import type { EjectionCause } from "./resilience/outlier-detection.js";

/**
 * What the router does beside HTTP/2, counted since its start: plain numbers that only grow, so a reader takes
 * differences. Every limit of calls and channels ends in a reason, so the counts by reason say how often each was hit.
 */
export class RouterCounters implements GrowthCounters {
  /** Calls, registrations and channels that the router ended, by reason (docs/channel.md section 8). */
  readonly reasons: Record<Reason, number> = noReasons();
  /** Requests that were not kept for a second try because their connection's memory was used up (`memoryBytes`, `headerBytes`). */
  requestsNotKept = 0;
  /** The same because the router's was (`maxReplayBytes`). */
  replaysRefused = 0;
  /** Slots that clients got back although an instance had not confirmed a Cancel in time. */
  slotsGivenUp = 0;
  /** Attempts that followed a failed one by a retry policy. */
  retries = 0;
  /** Failed attempts of methods with such a policy that none followed, by what stood against it. */
  readonly retriesRefused: Record<RetryRefusal, number> = {
    committed: 0,
    notKept: 0,
    deadline: 0,
    clientRetries: 0,
    pushback: 0,
    notRetryable: 0,
    attemptsUsed: 0,
    throttled: 0,
    budget: 0,
  };
  /** Calls that went to their fallback service, and those that got their fallback's reply. */
  readonly fallbacks = { rerouted: 0, replied: 0 };
  /** Changes of circuit breakers. */
  readonly breakers: Record<BreakerChange, number> = { opened: 0, reopened: 0, closed: 0 };
  /** Instances that were ejected, by what for. */
  readonly ejections: Record<EjectionCause, number> = { consecutiveFailures: 0, successRate: 0, failurePercentage: 0 };
  /** Attempts that raced with an earlier one by a hedging policy. */
  hedges = 0;
  /**
   * Times that data had to wait: for credit of an instance, for the transport of a channel, for a client's window. Data that
   * still waits when more of the call comes counts again.
   */
  readonly stalls = { credit: 0, channel: 0, client: 0 };
  /** Of the windows of replies. */
  creditGrown = 0;
  creditNotGrown = 0;
}

function noReasons(): Record<Reason, number> {
  return Object.fromEntries(Object.keys(reasons).map((reason) => [reason, 0])) as Record<Reason, number>;
}
