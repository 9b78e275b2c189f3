// SPDX-License-Identifier: Apache-2.0
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { createWeightedDraw } from "./weighted-draw.js";

/** Parameters of `createLeastRequest`. */
export interface LeastRequestOptions {
  /** Instances compared per call: 2 to 10, values outside count as the nearer end (gRFC A48). Default 2. */
  readonly choices?: number;
}

/**
 * The least busy of a few instances drawn at random ("power of two choices", gRFC A48). Instances are drawn in
 * proportion to their weight and compared by open calls per weight, so both an idle and a busy service spread calls by
 * weight. An instance at its capacity is passed over.
 */
export function createLeastRequest(options: LeastRequestOptions = {}): Balancer {
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
