// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { isInMask, statusMask } from "../resilience/status-mask.js";
import type { AttemptOutcome, BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { PeakLatency } from "./peak-latency.js";
import { PerVersion } from "./per-version.js";
import { createWeightedDraw } from "./weighted-draw.js";

/** Parameters of `createPeakEwma`. */
export interface PeakEwmaOptions {
  /** Time in which a slow answer is forgotten to 1/e, in milliseconds. Default 10,000. */
  readonly decayMs?: number;
  /** What an instance that has not answered yet is taken for, in milliseconds. Default 30. */
  readonly defaultRttMs?: number;
  /** What a failure counts at least, in milliseconds. Default 1,000. */
  readonly failureLatencyMs?: number;
  /** Instances compared per call: 2 to 10, values outside count as the nearer end. Default 2. */
  readonly choiceCount?: number;
}

/** Answers that come fast because nothing was done. */
const failures = statusMask([
  StatusCode.unknown,
  StatusCode.deadlineExceeded,
  StatusCode.resourceExhausted,
  StatusCode.internal,
  StatusCode.unavailable,
  StatusCode.dataLoss,
]);

/**
 * The one of a few instances drawn at random that is expected to answer first: by a moving average of its latencies that
 * is sensitive to peaks, times its calls in flight with this one (Finagle, Linkerd).
 *
 * Instances are drawn in proportion to their weight, and calls in flight count relative to it, so instances that are
 * equally fast get calls by weight whether idle or busy. A failure counts as at least `failureLatencyMs`, or an instance
 * that fails at once would be the favourite; a cancelled call says how long the answer took at least, and counts only if
 * that is more than expected. An attempt's latency lasts until its end: for methods whose streams stay open,
 * `least_request` is the better choice.
 */
export function createPeakEwma(options: PeakEwmaOptions = {}): Balancer {
  return new PeakEwma(options);
}

/** What is known of the candidates of a list, parallel to it. */
interface Known {
  readonly latencies: readonly PeakLatency[];
  /** What an open call counts: the mean weight by the candidate's own. */
  readonly callCosts: Float64Array;
}

class PeakEwma implements Balancer {
  readonly name = "peak_ewma";
  readonly #decayMs: number;
  readonly #defaultRttMs: number;
  readonly #failureLatencyMs: number;
  readonly #choices: number;
  readonly #draw = createWeightedDraw();
  /** By candidate, for all lists and for ends; those that have left go with their candidate. */
  readonly #latencies = new WeakMap<Candidate, PeakLatency>();
  readonly #known = new PerVersion<Known>(({ list }) => this.#know(list));
  /** Of the latest call, for candidates that are new to it. */
  #nowMs = 0;

  constructor(options: PeakEwmaOptions) {
    // Nothing divides by less than a millisecond.
    this.#decayMs = Math.max(1, options.decayMs ?? 10_000);
    this.#defaultRttMs = Math.max(0, options.defaultRttMs ?? 30);
    this.#failureLatencyMs = Math.max(0, options.failureLatencyMs ?? 1_000);
    this.#choices = Math.min(10, Math.max(2, Math.floor(options.choiceCount ?? 2)));
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    this.#nowMs = call.nowMs;
    const known = this.#known.of(candidates);
    const first = this.#draw.index(candidates, random);
    let best: C | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let choice = 0; choice < this.#choices; choice++) {
      const index = choice === 0 ? first : this.#draw.otherIndex(candidates, first, random);
      const candidate = list[index];
      if (candidate === undefined || !canTake(candidate, call) || call.avoids(candidate)) continue;
      const cost = this.#cost(known, index, candidate);
      if (cost >= bestCost) continue;
      best = candidate;
      bestCost = cost;
    }
    return best ?? this.#search(list, known, call, first);
  }

  onEnd(candidate: Candidate, { code, latencyMs, nowMs }: AttemptOutcome): void {
    const latency = this.#latencyOf(candidate, nowMs);
    if (code === StatusCode.cancelled && latencyMs < latency.at(nowMs, this.#decayMs)) return;
    const counted = isInMask(failures, code) ? Math.max(latencyMs, this.#failureLatencyMs) : latencyMs;
    latency.observe(counted, nowMs, this.#decayMs);
  }

  /** None of those drawn will do: the best of all, those where the call has been last. */
  #search<C extends Candidate>(list: readonly C[], known: Known, call: BalancedCall, start: number): C | undefined {
    let best: C | undefined;
    let bestCost = Number.POSITIVE_INFINITY;
    let bestIsAvoided = true;
    const count = list.length;
    for (let step = 0, index = start; step < count; step++, index = index + 1 < count ? index + 1 : 0) {
      const candidate = list[index];
      if (candidate === undefined || !canTake(candidate, call)) continue;
      const isAvoided = call.avoids(candidate);
      const cost = this.#cost(known, index, candidate);
      if (isAvoided === bestIsAvoided ? cost >= bestCost : isAvoided) continue;
      best = candidate;
      bestCost = cost;
      bestIsAvoided = isAvoided;
    }
    return best;
  }

  #cost(known: Known, index: number, { openCalls }: Candidate): number {
    const latency = known.latencies[index];
    // Parallel to the list, so there is one.
    if (latency === undefined) return Number.POSITIVE_INFINITY;
    return latency.at(this.#nowMs, this.#decayMs) * (openCalls * (known.callCosts[index] ?? 1) + 1);
  }

  #know(list: readonly Candidate[]): Known {
    const mean = list.reduce((sum, { weight }) => sum + weight, 0) / list.length;
    return {
      latencies: list.map((candidate) => this.#latencyOf(candidate, this.#nowMs)),
      callCosts: Float64Array.from(list, ({ weight }) => mean / weight),
    };
  }

  #latencyOf(candidate: Candidate, nowMs: number): PeakLatency {
    const known = this.#latencies.get(candidate);
    if (known !== undefined) return known;
    const latency = new PeakLatency(this.#defaultRttMs, nowMs);
    this.#latencies.set(candidate, latency);
    return latency;
  }
}
