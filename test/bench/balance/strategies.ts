// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { BalanceFacts } from "@grpc-router/protocol/codegenv1";
import type { MethodSettings } from "@grpc-router/runtime";

/** A row of the comparison. */
export interface ComparedStrategy {
  readonly label: string;
  readonly balance: BalanceFacts;
  /** Instances state how many calls they work on at a time: the router keeps the others. Default false. */
  readonly statesCapacity?: boolean;
}

/** All strategies, with their defaults where the label says nothing. */
export const strategies: readonly ComparedStrategy[] = [
  { label: "round_robin", balance: { roundRobin: {} } },
  { label: "random", balance: { random: {} } },
  { label: "weighted_round_robin", balance: { weightedRoundRobin: { useLoadReports: true } } },
  { label: "least_request", balance: { leastRequest: {} } },
  { label: "least_request, full scan", balance: { leastRequest: { fullScan: true } } },
  { label: "peak_ewma", balance: { peakEwma: {} } },
  { label: "ring_hash", balance: { ringHash: {} } },
  { label: "ring_hash, bounded 1.25", balance: { ringHash: { boundedLoadFactor: 1.25 } } },
  { label: "maglev", balance: { maglev: {} } },
  { label: "sticky", balance: { sticky: {} } },
  { label: "pick_first", balance: { pickFirst: {} } },
  { label: "pull", balance: { leastRequest: {} }, statesCapacity: true },
];

/**
 * What "with resilience" adds: a breaker that opens at half the share of failures that the failing instance has, and two
 * more attempts for calls that end as UNAVAILABLE.
 */
export const resilience: Pick<MethodSettings, "circuitBreaker" | "retry"> = {
  circuitBreaker: { failureRate: 0.1 },
  retry: { maxAttempts: 3 },
};

/** Other choices where the fleet cannot do without the failing instance, by name. */
export const otherPolicies: Readonly<Record<string, typeof resilience>> = {
  "breaker and retry": resilience,
  "the breaker counts UNAVAILABLE only": {
    ...resilience,
    circuitBreaker: { ...resilience.circuitBreaker, failureStatusCodes: [StatusCode.unavailable] },
  },
  "retry alone": { retry: { maxAttempts: 3 } },
};
