// SPDX-License-Identifier: Apache-2.0
import type { Candidates } from "./balancer.js";

/** What has been derived from one version of a list. */
interface Entry<Derived> {
  version: number;
  derived: Derived;
}

/**
 * Keeps what a balancer has derived from each list it is given, and derives it anew only when the list's version has
 * risen, with the outcome of the last time at hand. The list of the last pick is found without a look-up.
 */
export class PerVersion<Derived> {
  readonly #derive: (candidates: Candidates, before: Derived | undefined) => Derived;
  readonly #entries = new WeakMap<Candidates, Entry<Derived>>();
  #last: Candidates | undefined;
  #lastEntry: Entry<Derived> | undefined;

  constructor(derive: (candidates: Candidates, before: Derived | undefined) => Derived) {
    this.#derive = derive;
  }

  of(candidates: Candidates): Derived {
    const entry = candidates === this.#last && this.#lastEntry !== undefined ? this.#lastEntry : this.#find(candidates);
    if (entry.version !== candidates.version) {
      entry.derived = this.#derive(candidates, entry.derived);
      entry.version = candidates.version;
    }
    return entry.derived;
  }

  #find(candidates: Candidates): Entry<Derived> {
    let entry = this.#entries.get(candidates);
    if (entry === undefined) {
      entry = { version: candidates.version, derived: this.#derive(candidates, undefined) };
      this.#entries.set(candidates, entry);
    }
    this.#last = candidates;
    this.#lastEntry = entry;
    return entry;
  }
}
