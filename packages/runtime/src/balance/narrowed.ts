// SPDX-License-Identifier: Apache-2.0
import type { AttemptOutcome, BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { DerivedList } from "./derived-list.js";
import { PerVersion } from "./per-version.js";

/** Puts what of `candidates` is left into `into`. */
export type Narrow = (candidates: Candidates, into: DerivedList) => void;

/** A balancer whose child picks from what `narrow` leaves of each list. It has the child's name: it is no strategy. */
export function createNarrowed(child: Balancer, narrow: Narrow): Balancer {
  return new Narrowed(child, narrow);
}

/** The child's `onEnd`, for a balancer that stands before it; undefined if it wants to know nothing, for measuring costs. */
export function endOf(child: Balancer): ((candidate: Candidate, outcome: AttemptOutcome) => void) | undefined {
  return child.onEnd?.bind(child);
}

class Narrowed implements Balancer {
  readonly name: string;
  readonly onEnd?: (candidate: Candidate, outcome: AttemptOutcome) => void;
  readonly readsLoad: boolean;
  readonly #child: Balancer;
  readonly #lists: PerVersion<DerivedList>;

  constructor(child: Balancer, narrow: Narrow) {
    this.name = child.name;
    this.#child = child;
    const onEnd = endOf(child);
    if (onEnd !== undefined) this.onEnd = onEnd;
    this.readsLoad = child.readsLoad === true;
    this.#lists = new PerVersion((candidates, before) => {
      const list = before ?? new DerivedList();
      narrow(candidates, list);
      return list;
    });
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    // Members of the derived list come from `candidates`, and from nowhere else.
    const list: Candidates = this.#lists.of(candidates);
    return this.#child.pick(list as Candidates<C>, call, random);
  }

  isLost(candidates: Candidates, call: BalancedCall): boolean {
    const list = this.#lists.of(candidates);
    return list.list.length === 0 || this.#child.isLost?.(list, call) === true;
  }
}
