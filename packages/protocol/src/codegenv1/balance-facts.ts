// SPDX-License-Identifier: Apache-2.0
// What can be said about balancing: `grpcrouter.v1.Balance` with durations in milliseconds. Absent means not said; the
// defaults stand in options.proto and are the router's to apply.

import type { JsonObject } from "@bufbuild/protobuf";

/** `grpcrouter.v1.Balance`: exactly one strategy with its parameters, and which instances it chooses from. */
export type BalanceFacts = StrategyFacts & CandidateFacts;

/** The strategy, under its name. */
export type StrategyFacts =
  | { readonly roundRobin: Readonly<Record<string, never>> }
  | { readonly leastRequest: LeastRequestFacts }
  | { readonly random: Readonly<Record<string, never>> }
  | { readonly weightedRoundRobin: WeightedRoundRobinFacts }
  | { readonly peakEwma: PeakEwmaFacts }
  | { readonly ringHash: RingHashFacts }
  | { readonly maglev: MaglevFacts }
  | { readonly sticky: StickyFacts }
  | { readonly pickFirst: PickFirstFacts }
  | { readonly custom: CustomFacts };

/** Which instances the strategy chooses from, and how new ones come in. */
export interface CandidateFacts {
  /** Labels that an instance must have, all of them. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Label whose whole number is the instance's tier; 0 is used first. */
  readonly priorityLabel?: string;
  readonly locality?: LocalityFacts;
  readonly subsetSize?: number;
  readonly slowStart?: SlowStartFacts;
}

/** `grpcrouter.v1.LeastRequest`. */
export interface LeastRequestFacts {
  readonly choiceCount?: number;
  readonly fullScan?: boolean;
  readonly activeRequestBias?: number;
}

/** `grpcrouter.v1.WeightedRoundRobin`. */
export interface WeightedRoundRobinFacts {
  readonly useLoadReports?: boolean;
  readonly blackoutMs?: number;
  readonly expiryMs?: number;
  readonly updateMs?: number;
  readonly errorPenalty?: number;
  readonly metricNamesForComputingUtilization?: readonly string[];
}

/** `grpcrouter.v1.PeakEwma`. */
export interface PeakEwmaFacts {
  readonly decayMs?: number;
  readonly defaultRttMs?: number;
  readonly failureLatencyMs?: number;
  readonly choiceCount?: number;
}

/** `grpcrouter.v1.RingHash`. */
export interface RingHashFacts {
  readonly minRingSize?: number;
  readonly maxRingSize?: number;
  readonly boundedLoadFactor?: number;
}

/** `grpcrouter.v1.Maglev`. */
export interface MaglevFacts {
  readonly tableSize?: number;
  readonly boundedLoadFactor?: number;
}

/** `grpcrouter.v1.Sticky`. */
export interface StickyFacts {
  readonly fallback?: "rebalance" | "fail";
}

/** `grpcrouter.v1.PickFirst`. */
export interface PickFirstFacts {
  readonly shuffle?: boolean;
}

/** `grpcrouter.v1.Custom`. */
export interface CustomFacts {
  readonly name: string;
  readonly parameters?: JsonObject;
}

/** `grpcrouter.v1.Locality`. */
export interface LocalityFacts {
  readonly zoneLabel?: string;
  readonly regionLabel?: string;
  readonly zone?: string;
  readonly region?: string;
  readonly overprovisioningPercent?: number;
}

/** `grpcrouter.v1.SlowStart`. */
export interface SlowStartFacts {
  readonly windowMs: number;
  readonly aggression?: number;
  readonly minWeightPercent?: number;
}
