// SPDX-License-Identifier: Apache-2.0
import type { Candidate, Candidates } from "./balancer.js";

/**
 * Some members of another list. Its version rises only when its own content does, so that what a child has derived from
 * it, a ring or a table, outlives what happens to members that are not in it.
 */
export class DerivedList implements Candidates {
  #list: readonly Candidate[] = [];
  #away: readonly Candidate[] = [];
  /** Weights and labels at the last `replace`, since members change in place. */
  #weights: readonly number[] = [];
  #labels: readonly ReadonlyMap<string, string>[] = [];
  version = 0;

  get list(): readonly Candidate[] {
    return this.#list;
  }

  get away(): readonly Candidate[] {
    return this.#away;
  }

  /** Takes these members; call it whenever the list that they come from has a new version. */
  replace(list: readonly Candidate[], away: readonly Candidate[]): void {
    if (isSame(list, this.#list) && isSame(away, this.#away) && this.#hasSameTraits()) return;
    this.#list = list;
    this.#away = away;
    this.#weights = list.map(({ weight }) => weight);
    this.#labels = list.map(({ labels }) => labels);
    this.version++;
  }

  #hasSameTraits(): boolean {
    return this.#list.every(({ weight, labels }, index) => {
      return weight === this.#weights[index] && labels === this.#labels[index];
    });
  }
}

function isSame(one: readonly Candidate[], other: readonly Candidate[]): boolean {
  return one.length === other.length && one.every((candidate, index) => candidate === other[index]);
}
