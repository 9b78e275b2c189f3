// SPDX-License-Identifier: Apache-2.0

/** One key with what it stands for; those of one slot are chained. */
interface Row<Value> {
  readonly key: Uint8Array;
  readonly value: Value;
  readonly next: Row<Value> | undefined;
}

/**
 * A table keyed by bytes, looked up with a slice of somebody else's buffer: no string is made and nothing allocated.
 *
 * The hash looks at the length and the last bytes alone, where paths differ; at more of them once some keys differ elsewhere
 * only, such as services of many names with the same methods. Whoever finds two equal keys compares all of them.
 */
export class ByteTable<Value> {
  #rows: (Row<Value> | undefined)[];
  #size = 0;
  /** So many bytes at the end of a key are hashed. */
  #hashedBytes = leastHashedBytes;
  readonly #multiplier: number;

  /** `seed`: 32 bits that nobody can guess, for a table to which peers may add: keys of one hash would be a search through all. */
  constructor(seed: number = 0) {
    // Odd, or low bits of the first bytes would be lost.
    this.#multiplier = (31 + 2 * seed) | 0;
    this.#rows = new Array<Row<Value> | undefined>(minSlots).fill(undefined);
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Lets `key` stand for `value`. False, and nothing is changed, if it stands for something already. */
  add(key: Uint8Array, value: Value): boolean {
    if (this.find(key, 0, key.length) !== undefined) return false;
    if (++this.#size > this.#rows.length) this.#rebuild(this.#rows.length * 2);
    if (this.#hashedBytes < mostHashedBytes && this.#isCrowded(key)) {
      this.#hashedBytes *= 2;
      this.#rebuild(this.#rows.length);
    }
    this.#link(key, value);
    return true;
  }

  /** What `bytes[start, end)` stands for. */
  find(bytes: Uint8Array, start: number, end: number): Value | undefined {
    let row = this.#rows[this.#slotOf(bytes, start, end)];
    while (row !== undefined) {
      if (isEqual(row.key, bytes, start, end)) return row.value;
      row = row.next;
    }
    return undefined;
  }

  #link(key: Uint8Array, value: Value): void {
    const slot = this.#slotOf(key, 0, key.length);
    this.#rows[slot] = { key, value, next: this.#rows[slot] };
  }

  /** More keys have the slot of this one than come there by chance. */
  #isCrowded(key: Uint8Array): boolean {
    let count = 0;
    for (let row = this.#rows[this.#slotOf(key, 0, key.length)]; row !== undefined; row = row.next) count++;
    return count >= crowd;
  }

  #rebuild(slots: number): void {
    const old = this.#rows;
    this.#rows = new Array<Row<Value> | undefined>(slots).fill(undefined);
    for (const first of old) {
      for (let row = first; row !== undefined; row = row.next) this.#link(row.key, row.value);
    }
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const multiplier = this.#multiplier;
    let hash = end - start;
    for (let at = Math.max(start, end - this.#hashedBytes); at < end; at++) {
      hash = (Math.imul(hash, multiplier) + (bytes[at] ?? 0)) | 0;
    }
    return (hash ^ (hash >>> 15)) & (this.#rows.length - 1);
  }
}

/** Slots of an empty table, a power of two. */
const minSlots = 16;

/** Bytes at the end of a path that tell it from others, nearly always. */
const leastHashedBytes = 8;

/** As many of a key as are ever hashed. */
const mostHashedBytes = 1_024;

/** Keys in one slot that are more than chance. */
const crowd = 8;

function isEqual(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = key.length - 1; index >= 0; index--) {
    if (key[index] !== bytes[start + index]) return false;
  }
  return true;
}
