// SPDX-License-Identifier: Apache-2.0
import type { AdaptiveLimitFacts } from "@grpc-router/protocol/codegenv1";
import { LatencyHistogram } from "./latency-histogram.js";
import { resilienceDefaults } from "./resilience-defaults.js";

/** Samples that a measurement of the least latency takes (Envoy, `request_count`) … */
const measuredSamples = 50;

/** … or so many, so many windows after the first: slow calls, four at a time, would hold the limit down for long. */
const fewSamples = 10;
const longWindows = 10;

/** Between two windows the limit is halved or doubled at most, but for the headroom (Envoy). */
const leastGradient = 0.5;
const mostGradient = 2;

/** Windows in a row at the smallest limit after which the least latency is measured anew: it must be wrong (Envoy). */
const doubtfulWindows = 5;

/** Milliseconds: what the clock cannot tell from nothing. */
const leastLatencyMs = 0.001;

/**
 * Finds from their latencies how many calls may be under way (Envoy, gradient controller). The least latency is what
 * calls take when few are under way; it is measured at the start and from time to time, with the limit at its smallest.
 * Otherwise each window of samples moves the limit:
 *
 *     gradient = least latency * (1 + bufferPercent / 100) / latency of the window, within 0.5 and 2
 *     limit    = gradient * limit + sqrt(gradient * limit), within minLimit and maxLimit
 *
 * While it is measured calls wait that would have gone.
 */
export class GradientLimit {
  readonly #minLimit: number;
  readonly #maxLimit: number;
  readonly #windowMs: number;
  readonly #intervalMs: number;
  readonly #jitter: number;
  readonly #buffer: number;
  readonly #percentile: number;
  /** Samples of the window, or of the measurement. */
  readonly #samples = new LatencyHistogram();

  #limit: number;
  /** The limit from before the measurement, and after it; undefined: nothing is measured. */
  #heldLimit: number | undefined;
  #minRttMs = leastLatencyMs;
  /** Calls that started before say nothing: they ran among more. */
  #measuringSinceMs = Number.NEGATIVE_INFINITY;
  /** From then on few samples are enough; set by the first. */
  #longAtMs = Number.POSITIVE_INFINITY;
  #measureAtMs = Number.NEGATIVE_INFINITY;
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #windowsAtMin = 0;

  constructor(facts: AdaptiveLimitFacts) {
    const said = { ...resilienceDefaults.adaptiveLimit, ...facts };
    this.#minLimit = said.minLimit;
    this.#maxLimit = said.maxLimit;
    this.#windowMs = said.windowMs;
    this.#intervalMs = said.minRttIntervalMs;
    this.#jitter = said.jitterPercent / 100;
    this.#buffer = said.bufferPercent / 100;
    this.#percentile = said.percentile;
    this.#limit = said.minLimit;
    this.#heldLimit = said.minLimit;
  }

  /** Calls that may be under way; more wait. */
  get limit(): number {
    return this.#limit;
  }

  /** The least latency is being measured: the limit is at its smallest. */
  get isMeasuring(): boolean {
    return this.#heldLimit !== undefined;
  }

  /** The least latency as last measured, in milliseconds. */
  get minRttMs(): number {
    return this.#minRttMs;
  }

  /** A call ended that took `latencyMs`. Not to be told of cancelled ones: they say nothing about the service. */
  onSample(latencyMs: number, nowMs: number, random: () => number): void {
    if (nowMs - latencyMs < this.#measuringSinceMs) return;
    if (this.isMeasuring) {
      this.#measure(latencyMs, nowMs, random);
    } else if (nowMs >= this.#measureAtMs) this.#startMeasuring(nowMs);
    else {
      if (nowMs >= this.#windowEndsMs) this.#adjust(nowMs);
      this.#samples.add(latencyMs);
    }
  }

  #startMeasuring(nowMs: number): void {
    this.#samples.clear();
    this.#heldLimit = this.#limit;
    this.#limit = this.#minLimit;
    this.#measuringSinceMs = nowMs;
  }

  #measure(latencyMs: number, nowMs: number, random: () => number): void {
    this.#samples.add(latencyMs);
    const { count } = this.#samples;
    if (count === 1) this.#longAtMs = nowMs + longWindows * this.#windowMs;
    if (count >= measuredSamples || (count >= fewSamples && nowMs >= this.#longAtMs)) {
      this.#finishMeasuring(nowMs, random);
    }
  }

  #finishMeasuring(nowMs: number, random: () => number): void {
    this.#minRttMs = this.#takeLatencyMs();
    this.#limit = this.#heldLimit ?? this.#minLimit;
    this.#heldLimit = undefined;
    this.#windowsAtMin = 0;
    this.#windowEndsMs = nowMs + this.#windowMs;
    this.#measureAtMs = nowMs + this.#intervalMs * (1 + this.#jitter * random());
  }

  #adjust(nowMs: number): void {
    this.#windowEndsMs = nowMs + this.#windowMs;
    if (this.#samples.count === 0) return;
    const plainGradient = (this.#minRttMs * (1 + this.#buffer)) / this.#takeLatencyMs();
    const scaled = this.#limit * Math.min(mostGradient, Math.max(leastGradient, plainGradient));
    const headroom = Math.sqrt(scaled);
    const limit = Math.max(this.#minLimit, Math.min(this.#maxLimit, Math.floor(scaled + headroom)));
    const staysAtMin = limit === this.#minLimit && this.#limit === this.#minLimit;
    this.#windowsAtMin = staysAtMin ? this.#windowsAtMin + 1 : 0;
    if (this.#windowsAtMin >= doubtfulWindows) this.#measureAtMs = nowMs;
    this.#limit = limit;
  }

  #takeLatencyMs(): number {
    const latencyMs = this.#samples.percentileMs(this.#percentile);
    this.#samples.clear();
    return Math.max(leastLatencyMs, latencyMs);
  }
}
