// SPDX-License-Identifier: Apache-2.0
import type { MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Candidate } from "../balance/balancer.js";
import { HedgingPolicy } from "./hedging-policy.js";
import type { Pushback } from "./pushback.js";
import { RetryPolicy } from "./retry-policy.js";
import type { ServicePolicy } from "./service-policy.js";

/** Parts of a `RoutePolicy`. */
export interface RoutePolicyParts {
  readonly service: ServicePolicy;
  readonly retry?: RetryPolicy | undefined;
  readonly hedging?: HedgingPolicy | undefined;
}

/**
 * What resilience does for the calls of one method: its policies with what they remember. It decides and remembers;
 * `Attempts` acts.
 */
export class RoutePolicy {
  readonly service: ServicePolicy;
  readonly retry: RetryPolicy | undefined;
  readonly hedging: HedgingPolicy | undefined;
  /** Codes that count as failures for the service's throttle. */
  readonly #throttleMask: number;

  constructor(parts: RoutePolicyParts) {
    this.service = parts.service;
    this.retry = parts.retry;
    this.hedging = parts.hedging;
    this.#throttleMask = parts.retry?.retryableMask ?? parts.hedging?.nonFatalMask ?? 0;
  }

  /** More than one attempt may be made because of a status. */
  get repeats(): boolean {
    return this.retry !== undefined || this.hedging !== undefined;
  }

  /** Nothing keeps a call from `candidate`. */
  admits(_candidate: Candidate, _nowMs: number): boolean {
    return true;
  }

  /** An attempt is sent. */
  begin(isExtra: boolean): void {
    if (isExtra) this.service.budget?.enter();
  }

  /** An attempt has ended with `code`, and with what the instance says of further ones. */
  end(code: number, pushback: Pushback | undefined): void {
    this.service.throttle?.onEnd(code, this.#throttleMask, pushback);
  }

  /** The slot of an attempt is free. */
  leave(isExtra: boolean): void {
    if (isExtra) this.service.budget?.leave();
  }
}

/** What can be said of attempts, the strongest first. */
export type AttemptSources = readonly (Pick<MethodPolicyFacts, "retry" | "hedging"> | undefined)[];

/** The policy of a method; undefined if nothing is asked for. Retry and hedging exclude each other: the stronger source counts. */
export function createRoutePolicy(service: ServicePolicy, sources: AttemptSources): RoutePolicy | undefined {
  const source = sources.find((facts) => facts?.retry !== undefined || facts?.hedging !== undefined);
  if (source === undefined && service.isEmpty) return undefined;
  const retry = source?.retry && new RetryPolicy(source.retry);
  const hedging = retry === undefined && source?.hedging ? new HedgingPolicy(source.hedging) : undefined;
  return new RoutePolicy({ service, retry, hedging });
}
