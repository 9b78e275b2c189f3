// SPDX-License-Identifier: Apache-2.0
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { DeadlineSchedule } from "./deadline-schedule.js";
import { PerVersion } from "./per-version.js";
import { createWeightedDraw } from "./weighted-draw.js";

/** Parameters of `createLeastRequest`. */
export interface LeastRequestOptions {
  /** Instances compared per call: 2 to 10, values outside count as the nearer end (gRFC A48). Default 2. */
  readonly choices?: number;
  /** Compare all instances instead of a few; of those that are equally busy, chance decides by weight. Default false. */
  readonly fullScan?: boolean;
  /**
   * Do as Envoy does where weights differ: a schedule in which an instance has turns by its weight /
   * (open calls + 1) ^ activeRequestBias; 0 is weighted round robin. Nothing is compared then. Default: none, instances are compared.
   */
  readonly activeRequestBias?: number;
}

/**
 * The least busy of a few instances drawn at random ("power of two choices", gRFC A48). Instances are drawn in
 * proportion to their weight and compared by open calls per weight, so both an idle and a busy service spread calls by
 * weight. An instance at its capacity is passed over.
 */
export function createLeastRequest(options: LeastRequestOptions = {}): Balancer {
  if (options.activeRequestBias !== undefined) return new ScheduledLeastRequest(Math.max(0, options.activeRequestBias));
  if (options.fullScan === true) return new ScannedLeastRequest();
  return new LeastRequest(Math.min(10, Math.max(2, Math.floor(options.choices ?? 2))));
}

class LeastRequest implements Balancer {
  readonly name = "least_request";
  readonly #choices: number;
  readonly #draw = createWeightedDraw();

  constructor(choices: number) {
    this.#choices = choices;
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const first = this.#draw.index(candidates, random);
    let best: C | undefined;
    let bestIsAvoided = false;
    for (let choice = 0; choice < this.#choices; choice++) {
      const index = choice === 0 ? first : this.#draw.otherIndex(candidates, first, random);
      const candidate = list[index];
      if (candidate === undefined || !canTake(candidate, call)) continue;
      const isAvoided = call.avoids(candidate);
      if (best === undefined || (isAvoided === bestIsAvoided ? isLessBusy(candidate, best) : bestIsAvoided)) {
        best = candidate;
        bestIsAvoided = isAvoided;
      }
    }
    return best === undefined || bestIsAvoided ? scan(list, first, call) : best;
  }
}

/** The least busy of all. */
class ScannedLeastRequest implements Balancer {
  readonly name = "least_request";

  pick<C extends Candidate>({ list }: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    let best: C | undefined;
    let bestIsAvoided = false;
    /** Of all that are as good as `best`, which is one of them by its share of it. */
    let weights = 0;
    for (let index = 0; index < list.length; index++) {
      const candidate = list[index];
      if (candidate === undefined || !canTake(candidate, call)) continue;
      const isAvoided = call.avoids(candidate);
      if (best === undefined || (isAvoided === bestIsAvoided ? isLessBusy(candidate, best) : bestIsAvoided)) {
        best = candidate;
        bestIsAvoided = isAvoided;
        weights = candidate.weight;
      } else if (isAvoided === bestIsAvoided && !isLessBusy(best, candidate)) {
        const before = weights;
        weights += candidate.weight;
        if (random() * weights >= before) best = candidate;
      }
    }
    return best;
  }
}

/** Whoever has waited longest for a turn, turns being the longer the busier one is. */
class ScheduledLeastRequest implements Balancer {
  readonly name = "least_request";
  readonly #plans: PerVersion<{ readonly schedule: DeadlineSchedule; isStale: boolean }>;

  constructor(bias: number) {
    this.#plans = new PerVersion((_, before) => ({
      schedule: before?.schedule ?? new DeadlineSchedule(bias),
      isStale: true,
    }));
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const plan = this.#plans.of(candidates);
    if (plan.isStale) {
      plan.schedule.update(
        list,
        Float64Array.from(list, ({ weight }) => weight),
        random,
      );
      plan.isStale = false;
    }
    return plan.schedule.pick(list, call);
  }
}

/** Fewer open calls per weight; without division, so that nothing is rounded. */
function isLessBusy(one: Candidate, other: Candidate): boolean {
  return one.openCalls * other.weight < other.openCalls * one.weight;
}

/** None of those drawn will do: the first that will, from a place that the draw made random. */
function scan<C extends Candidate>(list: readonly C[], start: number, call: BalancedCall): C | undefined {
  const count = list.length;
  let last: C | undefined;
  for (let step = 0, index = start; step < count; step++, index = index + 1 < count ? index + 1 : 0) {
    const candidate = list[index];
    if (candidate === undefined || !canTake(candidate, call)) continue;
    if (!call.avoids(candidate)) return candidate;
    last = candidate;
  }
  return last;
}
