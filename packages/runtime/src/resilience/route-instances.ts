// SPDX-License-Identifier: Apache-2.0
import type { CircuitBreakerFacts, ConcurrencyLimitFacts, MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Candidate } from "../balance/balancer.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import { ConcurrencyLimit } from "./concurrency-limit.js";

/** What policies keep of one method on one instance. */
export interface RouteInstance {
  underWay: number;
  readonly breaker: CircuitBreaker | undefined;
}

/** The bound on the calls of one method, and what is kept of it on single instances. */
export class RouteInstances {
  readonly limit: ConcurrencyLimit | undefined;
  readonly breaker: CircuitBreakerFacts | undefined;
  /** Whose breakers these are, too; undefined: they are their own. */
  readonly #origin: RouteInstances | undefined;
  /** Only where something is kept of single instances. */
  readonly #known: WeakMap<Candidate, RouteInstance> | undefined;

  constructor(
    { concurrencyLimit, circuitBreaker }: Pick<MethodPolicyFacts, "concurrencyLimit" | "circuitBreaker">,
    origin?: RouteInstances,
  ) {
    this.limit = concurrencyLimit && new ConcurrencyLimit(concurrencyLimit);
    this.breaker = circuitBreaker;
    this.#origin = origin;
    const isKept =
      circuitBreaker !== undefined ||
      (this.limit?.maxPerInstance ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY;
    this.#known = isKept ? new WeakMap() : undefined;
  }

  /** Undefined: nothing is kept of it, or no call has gone there yet. */
  find(candidate: Candidate): RouteInstance | undefined {
    const known = this.#known?.get(candidate);
    if (known !== undefined || this.#origin === undefined) return known;
    // Calls of others may have gone there, and opened the breaker.
    return this.breaker !== undefined && this.#origin.find(candidate) !== undefined ? this.take(candidate) : undefined;
  }

  /** The same, made if it is not there; undefined: nothing is kept. */
  take(candidate: Candidate): RouteInstance | undefined {
    const known = this.#known?.get(candidate);
    if (known !== undefined || this.#known === undefined) return known;
    const made = { underWay: 0, breaker: this.#breakerOf(candidate) };
    this.#known.set(candidate, made);
    return made;
  }

  #breakerOf(candidate: Candidate): CircuitBreaker | undefined {
    if (this.breaker === undefined) return undefined;
    return this.#origin === undefined ? new CircuitBreaker(this.breaker) : this.#origin.take(candidate)?.breaker;
  }
}

/**
 * What the policies of one method have in common, whoever calls: one breaker for each instance, and one count for each bound
 * that was said, so that all whose bound is from the same rule are counted together.
 */
export class RouteShare {
  readonly #own = new WeakMap<ConcurrencyLimitFacts, RouteInstances>();
  #unlimited: RouteInstances | undefined;
  /** Whose breakers those of all others are. */
  #first: RouteInstances | undefined;

  /** For a policy with these facts; which breaker they ask for must be the same each time. */
  instancesFor(facts: MethodPolicyFacts): RouteInstances {
    const { concurrencyLimit } = facts;
    const known = concurrencyLimit === undefined ? this.#unlimited : this.#own.get(concurrencyLimit);
    const found = known ?? new RouteInstances(facts, this.#first);
    this.#first ??= found;
    if (concurrencyLimit === undefined) this.#unlimited = found;
    else this.#own.set(concurrencyLimit, found);
    return found;
  }
}
