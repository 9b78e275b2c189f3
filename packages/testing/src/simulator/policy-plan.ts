// SPDX-License-Identifier: Apache-2.0
import type { Message } from "@bufbuild/protobuf";
import type { MethodSettings, ServiceSettings } from "@grpc-router/runtime";
import { createSeededRandom, type SeededRandom } from "../seeded-random.js";
import { drawExtras } from "./policy-extras.js";
import { localNameOf, type SimMethod, simServices } from "./sim-service.js";

/** What is said of a method. */
export type SimMethodPolicy = MethodSettings<Message>;

/** How a run of user code fails that is to be tried again, or not. */
export interface PlannedFailure {
  /** gRPC status code. */
  readonly code: number;
  /** Value of `grpc-retry-pushback-ms`; empty: none. */
  readonly pushback: string;
  /** It says something before it fails: its headers, or of a stream its first reply. */
  readonly speaksFirst: boolean;
}

/** Policies of a world, and what makes them act. */
export interface PolicyPlan {
  /** By the service's place in `simServices`. */
  readonly services: readonly ServiceSettings[];
  /** By service: its calls go through interceptors. */
  readonly isIntercepted: readonly boolean[];
  /** By call and run: how user code fails; undefined: as the call's plan says. */
  readonly failures: readonly (readonly (PlannedFailure | undefined)[])[];
}

/** Metadata that keys of calls are in. */
export const shardName = "x-shard";
/** Different keys of a world. */
const shards = 3;

/** The key of a call: in its metadata, and in its first message. Zero would be none. */
export function shardOf({ index }: { readonly index: number }): number {
  return 1 + (index % shards);
}

/** Every so many schedules have policies, from the first one with this rest on. */
const policySeeds = 7;
const firstPolicySeed = 3;

const failureCodes = [14, 14, 8, 13, 5] as const;
const retryableCodes = [[14], [14, 8], [4, 14], [8]] as const;

/** Policies of the world of a seed whose routers have so many services; undefined: none. Drawn apart from all else, so that other worlds stay as they are. */
export function drawPolicies(seed: number, calls: number, routed: number): PolicyPlan | undefined {
  if (seed % policySeeds !== firstPolicySeed) return undefined;
  const random = createSeededRandom(seed ^ 0x706f6c69);
  const services = simServices.map((service) => drawService(random, service.methods));
  const failing = random.random();
  return {
    ...drawExtras(seed, services, routed),
    failures: Array.from({ length: calls }, () =>
      Array.from({ length: random.integer(7) }, () => (random.random() < failing ? drawFailure(random) : undefined)),
    ),
  };
}

/** What a service and its methods have. Few have much, so that what fails can be told apart. */
function drawService(random: SeededRandom, methods: readonly SimMethod[]): ServiceSettings {
  const some = (share: number): boolean => random.random() < share;
  const small = (most: number): number => 1 + random.integer(most);
  return {
    ...(some(0.3) ? { retryThrottling: { maxTokens: 2 + random.integer(8), tokenRatio: 0.001 } } : {}),
    ...(some(0.5) ? { retryBudget: { share: 0.001, minConcurrent: small(2) } } : {}),
    ...(some(0.15) ? { circuitBreaker: drawBreaker(random) } : {}),
    ...(some(0.25) ? { concurrencyLimit: drawLimit(random, 6) } : {}),
    ...(some(0.2) ? { outlierDetection: drawOutliers(random) } : {}),
    ...(some(0.1) ? { admissionControl: { windowMs: 2_000, minRequestsPerSecond: 1, successThreshold: 0.8 } } : {}),
    methods: Object.fromEntries(
      methods.filter(() => some(0.8)).map((method) => [localNameOf(method), drawMethod(random, method)]),
    ),
  };
}

function drawMethod(random: SeededRandom, method: SimMethod): SimMethodPolicy {
  const some = (share: number): boolean => random.random() < share;
  const isUnary = !method.clientStreams && !method.serverStreams;
  return {
    ...(isUnary && method.isIdempotent && some(0.6) ? { hedging: drawHedging(random) } : { retry: drawRetry(random) }),
    ...(some(0.15) ? { circuitBreaker: drawBreaker(random) } : {}),
    ...(some(0.2) ? { concurrencyLimit: drawLimit(random, 3) } : {}),
    ...(some(0.15) ? { fallback: drawFallback(random) } : {}),
    ...(some(0.5) ? drawBalance(random) : {}),
  };
}

function drawRetry(random: SeededRandom): NonNullable<SimMethodPolicy["retry"]> {
  return {
    maxAttempts: 2 + random.integer(4),
    initialBackoffMs: 1 + random.integer(50),
    maxBackoffMs: 100 + random.integer(200),
    backoffMultiplier: 1 + random.integer(3),
    retryableStatusCodes: retryableCodes[random.integer(retryableCodes.length)] ?? [14],
    ...(random.integer(3) === 0 ? { attemptTimeoutMs: 10 + random.integer(200) } : {}),
  };
}

function drawHedging(random: SeededRandom): NonNullable<SimMethodPolicy["hedging"]> {
  return {
    maxAttempts: 2 + random.integer(4),
    hedgingDelayMs: random.integer(3) === 0 ? 0 : random.integer(60),
    nonFatalStatusCodes: random.integer(2) === 0 ? [] : [14, 8],
  };
}

function drawBreaker(random: SeededRandom): NonNullable<SimMethodPolicy["circuitBreaker"]> {
  return { consecutiveFailures: 2 + random.integer(4), penaltyMs: 20 + random.integer(300), maxPenaltyMs: 1_000 };
}

function drawLimit(random: SeededRandom, most: number): NonNullable<SimMethodPolicy["concurrencyLimit"]> {
  const maxConcurrent = 1 + random.integer(most);
  switch (random.integer(4)) {
    case 0:
      return { adaptive: { minLimit: 1 + random.integer(2), maxLimit: 2 + maxConcurrent, minRttIntervalMs: 1_000 } };
    case 1:
      return { maxConcurrentPerInstance: maxConcurrent };
    default:
      return { maxConcurrent };
  }
}

function drawOutliers(random: SeededRandom): NonNullable<ServiceSettings["outlierDetection"]> {
  return {
    intervalMs: 200 + random.integer(500),
    baseEjectionMs: 100 + random.integer(500),
    maxEjectionMs: 2_000,
    maxEjectionPercent: random.integer(101),
    panicThresholdPercent: random.integer(101),
    consecutiveFailures: 1 + random.integer(4),
    ...(random.integer(2) === 0 ? { failurePercentage: { threshold: 30, minHosts: 2, minRequests: 3 } } : {}),
  };
}

function drawFallback(random: SeededRandom): NonNullable<SimMethodPolicy["fallback"]> {
  return random.integer(2) === 0 ? { failFast: true } : { reply: { code: fallbackCode, message: "planned" } };
}

/** Nothing else in a simulation ends with it: ALREADY_EXISTS. */
export const fallbackCode = 6;

function drawBalance(random: SeededRandom): SimMethodPolicy {
  const keyed = { routeKeyMetadata: shardName };
  switch (random.integer(9)) {
    case 0:
      return { ...keyed, balance: { ringHash: {} } };
    case 1:
      return { ...keyed, balance: { ringHash: { boundedLoadFactor: 1.25 } } };
    case 2:
      return { ...keyed, balance: { maglev: {} } };
    case 3:
      return { ...keyed, balance: { sticky: { fallback: "rebalance" } } };
    case 4:
      return { ...keyed, balance: { sticky: { fallback: "fail" } } };
    case 5:
      return { balance: { peakEwma: {} } };
    case 6:
      return { balance: { weightedRoundRobin: {} } };
    case 7:
      return { balance: { pickFirst: {} } };
    default:
      return { balance: { random: {} } };
  }
}

function drawFailure(random: SeededRandom): PlannedFailure {
  const pushbacks = ["", "", "", "", String(random.integer(150)), "-1"];
  return {
    code: failureCodes[random.integer(failureCodes.length)] ?? 14,
    pushback: pushbacks[random.integer(pushbacks.length)] ?? "",
    speaksFirst: random.integer(5) === 0,
  };
}
