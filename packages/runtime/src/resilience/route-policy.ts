// SPDX-License-Identifier: Apache-2.0

import { StatusCode } from "@grpc-router/protocol";
import type { MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Balancer, Candidate } from "../balance/balancer.js";
import type { BreakerState } from "./circuit-breaker.js";
import type { ConcurrencyLimit } from "./concurrency-limit.js";
import { FallbackPolicy } from "./fallback-policy.js";
import { HedgingPolicy } from "./hedging-policy.js";
import type { Pushback } from "./pushback.js";
import { RetryPolicy } from "./retry-policy.js";
import { type RouteInstances, RouteShare } from "./route-instances.js";
import type { PolicyMember, ServicePolicy } from "./service-policy.js";

/** What policies keep of an attempt under way; the call's own record. */
export interface PolicyAttempt {
  /** When it was sent, in milliseconds. */
  sentMs: number;
  /** Of the breakers of its instance and of its service. */
  ticket: number;
  serviceTicket: number;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** gRPC status code. */
  readonly code: number;
  /** What the instance says of further attempts. */
  readonly pushback: Pushback | undefined;
  readonly nowMs: number;
}

/** One record for all outcomes that balancers are told of. */
const outcome = { code: 0, latencyMs: 0, nowMs: 0 };

/** Parts of a `RoutePolicy`. */
export interface RoutePolicyParts {
  /** "acme.user.v1.UserService/GetUser" */
  readonly name: string;
  readonly facts: MethodPolicyFacts;
  readonly service: ServicePolicy;
  readonly balancer: Balancer;
  /** What it has in common with other policies of the method. Default: it is the only one. */
  readonly share?: RouteShare | undefined;
}

/**
 * What resilience does for the calls of one method: its policies with what they remember. It decides and remembers;
 * `Attempts` acts.
 */
export class RoutePolicy {
  readonly service: ServicePolicy;
  readonly retry: RetryPolicy | undefined;
  readonly hedging: HedgingPolicy | undefined;
  readonly fallback: FallbackPolicy | undefined;
  /** For further policies of the method, of tenants. */
  readonly share: RouteShare;
  /** Bounds its calls, and those of other policies that have it from the same source. */
  readonly limit: ConcurrencyLimit | undefined;
  readonly #name: string;
  /** Wants to know how attempts end. */
  readonly #balancer: Balancer | undefined;
  readonly #instances: RouteInstances;
  /** Codes that count as failures for the service's throttle. */
  readonly #throttleMask: number;

  constructor({ name, facts, service, balancer, share = new RouteShare() }: RoutePolicyParts) {
    this.#name = name;
    this.service = service;
    this.retry = facts.retry && new RetryPolicy(facts.retry);
    this.hedging = facts.hedging && new HedgingPolicy(facts.hedging);
    this.fallback = facts.fallback && new FallbackPolicy(facts.fallback);
    this.share = share;
    this.#instances = share.instancesFor(facts);
    this.limit = this.#instances.limit;
    this.#balancer = balancer.onEnd === undefined ? undefined : balancer;
    this.#throttleMask = this.retry?.retryableMask ?? this.hedging?.nonFatalMask ?? 0;
  }

  /** More than one attempt may be made because of a status. */
  get repeats(): boolean {
    return this.retry !== undefined || this.hedging !== undefined;
  }

  /** Calls that count in the method's limit; 0 without one. */
  get underWay(): number {
    return this.limit?.underWay ?? 0;
  }

  /** Another call may go to some instance now. */
  hasRoom(nowMs: number): boolean {
    const { limit, breaker } = this.service;
    return this.limit?.hasRoom !== false && limit?.hasRoom !== false && breaker?.admits(nowMs) !== false;
  }

  /** Room that calls wait for may come free with the end of one. */
  get isLimited(): boolean {
    return this.limit !== undefined || this.service.limit !== undefined;
  }

  /** Nothing keeps a call from `candidate` at the moment. */
  admits(candidate: Candidate, nowMs: number): boolean {
    const { limit } = this.service;
    if (limit !== undefined && candidate.openCalls >= limit.maxPerInstance) return false;
    const instance = this.#instances.find(candidate);
    if (instance === undefined) return true;
    if (this.limit !== undefined && instance.underWay >= this.limit.maxPerInstance) return false;
    return instance.breaker?.admits(nowMs) !== false;
  }

  /** The method has a breaker for each instance. */
  get hasBreaker(): boolean {
    return this.#instances.breaker !== undefined;
  }

  /** Where the breaker of the method stands for calls to `candidate`; undefined: it has none. */
  breakerState(candidate: Candidate, nowMs: number): BreakerState | undefined {
    if (this.#instances.breaker === undefined) return undefined;
    return this.#instances.find(candidate)?.breaker?.state(nowMs) ?? "closed";
  }

  /** The breakers of all these are open: waiting would not help. */
  isBarred(candidates: readonly Candidate[], nowMs: number): boolean {
    if (this.#instances.breaker === undefined || candidates.length === 0) return false;
    return candidates.every((candidate) => this.#instances.find(candidate)?.breaker?.admits(nowMs) === false);
  }

  /** An attempt is sent to `member`. */
  begin(attempt: PolicyAttempt, member: PolicyMember, nowMs: number): void {
    attempt.sentMs = nowMs;
    this.service.limit?.enter();
    this.limit?.enter();
    attempt.serviceTicket = this.service.breaker?.onStart(nowMs) ?? 0;
    const instance = this.#instances.take(member);
    if (instance === undefined) return;
    instance.underWay++;
    attempt.ticket = instance.breaker?.onStart(nowMs) ?? 0;
  }

  /** An attempt has ended, its slot perhaps not. */
  end(attempt: PolicyAttempt, member: PolicyMember, { code, pushback, nowMs }: AttemptEnd, random: () => number): void {
    const { service } = this;
    service.throttle?.onEnd(code, this.#throttleMask, pushback);
    service.end(member, attempt.serviceTicket, code, nowMs, random);
    const change = this.#instances.find(member)?.breaker?.onEnd(attempt.ticket, code, nowMs, random);
    if (change !== undefined) service.events.onBreaker(this.#name, member, change);
    const latencyMs = nowMs - attempt.sentMs;
    // Of others nobody knows how long the service would have taken.
    if (code === StatusCode.ok || code === StatusCode.deadlineExceeded) {
      service.limit?.adaptive?.onSample(latencyMs, nowMs, random);
      this.limit?.adaptive?.onSample(latencyMs, nowMs, random);
    }
    if (this.#balancer?.onEnd === undefined) return;
    outcome.code = code;
    outcome.latencyMs = latencyMs;
    outcome.nowMs = nowMs;
    this.#balancer.onEnd(member, outcome);
  }

  /** Nobody will say how the attempt ended: its caller went, or it did not run. */
  abandon(attempt: PolicyAttempt, member: PolicyMember): void {
    this.service.breaker?.abandonProbe(attempt.serviceTicket);
    this.#instances.find(member)?.breaker?.abandonProbe(attempt.ticket);
  }

  /** The slot of an attempt is free. */
  leave(member: PolicyMember): void {
    this.service.limit?.leave();
    this.limit?.leave();
    const instance = this.#instances.find(member);
    if (instance !== undefined) instance.underWay--;
  }
}

/** The policy of a method; undefined if nothing is asked for. */
export function createRoutePolicy(parts: RoutePolicyParts): RoutePolicy | undefined {
  const { retry, hedging, circuitBreaker, concurrencyLimit, fallback } = parts.facts;
  const said = [retry, hedging, circuitBreaker, concurrencyLimit, fallback, parts.balancer.onEnd];
  if (parts.service.isEmpty && said.every((part) => part === undefined)) return undefined;
  return new RoutePolicy(parts);
}
