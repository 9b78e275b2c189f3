// SPDX-License-Identifier: Apache-2.0

import type { MethodPolicyFacts, RouteKeyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import { balanceRule } from "./balance-rules.js";
import {
  checkFacts,
  choice,
  duration,
  type FactRule,
  type FactRules,
  facts,
  flag,
  integer,
  isFacts,
  show,
} from "./fact-rule.js";
import { fallbackRule } from "./fallback-rule.js";
import { FactPlace, type PolicyFault } from "./policy-fault.js";
import {
  admissionControlRule,
  circuitBreakerRule,
  concurrencyLimitRule,
  hedgingRule,
  outlierDetectionRule,
  retryBudgetRule,
  retryRule,
  retryThrottlingRule,
} from "./resilience-rules.js";

/** Facts of a method of which only one of two can hold; the second names the first when both are there. */
export const exclusivePairs = [
  ["retry", "hedging"],
  ["routeKey", "routeKeyMetadata"],
] as const satisfies readonly (readonly [keyof MethodPolicyFacts, keyof MethodPolicyFacts])[];

/** What follows from a path: `completeMethodFacts` works it out again. */
const found: FactRule = { check: () => {} };

const methodRules = {
  timeoutMs: duration({ endless: true }),
  defaultTimeoutMs: duration({ endless: true }),
  retry: retryRule,
  hedging: hedgingRule,
  balance: balanceRule,
  routeKey: facts<RouteKeyFacts>({
    path: { check: checkPath },
    fields: { check: checkNumbers },
    kind: found,
    groups: found,
    rivals: found,
  }),
  routeKeyMetadata: { check: checkMetadataName },
  maxRequestMessageBytes: integer(1),
  maxResponseMessageBytes: integer(1),
  priority: choice(["low", "normal", "high"], ["PRIORITY_LOW", "PRIORITY_NORMAL", "PRIORITY_HIGH"]),
  waitForReady: flag,
  circuitBreaker: circuitBreakerRule,
  concurrencyLimit: concurrencyLimitRule,
  fallback: fallbackRule,
} as const satisfies { readonly [Name in keyof MethodPolicyFacts]-?: FactRule };

const serviceRules = {
  balance: balanceRule,
  defaults: { fields: methodRules, scope: "", check: checkMethod },
  outlierDetection: outlierDetectionRule,
  retryThrottling: retryThrottlingRule,
  retryBudget: retryBudgetRule,
  circuitBreaker: circuitBreakerRule,
  concurrencyLimit: concurrencyLimitRule,
  admissionControl: admissionControlRule,
} as const satisfies { readonly [Name in keyof ServicePolicyFacts]-?: FactRule };

/** The rules by the names of facts, for what walks them. */
export const policyRules: { readonly method: FactRules; readonly service: FactRules } = {
  method: methodRules,
  service: serviceRules,
};

/**
 * What is wrong with what one source says of a method, as far as the method need not be known; `completeMethodFacts`
 * judges the rest. Everything at once; empty if all is well. Also for values that no compiler has seen.
 */
export function findPolicyFaults(facts: MethodPolicyFacts): PolicyFault[] {
  const faults: PolicyFault[] = [];
  checkMethod(facts, new FactPlace(faults));
  return faults;
}

/** The same of a service; a fault in `defaults` has "defaults" as the first name of its path. */
export function findServicePolicyFaults(facts: ServicePolicyFacts): PolicyFault[] {
  const faults: PolicyFault[] = [];
  const place = new FactPlace(faults);
  if (isFacts(facts)) checkFacts(facts, serviceRules, place);
  else place.refuse(`it must be an object, received ${show(facts)}`);
  return faults;
}

function checkMethod(facts: unknown, place: FactPlace): void {
  if (!isFacts(facts)) {
    place.refuse(`it must be an object, received ${show(facts)}`);
    return;
  }
  // The facts of generated code have the method's number beside its policy.
  const { number: _, ...policy } = facts;
  checkFacts(policy, methodRules, place);
  for (const [first, second] of exclusivePairs) {
    if (policy[first] === undefined || policy[second] === undefined) continue;
    place.inner(second, second).refuse(`excludes ${first === "retry" ? "retry" : "route_key"}; one of the two must go`);
  }
  const { timeoutMs, defaultTimeoutMs } = policy;
  if (typeof timeoutMs !== "number" || typeof defaultTimeoutMs !== "number" || defaultTimeoutMs <= timeoutMs) return;
  const inner = place.inner("defaultTimeoutMs", "default_timeout");
  inner.refuse(`must be at most timeout, received ${defaultTimeoutMs} ms of ${timeoutMs} ms`);
}

/** gRPC's alphabet of names; names of gRPC itself are not the caller's to set, and a binary value is no key. */
export function checkMetadataName(name: unknown, place: FactPlace): void {
  if (typeof name === "string" && /^[0-9a-z_.-]+$/.test(name) && !/^grpc-|-bin$/.test(name)) return;
  place.refuse(`must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received ${show(name)}`);
}

/** Which fields there are is for the method to say. */
function checkPath(path: unknown, place: FactPlace): void {
  if (typeof path !== "string") place.refuse(`must be a path of field names, received ${show(path)}`);
}

function checkNumbers(value: unknown, place: FactPlace): void {
  if (Array.isArray(value) && value.every((number) => Number.isInteger(number) && number > 0)) return;
  place.refuse(`must be field numbers, received ${show(value)}`);
}
