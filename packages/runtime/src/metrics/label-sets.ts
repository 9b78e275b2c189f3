// SPDX-License-Identifier: Apache-2.0
import { maxLabelSets } from "../limits.js";

/** No instance, or one without any of the labels. */
export const noLabelSet = 0;
/** All sets for which there is no room. */
export const otherLabelSet = 1;

/**
 * The sets of instance labels that metrics tell apart, as small numbers: instances name their labels themselves, so their
 * number is bounded, and what is above it is one set whose values are `other`.
 */
export class LabelSets {
  /** Names of the labels. */
  readonly names: readonly string[];
  /** Instances that registered with a set for which there was no room. */
  overflows = 0;
  readonly #sets: string[][];
  readonly #ids = new Map<string, number>();

  constructor(names: readonly string[]) {
    this.names = names;
    this.#sets = [names.map(() => ""), names.map(() => "other")];
    // Also for an instance that says `other` itself: two series of the same name would be an error to whoever reads them.
    for (const [id, values] of this.#sets.entries()) this.#ids.set(JSON.stringify(values), id);
  }

  /** Sets so far, without those that are always there. */
  get size(): number {
    return this.#sets.length - 2;
  }

  /** The number of the set in `labels`, the same for the same values. */
  intern(labels: ReadonlyMap<string, string>): number {
    if (this.names.length === 0) return noLabelSet;
    const values = this.names.map((name) => labels.get(name) ?? "");
    const key = JSON.stringify(values);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.size >= maxLabelSets) {
      this.overflows++;
      return otherLabelSet;
    }
    const id = this.#sets.push(values) - 1;
    this.#ids.set(key, id);
    return id;
  }

  /** Values of a set, in the order of `names`. */
  valuesOf(id: number): readonly string[] {
    return this.#sets[id] ?? [];
  }
}
