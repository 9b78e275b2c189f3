// SPDX-License-Identifier: Apache-2.0
import { type KeyHash, xxh64 } from "./xxh64.js";

/** The longest number: "-0.0000012345678901234567" has 25 characters. */
const maxNumberBytes = 32;
const zero = 0x30;
const minus = 0x2d;
const billion = 1_000_000_000;
const encoder = new TextEncoder();

/**
 * The canonical octets of a key, `bytes[start, end)`: strings and bytes as they are, integers in decimal ("-5"), bools as
 * "true" and "false", floating point numbers as JavaScript writes them. So "5" in a metadata field and 5 in a message are the
 * same key. Reused from call to call; octets of a message stay where they are, numbers have a place in here.
 */
export class KeyBytes {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  readonly #number = new Uint8Array(maxNumberBytes);

  constructor() {
    this.bytes = this.#number;
  }

  /** Becomes a view of `bytes[start, end)`, which must not change while the key is in use. */
  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Becomes a text in ASCII of at most 32 characters. */
  setText(text: string): void {
    this.set(this.#number, 0, encoder.encodeInto(text, this.#number).written);
  }

  /** Becomes the uint64 whose halves are `high` and `low`, in decimal. */
  setUint64(high: number, low: number): void {
    const start = high === 0 ? this.#write(low >>> 0, maxNumberBytes, 1) : this.#writeLong(high >>> 0, low >>> 0);
    this.set(this.#number, start, maxNumberBytes);
  }

  /** Becomes the int64 whose halves are `high` and `low`, in decimal. */
  setInt64(high: number, low: number): void {
    if (high >= 0) {
      this.setUint64(high, low);
      return;
    }
    this.setUint64(low === 0 ? -high | 0 : ~high, -low | 0);
    this.#number[--this.start] = minus;
  }

  /** Writes a number of up to 53 bits with at least `digits` digits before the offset `end`, and returns where it begins. */
  #write(value: number, end: number, digits: number): number {
    let rest = value;
    let at = end;
    while (rest > 0 || end - at < digits) {
      const tenth = Math.floor(rest / 10);
      this.#number[--at] = zero + (rest - tenth * 10);
      rest = tenth;
    }
    return at;
  }

  /** By 16 bits at a time, so that no step exceeds the 53 bits of a double: how many billions, and what is left. */
  #writeLong(high: number, low: number): number {
    let left = high;
    const upper = Math.floor(left / billion);
    left = (left - upper * billion) * 0x10000 + (low >>> 16);
    const middle = Math.floor(left / billion);
    left = (left - middle * billion) * 0x10000 + (low & 0xffff);
    const lower = Math.floor(left / billion);
    left -= lower * billion;
    const start = this.#write(left, maxNumberBytes, 9);
    return this.#write((upper * 0x10000 + middle) * 0x10000 + lower, start, 1);
  }
}

/** Writes the hash of a key, XXH64 with seed 0 of its octets, into `hash`. */
export function hashKey(key: KeyBytes, hash: KeyHash): void {
  xxh64(key.bytes, key.start, key.end, hash);
}
