// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { KeyKind } from "../key/key-kind.js";
import type { BalanceFacts } from "./balance-facts.js";
import type {
  AdmissionControlFacts,
  CircuitBreakerFacts,
  ConcurrencyLimitFacts,
  FallbackFacts,
  HedgingFacts,
  OutlierDetectionFacts,
  RetryBudgetFacts,
  RetryFacts,
  RetryThrottlingFacts,
} from "./resilience-facts.js";

/** Local names of a service's methods, such as "getUser". */
export type MethodName<Service extends DescService> = keyof Service["method"] & string;

type MethodOf<Service extends DescService, Name extends MethodName<Service>> = Service["method"][Name] & DescMethod;

/** The request message of a method. */
export type RequestOf<Service extends DescService, Name extends MethodName<Service>> = MessageShape<
  MethodOf<Service, Name>["input"]
>;

/** The response message of a method. */
export type ResponseOf<Service extends DescService, Name extends MethodName<Service>> = MessageShape<
  MethodOf<Service, Name>["output"]
>;

/**
 * What was said of a method: the checked result of its options, its settings in code or its configuration. Absent means
 * not said; what then counts is the router's to decide.
 */
export interface MethodPolicyFacts {
  /** Longest time for the whole call, in milliseconds. */
  readonly timeoutMs?: number;
  /** Time for calls whose client brings no deadline, in milliseconds. */
  readonly defaultTimeoutMs?: number;
  readonly retry?: RetryFacts;
  readonly hedging?: HedgingFacts;
  readonly balance?: BalanceFacts;
  readonly routeKey?: RouteKeyFacts;
  /** Name of the metadata field that holds the key. */
  readonly routeKeyMetadata?: string;
  readonly maxRequestMessageBytes?: number;
  readonly maxResponseMessageBytes?: number;
  readonly priority?: "low" | "normal" | "high";
  /** Whether calls wait while no instance can take them. */
  readonly waitForReady?: boolean;
  /** Judges this method on each instance. */
  readonly circuitBreaker?: CircuitBreakerFacts;
  /** Counts the calls of this method. */
  readonly concurrencyLimit?: ConcurrencyLimitFacts;
  readonly fallback?: FallbackFacts;
}

/** What the generator found out about a method: checked, defaults merged in. Absent means not said in the .proto. */
export interface MethodFacts extends MethodPolicyFacts {
  /** The method's number on channels. */
  readonly number: number;
}

/** What was said of a service as a whole, and of its methods that do not say otherwise. Absent means not said. */
export interface ServicePolicyFacts {
  /** How instances are picked for methods that do not say. */
  readonly balance?: BalanceFacts;
  /** For each field that a method does not set. */
  readonly defaults?: MethodPolicyFacts;
  readonly outlierDetection?: OutlierDetectionFacts;
  readonly retryThrottling?: RetryThrottlingFacts;
  readonly retryBudget?: RetryBudgetFacts;
  /** Judges the whole service. */
  readonly circuitBreaker?: CircuitBreakerFacts;
  /** Counts the calls of all methods. */
  readonly concurrencyLimit?: ConcurrencyLimitFacts;
  readonly admissionControl?: AdmissionControlFacts;
}

/** A key inside the request message, so that reading it needs no descriptor. */
export interface RouteKeyFacts {
  /** As written in the .proto, such as "selector.shard". */
  readonly path: string;
  /** The same as field numbers; the value of a wrapper such as google.protobuf.StringValue is one more step. */
  readonly fields: readonly number[];
  /** How the field is encoded. Absent in code of older generators; the descriptor of the request tells, too. */
  readonly kind?: KeyKind;
  /** Steps, counted from 0, into messages that are delimited by tags (groups) and not by a length. */
  readonly groups?: readonly number[];
  /** For each step the tags (number << 3 | wire type) of the other members of its oneof: a later one takes its place. */
  readonly rivals?: readonly (readonly number[])[];
}

/** Facts of every method, by local name. */
export type ServiceFacts<Service extends DescService> = { readonly [Name in MethodName<Service>]: MethodFacts };

/** Numbers of every method, by local name. */
export type ServiceNumbers<Service extends DescService> = { readonly [Name in MethodName<Service>]: number };

/** What a generated router module says of a service; `balance` and `defaults` are merged into the facts of its methods. */
export interface GenPolicies extends ServicePolicyFacts {
  /** By a method's local name, those of its facts that the service's options have said for it. */
  readonly inherited?: { readonly [name: string]: readonly (keyof MethodPolicyFacts)[] };
}

/** What a generated router module exports: the registry entry of one service. */
export interface GenRouter<Service extends DescService> {
  readonly $kind: "grpcrouter.v1.router";
  readonly service: Service;
  /** The generated service whose Register method instances call. */
  readonly channel: DescService;
  readonly methods: ServiceFacts<Service>;
  /** What the .proto says of the service as a whole. Absent: nothing, or written by an earlier generator. */
  readonly policies?: GenPolicies;
}

/** What a generated bridge module exports: how to plug in an implementation of one service. */
export interface GenBridge<Service extends DescService> {
  readonly $kind: "grpcrouter.v1.bridge";
  readonly service: Service;
  /** The generated service whose Register method the instance calls. */
  readonly channel: DescService;
  readonly methods: ServiceFacts<Service>;
}
