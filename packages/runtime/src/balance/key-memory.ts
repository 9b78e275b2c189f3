// SPDX-License-Identifier: Apache-2.0

/** Entries that a key can have: the set in which it is looked for. */
const ways = 8;

/** The mark of an instance for each entry, as two int32; zeros: none. */
export class MarkColumns {
  readonly highs: Int32Array;
  readonly lows: Int32Array;

  constructor(size: number) {
    this.highs = new Int32Array(size);
    this.lows = new Int32Array(size);
  }

  set(entry: number, high: number, low: number): void {
    this.highs[entry] = high;
    this.lows[entry] = low;
  }
}

/**
 * Remembers instances by key, for a fixed number of keys: a set-associative table in typed arrays, which neither grows
 * nor allocates. A new key takes the place of the one of its set that has gone unused longest. Keys and instances are
 * hashes of 64 bits, given as two int32, since no uint32 above 2^31 is passed on without becoming an object; entries are
 * numbers. A key may have one entry per scope.
 */
export class KeyMemory {
  /** The instance whose key it is. */
  readonly homes: MarkColumns;
  /** Who stands in for that. */
  readonly guests: MarkColumns;
  readonly #keys: MarkColumns;
  /** By entry; 0: it is free. */
  readonly #scopes: Uint32Array;
  /** By entry: the use at which it was used last, in 32 bits that start over. */
  readonly #uses: Int32Array;
  readonly #shift: number;
  /** An odd number. */
  readonly #salt: number;
  #use = 0;

  /** For `size` keys, a power of two above 8; `salt` is 32 random bits, so that nobody can aim keys at one set. */
  constructor(size: number, salt: number) {
    this.homes = new MarkColumns(size);
    this.guests = new MarkColumns(size);
    this.#keys = new MarkColumns(size);
    this.#scopes = new Uint32Array(size);
    this.#uses = new Int32Array(size);
    this.#shift = 1 + Math.clz32(size / ways);
    this.#salt = salt | 1;
  }

  /** The entry of a key in a scope, which is a number above 0; -1 if there is none. */
  find(scope: number, high: number, low: number): number {
    const first = this.#firstOf(high, low);
    for (let entry = first; entry < first + ways; entry++) {
      if (this.#scopes[entry] === scope && this.#isOf(entry, high, low)) return entry;
    }
    return -1;
  }

  /** The next entry of a key after `entry`, whatever its scope, or its first one after -1; -1 if there is none. */
  findNext(entry: number, high: number, low: number): number {
    const first = this.#firstOf(high, low);
    for (let at = Math.max(first, entry + 1); at < first + ways; at++) {
      if (this.#scopes[at] !== 0 && this.#isOf(at, high, low)) return at;
    }
    return -1;
  }

  /** An entry for a key that has none in this scope; what it held is forgotten. It counts as used. */
  add(scope: number, high: number, low: number): number {
    const entry = this.#oldestOf(this.#firstOf(high, low));
    this.#scopes[entry] = scope;
    this.#keys.set(entry, high, low);
    this.homes.set(entry, 0, 0);
    this.guests.set(entry, 0, 0);
    this.use(entry);
    return entry;
  }

  /** It has been needed. */
  use(entry: number): void {
    this.#use = (this.#use + 1) | 0;
    this.#uses[entry] = this.#use;
  }

  #oldestOf(first: number): number {
    let oldest = first;
    let age = -1;
    for (let entry = first; entry < first + ways; entry++) {
      if (this.#scopes[entry] === 0) return entry;
      const own = (this.#use - (this.#uses[entry] ?? 0)) >>> 0;
      if (own > age) {
        age = own;
        oldest = entry;
      }
    }
    return oldest;
  }

  #firstOf(high: number, low: number): number {
    const mixed = Math.imul(Math.imul(low, this.#salt) ^ high, this.#salt);
    return (mixed >>> this.#shift) * ways;
  }

  #isOf(entry: number, high: number, low: number): boolean {
    return this.#keys.lows[entry] === low && this.#keys.highs[entry] === high;
  }
}
