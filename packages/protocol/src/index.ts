// SPDX-License-Identifier: Apache-2.0

// For people: the channel's schema, the options of a .proto, the log.

export * from "./gen/grpcrouter/config/v1/policy_config_pb.js";
export * from "./gen/grpcrouter/v1/channel_pb.js";
export * from "./gen/grpcrouter/v1/options_pb.js";
export * from "./log.js";

// For the packages beside this one: gRPC's facts. `StatusCode` is that of status.js, which has OK and stands before the
// enum of the options.

export * from "./base64.js";
export * from "./burst-log.js";
export * from "./call-table.js";
export * from "./credit-growth.js";
export * from "./features.js";
export * from "./limits.js";
export * from "./message-prefix.js";
export * from "./metadata.js";
export * from "./method-number.js";
export * from "./percent-encoding.js";
export * from "./rate-limiter.js";
export * from "./reasons.js";
export * from "./stack-of.js";
export {
  isStatusCode,
  parseStatusName,
  StatusCode,
  type StatusName,
  statusName,
  statusOfHttp,
  statusOfReset,
} from "./status.js";
export * from "./status-details.js";
export * from "./timeout.js";

// What can be said about balancing and resilience: from messages to facts, and their rules.

export * from "./policy/complete-method-facts.js";
export * from "./policy/config-fault.js";
export * from "./policy/fact-path.js";
export { factName, factsOf, methodFactsOf, millisecondsOf, serviceFactsOf } from "./policy/facts-of.js";
export type { PolicyFault } from "./policy/policy-fault.js";
export { findPolicyFaults, findServicePolicyFaults } from "./policy/policy-rules.js";
export { type ReadOptions, readOptions } from "./policy/read-options.js";
export * from "./policy/read-policy-config.js";
export * from "./policy/resolve-policy.js";
export * from "./policy/service-config.js";
export * from "./policy/tenant-facts.js";

// From descriptors to what is routed.

export * from "./schema/index.js";

// The channel's frame codec.

export * from "./frame/index.js";

// Keys of calls, from messages and metadata.

export * from "./key/index.js";
