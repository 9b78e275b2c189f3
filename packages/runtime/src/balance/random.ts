// SPDX-License-Identifier: Apache-2.0
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { createWeightedDraw } from "./weighted-draw.js";

/** Draws before those that can take the call are looked for one by one: where a quarter can, nine calls in ten need no search. */
const maxDraws = 8;

/** Any instance by chance, in proportion to the weights of those that can take the call. */
export function createRandom(): Balancer {
  return new Random();
}

class Random implements Balancer {
  readonly name = "random";
  readonly #draw = createWeightedDraw();

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const draws = list.length > 0 ? maxDraws : 0;
    for (let draw = 0; draw < draws; draw++) {
      const candidate = list[this.#draw.index(candidates, random)];
      if (candidate !== undefined && canTake(candidate, call) && !call.avoids(candidate)) return candidate;
    }
    // The shares are the same either way: what was drawn in vain says nothing about the others.
    return drawAmong(list, call, random, false) ?? drawAmong(list, call, random, true);
  }
}

/** Draws by weight among those that can take the call, in one pass: each takes the place of those before it by its share. */
function drawAmong<C extends Candidate>(
  list: readonly C[],
  call: BalancedCall,
  random: () => number,
  avoided: boolean,
): C | undefined {
  let drawn: C | undefined;
  let sum = 0;
  for (let index = 0; index < list.length; index++) {
    const candidate = list[index];
    if (candidate === undefined || !canTake(candidate, call) || call.avoids(candidate) !== avoided) continue;
    sum += candidate.weight;
    if (drawn === undefined || random() * sum < candidate.weight) drawn = candidate;
  }
  return drawn;
}
