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

class RoundRobin implements Balancer {
  readonly name = "round_robin";
  /** Index of the next candidate to ask; -1 before the first pick. */
  #next = -1;

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const count = list.length;
    if (this.#next < 0) this.#next = Math.floor(random() * count);
    let index = this.#next < count ? this.#next : 0;
    let last: C | undefined;
    for (let asked = 0; asked < count; asked++) {
      const candidate = list[index];
      index = index + 1 < count ? index + 1 : 0;
      if (candidate === undefined || !canTake(candidate, call)) continue;
      if (!call.avoids(candidate)) {
        this.#next = index;
        return candidate;
      }
      last = candidate;
    }
    return last;
  }
}
