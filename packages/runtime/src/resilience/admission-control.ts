// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { AdmissionControlFacts } from "@grpc-router/protocol/codegenv1";
import { resilienceDefaults } from "./resilience-defaults.js";
import { SlidingWindow } from "./sliding-window.js";
import { isInMask, statusMask } from "./status-mask.js";

/** Buckets of the window: one a second with the default of 120 s, as in Envoy. */
const windowBuckets = 120;

/**
 * Codes by which a service says that it is not well or has too much to do. The others count as successes: OK, CANCELLED
 * and the caller's mistakes, or one client with bad arguments would have everybody's calls turned away.
 */
const failureMask = statusMask([
  StatusCode.unknown,
  StatusCode.deadlineExceeded,
  StatusCode.resourceExhausted,
  StatusCode.internal,
  StatusCode.unavailable,
  StatusCode.dataLoss,
]);

/**
 * Turns away a share of a service's calls that grows with the share of those that fail (Envoy, admission control; Google
 * SRE book, client-side throttling). Of n ended calls in the window of which ok succeeded, it is
 * ((n - ok / successThreshold) / (n + 1)) ^ (1 / aggression), at most `maxRejectionShare`.
 */
export class AdmissionControl {
  readonly #successThreshold: number;
  readonly #exponent: number;
  readonly #maxShare: number;
  /** Ended calls in the window below which none is turned away. */
  readonly #minCalls: number;
  readonly #window: SlidingWindow;

  constructor(facts: AdmissionControlFacts) {
    const said = { ...resilienceDefaults.admissionControl, ...facts };
    this.#successThreshold = said.successThreshold;
    this.#exponent = 1 / said.aggression;
    this.#maxShare = said.maxRejectionShare;
    this.#minCalls = (said.minRequestsPerSecond * said.windowMs) / 1000;
    this.#window = new SlidingWindow(said.windowMs, windowBuckets);
  }

  /** A call that was not turned away ended with `code`. */
  onEnd(code: number, nowMs: number): void {
    this.#window.add(isInMask(failureMask, code), nowMs);
  }

  /** The share of calls that is turned away now, from 0 to `maxRejectionShare`. */
  rejectionShare(nowMs: number): number {
    const window = this.#window;
    window.advance(nowMs);
    const total = window.total;
    if (total === 0 || total < this.#minCalls) return 0;
    const share = (total - (total - window.failed) / this.#successThreshold) / (total + 1);
    if (share <= 0) return 0;
    return Math.min(this.#exponent === 1 ? share : share ** this.#exponent, this.#maxShare);
  }

  /** Whether the call at hand is turned away; its end is then not told. */
  shouldReject(random: () => number, nowMs: number): boolean {
    const share = this.rejectionShare(nowMs);
    return share > 0 && random() < share;
  }
}
