// SPDX-License-Identifier: Apache-2.0

/** What a heap must know of its entries, which remember their own places so that any of them can be taken out. */
export interface HeapRules<Entry> {
  /** Whether `one` comes before `other`; a strict order. */
  isBefore(one: Entry, other: Entry): boolean;
  /** The place that `setIndex` was told last; -1 if it is in no such heap. */
  indexOf(entry: Entry): number;
  /** Notes the place. */
  setIndex(entry: Entry, index: number): void;
}

/** A binary heap out of which any entry can be taken; all changes are O(log n) and allocate nothing. */
export class IndexedHeap<Entry> {
  readonly #rules: HeapRules<Entry>;
  readonly #entries: Entry[] = [];

  constructor(rules: HeapRules<Entry>) {
    this.#rules = rules;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The entry before all others. */
  get first(): Entry | undefined {
    return this.#entries[0];
  }

  /** Whether `entry` is in this heap, and not in another with the same rules. */
  has(entry: Entry): boolean {
    const index = this.#rules.indexOf(entry);
    return index >= 0 && this.#entries[index] === entry;
  }

  /** Adds an entry that is in no heap with these rules. */
  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#rise(entry, this.#entries.length - 1);
  }

  /** Takes `entry` out; false if it is not here. */
  remove(entry: Entry): boolean {
    if (!this.has(entry)) return false;
    const index = this.#rules.indexOf(entry);
    const last = this.#entries.pop();
    if (last !== undefined && last !== entry) {
      this.#rise(last, index);
      this.#sink(last, this.#rules.indexOf(last));
    }
    this.#rules.setIndex(entry, -1);
    return true;
  }

  /** Puts `entry` at `index` or nearer the top, pulling down those that come after it. */
  #rise(entry: Entry, index: number): void {
    let at = index;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = this.#entries[above];
      if (parent === undefined || !this.#rules.isBefore(entry, parent)) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(entry, at);
  }

  /** Puts `entry` at `index` or further down, pulling up those that come before it. */
  #sink(entry: Entry, index: number): void {
    let at = index;
    for (;;) {
      const left = this.#entries[2 * at + 1];
      const right = this.#entries[2 * at + 2];
      const child = left !== undefined && right !== undefined && this.#rules.isBefore(right, left) ? right : left;
      if (child === undefined || !this.#rules.isBefore(child, entry)) break;
      const below = this.#rules.indexOf(child);
      this.#place(child, at);
      at = below;
    }
    this.#place(entry, at);
  }

  #place(entry: Entry, index: number): void {
    this.#entries[index] = entry;
    this.#rules.setIndex(entry, index);
  }
}
