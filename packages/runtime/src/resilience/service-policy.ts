// SPDX-License-Identifier: Apache-2.0
import type { ServicePolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Candidate } from "../balance/balancer.js";
import { AdmissionControl } from "./admission-control.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";
import { type EjectionCause, OutlierDetection, type OutlierMember } from "./outlier-detection.js";
import type { PolicyEvents } from "./policy-events.js";
import { RetryBudget } from "./retry-budget.js";
import { RetryThrottle } from "./retry-throttle.js";

/** What is said of a service beside its balance and the defaults of its methods. */
export type SharedFacts = Omit<ServicePolicyFacts, "balance" | "defaults">;

/** An instance that policies may put out of rotation. */
export interface PolicyMember extends Candidate, OutlierMember {
  healthy: boolean;
}

/** Parts of a `ServicePolicy`. */
export interface ServicePolicyParts {
  /** Full name of the service. */
  readonly name: string;
  readonly facts: SharedFacts;
  /** The instances of the service, always as they are now. */
  readonly members: readonly PolicyMember[];
  readonly events: PolicyEvents;
}

/** Why a call is turned away before it waits for an instance. */
export type Refusal = "CIRCUIT_OPEN" | "ADMISSION_REJECTED";

/** What the methods of one service share of resilience. */
export class ServicePolicy {
  readonly throttle: RetryThrottle | undefined;
  readonly budget: RetryBudget | undefined;
  readonly breaker: CircuitBreaker | undefined;
  readonly limit: ConcurrencyLimit | undefined;
  readonly events: PolicyEvents;
  /** So many instances are ejected that ejections are ignored. */
  panics = false;
  readonly #name: string;
  readonly #members: readonly PolicyMember[];
  readonly #admission: AdmissionControl | undefined;
  #outliers: OutlierDetection | undefined;
  #sweepAtMs = Number.NEGATIVE_INFINITY;

  constructor({ name, facts, members, events }: ServicePolicyParts) {
    this.#name = name;
    this.#members = members;
    this.events = events;
    this.throttle = facts.retryThrottling && new RetryThrottle(facts.retryThrottling);
    this.budget = facts.retryBudget && new RetryBudget(facts.retryBudget);
    this.breaker = facts.circuitBreaker && new CircuitBreaker(facts.circuitBreaker);
    this.limit = facts.concurrencyLimit && new ConcurrencyLimit(facts.concurrencyLimit);
    this.#admission = facts.admissionControl && new AdmissionControl(facts.admissionControl);
    this.#outliers = facts.outlierDetection && new OutlierDetection(facts.outlierDetection);
  }

  /** Another one looks after the instances from now on; this one stays for the calls that began under it. */
  retire(): void {
    this.#outliers = undefined;
    this.panics = false;
    for (const member of this.#members) member.healthy = true;
  }

  /** Nothing is asked for. */
  get isEmpty(): boolean {
    const parts = [this.throttle, this.budget, this.breaker, this.limit, this.#admission, this.#outliers];
    return parts.every((part) => part === undefined);
  }

  /** Why a call that has just come is turned away; undefined: it is not. */
  refusal(nowMs: number, random: () => number): Refusal | undefined {
    if (this.breaker?.admits(nowMs) === false) return "CIRCUIT_OPEN";
    return this.#admission?.shouldReject(random, nowMs) === true ? "ADMISSION_REJECTED" : undefined;
  }

  /** An attempt on `member`, which began under this ticket of the breaker, has ended. */
  end(member: PolicyMember, ticket: number, code: number, nowMs: number, random: () => number): void {
    this.#admission?.onEnd(code, nowMs);
    const change = this.breaker?.onEnd(ticket, code, nowMs, random);
    if (change !== undefined) this.events.onBreaker(this.#name, undefined, change);
    if (this.#outliers?.onEnd(member.outlierStats, code, nowMs, this.#members) === true) {
      this.#eject(member, "consecutiveFailures");
      this.#look();
    }
  }

  /** Call often: looks after ejections. True: calls that wait may go where they could not before. */
  sweep(nowMs: number, random: () => number): boolean {
    const outliers = this.#outliers;
    if (outliers === undefined) return false;
    const panicked = this.panics;
    this.#look();
    if (nowMs < this.#sweepAtMs) return this.panics && !panicked;
    this.#sweepAtMs = nowMs + outliers.intervalMs;
    const { ejected, restored } = outliers.sweep(this.#members, nowMs, random);
    for (const { member, cause } of ejected) this.#eject(member, cause);
    for (const member of restored) {
      member.healthy = true;
      this.events.onRestored(this.#name, member);
    }
    this.#look();
    return restored.length > 0 || (this.panics && !panicked);
  }

  #eject(member: PolicyMember, cause: EjectionCause): void {
    member.healthy = false;
    this.events.onEjected(this.#name, member, cause, this.#outliers?.ejectionMs(member.outlierStats) ?? 0);
  }

  #look(): void {
    const available = this.#members.filter(({ healthy }) => healthy).length;
    this.panics = this.#outliers?.isPanicking(available, this.#members.length) === true;
  }
}
