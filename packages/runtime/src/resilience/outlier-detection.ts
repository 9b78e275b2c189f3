// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { FailurePercentageFacts, OutlierDetectionFacts, SuccessRateFacts } from "@grpc-router/protocol/codegenv1";
import type { OutlierStats } from "./outlier-stats.js";
import { resilienceDefaults } from "./resilience-defaults.js";
import { isInMask, statusMask } from "./status-mask.js";
import { successRateThreshold } from "./success-rate-threshold.js";

/** An instance as outlier detection sees it. */
export interface OutlierMember {
  readonly outlierStats: OutlierStats;
}

/** What an instance was ejected for. */
export type EjectionCause = "consecutiveFailures" | "successRate" | "failurePercentage";

/** An instance that a sweep took out of rotation. */
export interface Ejection<M extends OutlierMember> {
  readonly member: M;
  readonly cause: EjectionCause;
}

/** What a sweep changed. */
export interface OutlierSweep<M extends OutlierMember> {
  readonly ejected: readonly Ejection<M>[];
  /** Instances whose ejection is over. */
  readonly restored: readonly M[];
}

/**
 * Takes instances of one service out of rotation for a while that answer worse than the others (gRFC A50, and Envoy's
 * consecutive failures, which A50 leaves to the time when they go by gRPC's codes). The statistics need a fleet: below
 * `minHosts` they say nothing, so that small fleets have the consecutive failures, and a circuit breaker.
 *
 * An ejected instance is skipped as long as the service does not panic; `isPanicking` tells.
 */
export class OutlierDetection {
  /** Milliseconds between two sweeps. */
  readonly intervalMs: number;
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #maxPercent: number;
  readonly #panicPercent: number;
  readonly #failureMask: number;
  readonly #maxFailures: number;
  readonly #successRate: Required<SuccessRateFacts> | undefined;
  readonly #failurePercentage: Required<FailurePercentageFacts> | undefined;

  constructor(facts: OutlierDetectionFacts) {
    const defaults = resilienceDefaults.outlierDetection;
    const codes = facts.failureStatusCodes ?? [];
    this.intervalMs = facts.intervalMs ?? defaults.intervalMs;
    this.#baseMs = facts.baseEjectionMs ?? defaults.baseEjectionMs;
    this.#maxMs = Math.max(this.#baseMs, facts.maxEjectionMs ?? defaults.maxEjectionMs);
    this.#maxPercent = facts.maxEjectionPercent ?? defaults.maxEjectionPercent;
    this.#panicPercent = facts.panicThresholdPercent ?? defaults.panicThresholdPercent;
    this.#failureMask = statusMask(codes.length === 0 ? defaults.failureStatusCodes : codes);
    this.#maxFailures = facts.consecutiveFailures ?? Number.POSITIVE_INFINITY;
    this.#successRate = facts.successRate && { ...defaults.successRate, ...facts.successRate };
    this.#failurePercentage = facts.failurePercentage && { ...defaults.failurePercentage, ...facts.failurePercentage };
  }

  /**
   * A call on an instance ended. True: that was one failure in a row too many, and the instance is ejected now.
   * CANCELLED counts as nothing, unless it is a failure code; codes that are no failures are successes.
   */
  onEnd(stats: OutlierStats, code: number, nowMs: number, members: readonly OutlierMember[]): boolean {
    if (!isInMask(this.#failureMask, code)) {
      if (code === StatusCode.cancelled) return false;
      stats.successes++;
      stats.consecutiveFailures = 0;
      return false;
    }
    stats.failures++;
    if (stats.ejected || ++stats.consecutiveFailures < this.#maxFailures) return false;
    // Also where no more may be out: a new row must be as long (Envoy).
    stats.consecutiveFailures = 0;
    if (!this.#hasRoom(countEjected(members), members.length)) return false;
    this.#eject(stats, nowMs);
    return true;
  }

  /** Judges all instances of the service; to be called every `intervalMs`. */
  sweep<M extends OutlierMember>(members: readonly M[], nowMs: number, random: () => number): OutlierSweep<M> {
    for (const { outlierStats } of members) swapBuckets(outlierStats);
    // Those that are out already are not judged (Envoy): what they answer is of the time before, or of a panic.
    const judged = members.filter(({ outlierStats }) => !outlierStats.ejected);
    const ejected: Ejection<M>[] = [];
    const eject = (outliers: readonly M[], cause: EjectionCause, enforcementPercent: number) => {
      for (const member of outliers) {
        if (member.outlierStats.ejected) continue;
        if (!this.#hasRoom(members.length - judged.length + ejected.length, members.length)) return;
        // A50: a random whole number in [0, 100) below the percentage.
        if (Math.floor(random() * 100) >= enforcementPercent) continue;
        this.#eject(member.outlierStats, nowMs);
        ejected.push({ member, cause });
      }
    };
    const rate = this.#successRate;
    if (rate !== undefined) eject(findBySuccessRate(judged, rate), "successRate", rate.enforcementPercent);
    const share = this.#failurePercentage;
    if (share !== undefined) {
      eject(findByFailurePercentage(judged, share), "failurePercentage", share.enforcementPercent);
    }
    return { ejected, restored: this.#restore(members, nowMs) };
  }

  /** Milliseconds for which an ejected instance is out, as its multiplier has it now. */
  ejectionMs({ multiplier }: OutlierStats): number {
    return Math.min(this.#baseMs * multiplier, this.#maxMs);
  }

  /**
   * Whether so few of the instances are available that ejections are to be ignored: the fault is not theirs, and the
   * few would be overrun. Available are those that are not ejected, and otherwise take calls (Envoy, panic threshold).
   */
  isPanicking(available: number, total: number): boolean {
    return available * 100 < this.#panicPercent * total;
  }

  /** Whether one more may be out: within the percentage, but one in any case (A50). */
  #hasRoom(ejected: number, total: number): boolean {
    return ejected === 0 || (ejected + 1) * 100 <= this.#maxPercent * total;
  }

  #eject(stats: OutlierStats, nowMs: number): void {
    stats.ejected = true;
    stats.ejectedMs = nowMs;
    // Beyond the longest time it would only take longer to fall again (Envoy).
    if (this.#baseMs * stats.multiplier < this.#maxMs + this.#baseMs) stats.multiplier++;
  }

  /** Forgives those that are in rotation one ejection, and brings back those whose time is over. */
  #restore<M extends OutlierMember>(members: readonly M[], nowMs: number): readonly M[] {
    const restored: M[] = [];
    for (const member of members) {
      const stats = member.outlierStats;
      if (!stats.ejected) {
        if (stats.multiplier > 0) stats.multiplier--;
      } else if (nowMs - stats.ejectedMs >= this.ejectionMs(stats)) {
        stats.ejected = false;
        stats.consecutiveFailures = 0;
        restored.push(member);
      }
    }
    return restored;
  }
}

function swapBuckets(stats: OutlierStats): void {
  stats.sweptSuccesses = stats.successes;
  stats.sweptFailures = stats.failures;
  stats.successes = 0;
  stats.failures = 0;
}

function countEjected(members: readonly OutlierMember[]): number {
  let count = 0;
  for (const { outlierStats } of members) if (outlierStats.ejected) count++;
  return count;
}

function requestsOf({ outlierStats }: OutlierMember): number {
  return outlierStats.sweptSuccesses + outlierStats.sweptFailures;
}

/** A50, success rate algorithm. */
function findBySuccessRate<M extends OutlierMember>(members: readonly M[], facts: Required<SuccessRateFacts>): M[] {
  const hosts = members.filter((member) => requestsOf(member) >= facts.minRequests);
  if (hosts.length < facts.minHosts) return [];
  const rates = hosts.map((host) => host.outlierStats.sweptSuccesses / requestsOf(host));
  const threshold = successRateThreshold(rates, facts.stdevFactor);
  return hosts.filter((_host, index) => (rates[index] ?? 1) < threshold);
}

/** A50, failure percentage algorithm: above the threshold, not at it. */
function findByFailurePercentage<M extends OutlierMember>(
  members: readonly M[],
  facts: Required<FailurePercentageFacts>,
): M[] {
  const hosts = members.filter((member) => requestsOf(member) >= facts.minRequests);
  if (hosts.length < facts.minHosts) return [];
  return hosts.filter((host) => host.outlierStats.sweptFailures * 100 > facts.threshold * requestsOf(host));
}
