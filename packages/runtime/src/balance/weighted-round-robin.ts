// SPDX-License-Identifier: Apache-2.0
import { maxLoadWeightRatio, minLoadWeightRatio, minWeightUpdateMs } from "../limits.js";
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { DeadlineSchedule } from "./deadline-schedule.js";
import { LoadWeight, type LoadWeightOptions } from "./load-weight.js";
import { PerVersion } from "./per-version.js";
import { createRoundRobin } from "./round-robin.js";

/** Parameters of `createWeightedRoundRobin`; all but the first speak of load reports only. */
export interface WeightedRoundRobinOptions {
  /** Weights follow from load reports instead of what instances state. Default false. */
  readonly useLoadReports?: boolean;
  /** How long an instance must report before its reports count, in milliseconds. Default 10,000. */
  readonly blackoutMs?: number;
  /** How long a report counts, in milliseconds. Default 180,000. */
  readonly expiryMs?: number;
  /** Time between two computations of the weights, in milliseconds; below 100 counts as 100. Default 1,000. */
  readonly updateMs?: number;
  /** By how much errors lower a weight: 0 is not at all. Default 1. */
  readonly errorPenalty?: number;
  /**
   * Metrics of which the largest is an instance's utilisation if it does not say what limits the application:
   * "named_metrics.queue", "utilization.disk", "mem_utilization" (gRFC A114). Default: none, and the processor's counts.
   */
  readonly metricNamesForComputingUtilization?: readonly string[];
}

/**
 * One instance after the other, each as often as its weight says, by an earliest-deadline-first schedule (gRFC A58).
 * With equal weights, plain round robin.
 *
 * With load reports, an instance's weight is calls per second / (utilisation + errors per call × penalty); one whose
 * reports do not count, yet or any more, has the mean of the others. Fewer than two weights are none: then all are equal.
 * Weights are kept between a hundredth and the tenfold of their mean, as in gRPC's C-core.
 */
export function createWeightedRoundRobin(options: WeightedRoundRobinOptions = {}): Balancer {
  return new WeightedRoundRobin(options);
}

/** The schedule of one version of a list. */
interface Plan {
  readonly schedule: DeadlineSchedule;
  /** Goes around while weights are equal. */
  readonly circle: Balancer;
  readonly weights: Float64Array;
  /** Parallel to the list; empty without load reports. */
  readonly reported: readonly LoadWeight[];
  equal: boolean;
  /** When weights were computed; -Infinity: not yet. */
  updatedMs: number;
}

class WeightedRoundRobin implements Balancer {
  readonly name = "weighted_round_robin";
  readonly readsLoad: boolean;
  readonly #loads: LoadWeightOptions | undefined;
  readonly #updateMs: number;
  /** By candidate, so that lists share what is known. */
  readonly #reported = new WeakMap<Candidate, LoadWeight>();
  readonly #plans = new PerVersion<Plan>(({ list }, before) => this.#plan(list, before));

  constructor(options: WeightedRoundRobinOptions) {
    const { useLoadReports = false, blackoutMs = 10_000, expiryMs = 180_000, errorPenalty = 1 } = options;
    const { metricNamesForComputingUtilization: metricNames = [] } = options;
    this.readsLoad = useLoadReports;
    this.#loads = useLoadReports ? { blackoutMs, expiryMs, errorPenalty, metricNames } : undefined;
    this.#updateMs = useLoadReports ? Math.max(minWeightUpdateMs, options.updateMs ?? 1_000) : Number.POSITIVE_INFINITY;
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const plan = this.#plans.of(candidates);
    // Without load reports, only the first time: Infinity is not more than Infinity.
    if (plan.updatedMs === Number.NEGATIVE_INFINITY || call.nowMs - plan.updatedMs >= this.#updateMs) {
      this.#update(plan, list, call.nowMs, random);
    }
    return plan.equal ? plan.circle.pick(candidates, call, random) : plan.schedule.pick(list, call);
  }

  #plan(list: readonly Candidate[], before: Plan | undefined): Plan {
    return {
      schedule: before?.schedule ?? new DeadlineSchedule(),
      circle: before?.circle ?? createRoundRobin(),
      weights: new Float64Array(list.length),
      reported: this.#loads === undefined ? [] : list.map((candidate) => this.#reportedOf(candidate)),
      equal: true,
      updatedMs: Number.NEGATIVE_INFINITY,
    };
  }

  #reportedOf(candidate: Candidate): LoadWeight {
    const known = this.#reported.get(candidate);
    if (known !== undefined) return known;
    const reported = new LoadWeight();
    this.#reported.set(candidate, reported);
    return reported;
  }

  #update(plan: Plan, list: readonly Candidate[], nowMs: number, random: () => number): void {
    const { weights } = plan;
    plan.updatedMs = nowMs;
    if (this.#loads !== undefined) weighByLoad(plan, list, nowMs, this.#loads);
    else weights.set(list.map(({ weight }) => weight));
    plan.equal = weights.every((weight) => weight === weights[0]);
    if (!plan.equal) plan.schedule.update(list, weights, random);
  }
}

/** Writes the weights that follow from load reports; equal ones if fewer than two are known. */
function weighByLoad(plan: Plan, list: readonly Candidate[], nowMs: number, options: LoadWeightOptions): void {
  const { weights, reported } = plan;
  let known = 0;
  let sum = 0;
  list.forEach((candidate, index) => {
    const weight = reported[index]?.at(nowMs, candidate, options) ?? 0;
    weights[index] = weight;
    sum += weight;
    if (weight > 0) known++;
  });
  if (known < 2) {
    weights.fill(1);
    return;
  }
  const mean = sum / known;
  weights.forEach((weight, index) => {
    const within = Math.min(maxLoadWeightRatio, Math.max(minLoadWeightRatio, weight / mean));
    weights[index] = weight === 0 ? 1 : within;
  });
}
