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
 * It is filled from the router's own routes; peers can only ask, and where they may be learnt, add few. So the hash looks at the length and
 * the last bytes alone, where paths differ, and whoever finds two equal keys compares all of them.
 */
export class ByteTable<Value> {
  #rows: (Row<Value> | undefined)[];
  #size = 0;
  readonly #hashedBytes: number;

  /** So many bytes at the end of a key are hashed; more for keys that may have their ends in common. */
  constructor(hashedBytes: number = pathTailBytes) {
    this.#hashedBytes = hashedBytes;
    this.#rows = new Array<Row<Value> | undefined>(minSlots).fill(undefined);
  }

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Lets `key` stand for `value`. False, and nothing is changed, if it stands for something already. */
  add(key: Uint8Array, value: Value): boolean {
    if (this.find(key, 0, key.length) !== undefined) return false;
    if (++this.#size > this.#rows.length) this.#grow();
    this.#link(key, value);
    return true;
  }

  /** What `bytes[start, end)` stands for. */
  find(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const rows = this.#rows;
    let row = rows[hashOf(bytes, Math.max(start, end - this.#hashedBytes), end, end - start) & (rows.length - 1)];
    while (row !== undefined) {
      if (isEqual(row.key, bytes, start, end)) return row.value;
      row = row.next;
    }
    return undefined;
  }

  #link(key: Uint8Array, value: Value): void {
    const from = Math.max(0, key.length - this.#hashedBytes);
    const slot = hashOf(key, from, key.length, key.length) & (this.#rows.length - 1);
    this.#rows[slot] = { key, value, next: this.#rows[slot] };
  }

  #grow(): void {
    const old = this.#rows;
    this.#rows = new Array<Row<Value> | undefined>(old.length * 2).fill(undefined);
    for (const first of old) {
      for (let row = first; row !== undefined; row = row.next) this.#link(row.key, row.value);
    }
  }
}

/** Slots of an empty table, a power of two. */
const minSlots = 16;

/** Bytes at the end of a path that tell it from others. */
const pathTailBytes = 8;

/** Of `bytes[start, end)`, which belong to a key of this length. */
function hashOf(bytes: Uint8Array, start: number, end: number, length: number): number {
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash ^ (hash >>> 15);
}

function isEqual(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = key.length - 1; index >= 0; index--) {
    if (key[index] !== bytes[start + index]) return false;
  }
  return true;
}
