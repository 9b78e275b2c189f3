// SPDX-License-Identifier: Apache-2.0

// For people who set up a router.

export type {
  AttemptOutcome,
  BalancedCall,
  Balancer,
  Candidate,
  CandidateLoad,
  Candidates,
} from "./balance/balancer.js";
export { canTake } from "./balance/balancer.js";
export type { LeastRequestOptions } from "./balance/least-request.js";
export { createLeastRequest } from "./balance/least-request.js";
export type { LevelOptions } from "./balance/levels.js";
export type { LocalityOptions } from "./balance/locality.js";
export { createLocality } from "./balance/locality.js";
export type { MaglevOptions } from "./balance/maglev.js";
export { createMaglev } from "./balance/maglev.js";
export type { PeakEwmaOptions } from "./balance/peak-ewma.js";
export { createPeakEwma } from "./balance/peak-ewma.js";
export type { PickFirstOptions } from "./balance/pick-first.js";
export { createPickFirst } from "./balance/pick-first.js";
export { createRandom } from "./balance/random.js";
export type { BalancerFactory } from "./balance/resolve-balancer.js";
export type { RingHashOptions } from "./balance/ring-hash.js";
export { createRingHash } from "./balance/ring-hash.js";
export { createRoundRobin } from "./balance/round-robin.js";
export type { SelectorOptions } from "./balance/selector.js";
export { createSelector } from "./balance/selector.js";
export type { StickyOptions } from "./balance/sticky.js";
export { createSticky, tokenOf } from "./balance/sticky.js";
export type { SubsetOptions } from "./balance/subset.js";
export { createSubset } from "./balance/subset.js";
export type { TiersOptions } from "./balance/tiers.js";
export { createTiers } from "./balance/tiers.js";
export type { WeightedRoundRobinOptions } from "./balance/weighted-round-robin.js";
export { createWeightedRoundRobin } from "./balance/weighted-round-robin.js";
export type { ConnectionSettings } from "./connection-settings.js";
export type { CredentialSettings, RegistrationSettings, TokenSettings } from "./credentials/credential-settings.js";
export { validateCredentials } from "./credentials/credential-settings.js";
export type {
  AttemptFollower,
  CallFollower,
  CallSkip,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
  MessagePiece,
  WatchedCall,
} from "./follow/call-watcher.js";
export { CallError } from "./intercept/call-error.js";
export type { CallInterceptor, CallResult, CallRun, InterceptedCall } from "./intercept/call-interceptor.js";
export { CallMetadata, type MetadataField } from "./intercept/call-metadata.js";
export type { HookResult, MessageHook, MethodHooks } from "./intercept/message-hook.js";
export type { MemoryGauge } from "./memory-gauge.js";
export type { MetricsSettings } from "./metrics/metrics-settings.js";
export type { CallStats, LatencySummary } from "./operate/call-stats.js";
export type { ConnectionBook, ConnectionInfo, TracedConnection } from "./operate/connection-book.js";
export type { MethodInfo, ServiceInfo } from "./operate/describe-service.js";
export { EventLog } from "./operate/event-log.js";
export { type EventBatch, EventRing, type RouterEvent } from "./operate/event-ring.js";
export { explainPolicy, type PolicyFact, policyFactsOf } from "./operate/explain-policy.js";
export type { CallFilter, CallInfo, CallList, CallPhase } from "./operate/list-calls.js";
export type { InstanceName, Operator } from "./operate/operator.js";
export type { BalancerName } from "./registry/balance-by-name.js";
export type { InstanceInfo } from "./registry/instance-info.js";
export type { RouterContract, ServiceChanges } from "./registry/service-catalog.js";
export type { MethodSettings, RouterOptions, ServiceSettings, SharedSettings } from "./registry/settings.js";
export type { PolicyUsage } from "./resilience/policy-usage.js";
export type { PriorityName } from "./resilience/priority.js";
export type { DescriptorOptions, Router } from "./router.js";
export { createRouter, untypedRegisterPath } from "./router.js";
export type { RouterErrorCode } from "./router-error.js";
export { isRouterError, RouterError } from "./router-error.js";

// For the packages that bring sockets and timers.

export { addressKey } from "./credentials/address-key.js";
export type { ConnectionUsage } from "./forward/client-account.js";
export { waitForReadyName } from "./forward/request-metadata.js";
export type { ConnectionPurpose } from "./forward/server-connection.js";
export { ServerReflection } from "./gen/grpc/reflection/v1/reflection_pb.js";
export { ServerReflection as ServerReflectionAlpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.js";
export { type ExplicitBucket, toExplicitBuckets } from "./metrics/explicit-buckets.js";
export { ExponentialHistogram, type HistogramShape } from "./metrics/exponential-histogram.js";
export type {
  HistogramBounds,
  HistogramSnapshot,
  MetricDefinition,
  MetricFamily,
  MetricPoint,
  MetricType,
} from "./metrics/metric-definition.js";
export { familyByName, familyOf } from "./metrics/metric-definition.js";
export { routerMetricDefinitions } from "./metrics/router-metric-definitions.js";
export type { DrainOptions, RouterPorts } from "./router-core.js";
export { RouterCore } from "./router-core.js";
export { RouterCounters } from "./router-counters.js";
