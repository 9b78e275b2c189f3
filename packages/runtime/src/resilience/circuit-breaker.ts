// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { CircuitBreakerFacts } from "@grpc-router/protocol/codegenv1";
import { resilienceDefaults } from "./resilience-defaults.js";
import { SlidingWindow } from "./sliding-window.js";
import { isInMask, statusMask } from "./status-mask.js";

/** Where a breaker stands. Half-open is what open becomes when its penalty is over; nothing happens at that moment. */
export type BreakerState = "closed" | "open" | "halfOpen";

/** What the end of a call did to a breaker. */
export type BreakerChange =
  /** It was closed; failures opened it. */
  | "opened"
  /** The probe failed; it is open again, for the next penalty. */
  | "reopened"
  /** The probe succeeded; all calls go again. */
  | "closed";

/** Buckets of the window of the failure rate. */
const windowBuckets = 10;

/** What `onStart` answers for a call that the breaker did not admit: its end says nothing. */
const noTicket = 0;

/**
 * Turns calls away from what fails, for a while, then lets a single call try. Kept per method and instance, and per
 * service. Consecutive failures and penalties are Linkerd's failure accrual; the failure rate is as in Resilience4j.
 *
 *     closed ──failures in a row, or their rate──▶ open ──penalty is over──▶ half-open, free
 *        ▲                                          ▲                          │        ▲
 *        │                                          └──probe fails──┐    call starts    │ probe is abandoned,
 *        │                                                          │          ▼        │ or silent for too long
 *        └──probe succeeds──────────────────────────────────── half-open, probing ──────┘
 *
 * The n-th penalty in a row is penaltyMs * 2^(n - 1), and a random share of it up to `jitter` is added; maxPenaltyMs is
 * the most, jitter included. A closed breaker begins anew. Calls that were under way when a breaker changed say nothing
 * about what it is now: each call keeps the ticket of its start, and only those of the present state count.
 */
export class CircuitBreaker {
  readonly #failureMask: number;
  readonly #maxFailures: number;
  readonly #failureRate: number;
  readonly #minCalls: number;
  readonly #penaltyMs: number;
  readonly #maxPenaltyMs: number;
  readonly #jitter: number;
  /** Undefined if no rate is looked at. */
  readonly #window: SlidingWindow | undefined;

  #isClosed = true;
  /** Rises with each change and each probe. */
  #ticket = noTicket + 1;
  #failures = 0;
  /** Times that it opened since it was last closed. */
  #openings = 0;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  /** Until then the probe is waited for. */
  #probeUntilMs = Number.NEGATIVE_INFINITY;

  constructor(facts: CircuitBreakerFacts) {
    const said = { ...resilienceDefaults.circuitBreaker, ...facts };
    const codes = said.failureStatusCodes.length === 0 ? undefined : said.failureStatusCodes;
    this.#failureMask = statusMask(codes ?? resilienceDefaults.circuitBreaker.failureStatusCodes);
    this.#maxFailures = said.consecutiveFailures;
    this.#failureRate = facts.failureRate ?? Number.POSITIVE_INFINITY;
    this.#minCalls = said.minCalls;
    this.#penaltyMs = said.penaltyMs;
    this.#maxPenaltyMs = said.maxPenaltyMs;
    this.#jitter = said.jitter;
    this.#window = facts.failureRate === undefined ? undefined : new SlidingWindow(said.windowMs, windowBuckets);
  }

  state(nowMs: number): BreakerState {
    if (this.#isClosed) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "halfOpen";
  }

  /** Whether a call may start: all while closed, none while open, one at a time while half-open. */
  admits(nowMs: number): boolean {
    return this.#isClosed || (nowMs >= this.#openUntilMs && nowMs >= this.#probeUntilMs);
  }

  /**
   * A call starts; answers the ticket for its end. To be told also of calls that were sent although the breaker did not
   * admit them (panic): their end says nothing.
   */
  onStart(nowMs: number): number {
    if (this.#isClosed) return this.#ticket;
    if (!this.admits(nowMs)) return noTicket;
    // A probe that is a stream of hours, or is never reported, must not keep calls away for good.
    this.#probeUntilMs = nowMs + this.#maxPenaltyMs;
    return ++this.#ticket;
  }

  /** Whether this ticket is that of the probe under way. */
  isProbe(ticket: number): boolean {
    return !this.#isClosed && ticket === this.#ticket && this.#probeUntilMs !== Number.NEGATIVE_INFINITY;
  }

  /**
   * A call ended with `code`. Failure codes count against, CANCELLED counts as nothing (unless it is a failure code), all
   * others are successes: that a caller asks for what is not there says that the service answers. Answers what has
   * changed.
   */
  onEnd(ticket: number, code: number, nowMs: number, random: () => number): BreakerChange | undefined {
    if (ticket !== this.#ticket) return undefined;
    const isFailure = isInMask(this.#failureMask, code);
    if (!isFailure && code === StatusCode.cancelled) {
      this.abandonProbe(ticket);
      return undefined;
    }
    if (this.#isClosed) return this.#count(isFailure, nowMs) ? this.#open(nowMs, random) : undefined;
    return isFailure ? this.#open(nowMs, random) : this.#close();
  }

  /** A call ended without saying anything about the service: the caller cancelled it, or it never left the router. */
  abandonProbe(ticket: number): void {
    if (!this.isProbe(ticket)) return;
    this.#ticket++;
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Counts a call of a closed breaker; true if it must open. A success can do that too, as the one that makes `minCalls`. */
  #count(isFailure: boolean, nowMs: number): boolean {
    this.#failures = isFailure ? this.#failures + 1 : 0;
    if (this.#failures >= this.#maxFailures) return true;
    const window = this.#window;
    if (window === undefined) return false;
    window.add(isFailure, nowMs);
    return window.total >= this.#minCalls && window.failed / window.total >= this.#failureRate;
  }

  #open(nowMs: number, random: () => number): BreakerChange {
    const change = this.#isClosed ? "opened" : "reopened";
    const baseMs = Math.min(this.#penaltyMs * 2 ** this.#openings, this.#maxPenaltyMs);
    this.#isClosed = false;
    this.#ticket++;
    this.#openings++;
    this.#openUntilMs = nowMs + Math.min(baseMs * (1 + this.#jitter * random()), this.#maxPenaltyMs);
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
    return change;
  }

  #close(): BreakerChange {
    this.#isClosed = true;
    this.#ticket++;
    this.#openings = 0;
    this.#failures = 0;
    this.#openUntilMs = Number.NEGATIVE_INFINITY;
    this.#probeUntilMs = Number.NEGATIVE_INFINITY;
    this.#window?.clear();
    return "closed";
  }
}
