// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService, JsonObject, MessageShape } from "@bufbuild/protobuf";

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

/** What the generator found out about a method: checked, defaults merged in. Absent means not said in the .proto. */
export interface MethodFacts {
  /** The method's number on channels. */
  readonly number: number;
  /** Time for the whole call, in milliseconds. */
  readonly timeoutMs?: number;
  readonly retry?: RetryFacts;
  readonly hedging?: HedgingFacts;
  readonly balance?: BalanceFacts;
  readonly routeKey?: RouteKeyFacts;
  /** Name of the metadata field that holds the key. */
  readonly routeKeyMetadata?: string;
  readonly maxRequestMessageBytes?: number;
  readonly maxResponseMessageBytes?: number;
  readonly priority?: "low" | "normal" | "high";
}

/** `grpcrouter.v1.RetryPolicy` with durations in milliseconds and status codes as numbers. */
export interface RetryFacts {
  readonly maxAttempts: number;
  readonly initialBackoffMs?: number;
  readonly maxBackoffMs?: number;
  readonly backoffMultiplier?: number;
  readonly retryableStatusCodes?: readonly number[];
}

/** `grpcrouter.v1.HedgingPolicy` with durations in milliseconds and status codes as numbers. */
export interface HedgingFacts {
  readonly maxAttempts: number;
  readonly hedgingDelayMs?: number;
  readonly nonFatalStatusCodes?: readonly number[];
}

/** `grpcrouter.v1.Balance`: exactly one strategy with its parameters. */
export type BalanceFacts =
  | { readonly roundRobin: Readonly<Record<string, never>> }
  | { readonly leastRequest: { readonly choiceCount?: number } }
  | { readonly ringHash: { readonly minRingSize?: number; readonly maxRingSize?: number } }
  | { readonly custom: { readonly name: string; readonly parameters?: JsonObject } };

/** A key inside the request message, so that reading it needs no descriptor. */
export interface RouteKeyFacts {
  /** As written in the .proto, such as "selector.shard". */
  readonly path: string;
  /** The same as field numbers. */
  readonly fields: readonly number[];
}

/** Facts of every method, by local name. */
export type ServiceFacts<Service extends DescService> = { readonly [Name in MethodName<Service>]: MethodFacts };

/** Numbers of every method, by local name. */
export type ServiceNumbers<Service extends DescService> = { readonly [Name in MethodName<Service>]: number };

/** What a generated router module exports: the registry entry of one service. */
export interface GenRouter<Service extends DescService> {
  readonly $kind: "grpcrouter.v1.router";
  readonly service: Service;
  /** The generated service whose Register method instances call. */
  readonly channel: DescService;
  readonly methods: ServiceFacts<Service>;
}

/** What a generated bridge module exports: how to plug in an implementation of one service. */
export interface GenBridge<Service extends DescService> {
  readonly $kind: "grpcrouter.v1.bridge";
  readonly service: Service;
  /** The generated service whose Register method the instance calls. */
  readonly channel: DescService;
  readonly methods: ServiceFacts<Service>;
}
