// SPDX-License-Identifier: Apache-2.0
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";

/**
 * One instance after the other; those that cannot take a call are passed over. Weights are not looked at: use
 * `least_request` where instances differ in size.
 *
 * The start is random, so that routers which share nothing do not walk in step.
 */
export function createRoundRobin(): Balancer {
  return new RoundRobin();
}

/** Where the walk through one list is. */
interface Place {
  /** Index of the next candidate to ask; -1 before the first pick. */
  next: number;
}

class RoundRobin implements Balancer {
  readonly name = "round_robin";
  /** Each list has its own: a walk through lists of several sizes would not come to the ends of the longer ones. */
  readonly #places = new WeakMap<Candidates, Place>();
  /** The list of the last pick, so that the usual case needs no look-up. */
  #last: Candidates | undefined;
  #lastPlace: Place = { next: -1 };

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const count = list.length;
    const place = this.#placeIn(candidates);
    if (place.next < 0) place.next = Math.floor(random() * count);
    let index = place.next < count ? place.next : 0;
    let last: C | undefined;
    for (let asked = 0; asked < count; asked++) {
      const candidate = list[index];
      index = index + 1 < count ? index + 1 : 0;
      if (candidate === undefined || !canTake(candidate, call)) continue;
      if (!call.avoids(candidate)) {
        place.next = index;
        return candidate;
      }
      last = candidate;
    }
    return last;
  }

  #placeIn(candidates: Candidates): Place {
    if (candidates === this.#last) return this.#lastPlace;
    let place = this.#places.get(candidates);
    if (place === undefined) {
      place = { next: -1 };
      this.#places.set(candidates, place);
    }
    this.#last = candidates;
    this.#lastPlace = place;
    return place;
  }
}
