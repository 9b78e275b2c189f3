// SPDX-License-Identifier: Apache-2.0
// The contract that generated modules bind to. It only grows: a changed contract is a folder of its own, codegenv2.

export type {
  BalanceFacts,
  CandidateFacts,
  CustomFacts,
  LeastRequestFacts,
  LocalityFacts,
  MaglevFacts,
  PeakEwmaFacts,
  PickFirstFacts,
  RingHashFacts,
  SlowStartFacts,
  StickyFacts,
  StrategyFacts,
  WeightedRoundRobinFacts,
} from "./balance-facts.js";
export { bridgeDesc, isGenBridge } from "./bridge-desc.js";
export type {
  AdaptiveLimitFacts,
  AdmissionControlFacts,
  CircuitBreakerFacts,
  ConcurrencyLimitFacts,
  FailurePercentageFacts,
  FallbackFacts,
  HedgingFacts,
  OutlierDetectionFacts,
  RetryBudgetFacts,
  RetryFacts,
  RetryThrottlingFacts,
  StaticReplyFacts,
  SuccessRateFacts,
} from "./resilience-facts.js";
export { isGenRouter, routerDesc } from "./router-desc.js";
export { typedNumbers } from "./typed-numbers.js";
export type {
  GenBridge,
  GenPolicies,
  GenRouter,
  MethodFacts,
  MethodName,
  MethodPolicyFacts,
  RequestOf,
  ResponseOf,
  RouteKeyFacts,
  ServiceFacts,
  ServiceNumbers,
  ServicePolicyFacts,
} from "./types.js";
