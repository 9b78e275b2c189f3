// SPDX-License-Identifier: Apache-2.0
import { KeyHash, xxh64 } from "@grpc-router/protocol";
import { maxRingEntries } from "../limits.js";
import { RouterError } from "../router-error.js";
import type { Balancer } from "./balancer.js";
import { createHashBalancer, type HashTable } from "./hash-balancer.js";
import { validateLoadFactor } from "./load-bound.js";
import type { MemberOrder } from "./member-order.js";

/** Parameters of `createRingHash`. */
export interface RingHashOptions {
  /** Entries of the ring at least; above 4096 it counts as 4096. Default 1024. */
  readonly minRingSize?: number | undefined;
  /** Entries of the ring at most, with the same cap. Default 4096. */
  readonly maxRingSize?: number | undefined;
  /** Open calls that an instance may have as a multiple of the mean, from 1, such as 1.25. Default: no bound. */
  readonly boundedLoadFactor?: number | undefined;
}

/**
 * The same instance for calls with the same key, from a ring of hashes (gRFC A42 and A76, as Envoy's): each instance has
 * entries in proportion to its weight, and a call goes to the first entry from its key's hash on whose instance can take
 * it. When an instance comes or goes, its own keys move; and as the others then have some more or fewer entries, some of
 * theirs: a tenth at ten instances, none from 512 to 1,024.
 *
 * Shares of instances scatter around their weights by some 1/√entries: 6 % for four equal ones in a ring of 1024. With
 * more instances than a ring of 4096 holds, some get calls only when all others cannot take them.
 *
 * @throws RouterError INVALID_SETTING for sizes or a factor that cannot be.
 */
export function createRingHash(options: RingHashOptions = {}): Balancer {
  const { minRingSize = 1024, boundedLoadFactor } = options;
  const { maxRingSize = Math.max(minRingSize, maxRingEntries) } = options;
  validateSizes(minRingSize, maxRingSize);
  validateLoadFactor("ring_hash", boundedLoadFactor);
  const sizes = { min: Math.min(minRingSize, maxRingEntries), max: Math.min(maxRingSize, maxRingEntries) };
  return createHashBalancer({ name: "ring_hash", boundedLoadFactor, build: (members) => buildRing(members, sizes) });
}

/** Entries in the order of their hashes. */
export class HashRing implements HashTable {
  readonly slots: Uint16Array | Uint32Array;
  /** Upper halves of the hashes. */
  readonly highs: Uint32Array;
  /** Lower halves. */
  readonly lows: Uint32Array;

  constructor(size: number, members: number) {
    this.slots = members <= 0x10000 ? new Uint16Array(size) : new Uint32Array(size);
    this.highs = new Uint32Array(size);
    this.lows = new Uint32Array(size);
  }

  /** The first entry at `high`, `low` or after it, by bisection; the ring's first one behind its last. */
  locate(high: number, low: number): number {
    const { highs, lows } = this;
    let from = 0;
    let to = highs.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const there = highs[middle] ?? 0;
      if (there < high || (there === high && (lows[middle] ?? 0) < low)) from = middle + 1;
      else to = middle;
    }
    return from < highs.length ? from : 0;
  }
}

/** Builds the ring of gRFC A42 in so many entries, from at least one member or none. */
export function buildRing(members: MemberOrder, sizes: { readonly min: number; readonly max: number }): HashRing {
  const { ids, weights } = members;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const least = weights.reduce((smallest, weight) => Math.min(smallest, weight), sum) / sum;
  // The smallest weight gets a whole number of entries, unless that is too many.
  const scale = ids.length === 0 ? 0 : Math.min(Math.ceil(least * sizes.min) / least, sizes.max);
  const entries = new RingEntries(Math.ceil(scale));
  let target = 0;
  for (let member = 0; member < ids.length; member++) {
    target += scale * ((weights[member] ?? 0) / sum);
    entries.add(member, ids[member] ?? "", target);
  }
  return entries.toRing(ids.length);
}

const encoder = new TextEncoder();
const zero = 0x30;

/** Digits of the largest entry number. */
const maxDigits = 4;

/** What an entry's position among others is added to: its hash's upper half times this is a whole number in a double. */
const positions = 2 ** 20;

/** Entries while a ring is built. */
class RingEntries {
  readonly #highs: Uint32Array;
  readonly #lows: Uint32Array;
  readonly #members: Uint32Array;
  readonly #hash = new KeyHash();
  #count = 0;

  constructor(size: number) {
    // One more: sums of fractions may end just above the size.
    this.#highs = new Uint32Array(size + 1);
    this.#lows = new Uint32Array(size + 1);
    this.#members = new Uint32Array(size + 1);
  }

  /** Adds entries of a member until there are `target` in all: the hashes of `id_0`, `id_1`, … */
  add(member: number, id: string, target: number): void {
    const text = encoder.encode(`${id}_`);
    const bytes = new Uint8Array(text.length + maxDigits);
    bytes.set(text);
    for (let number = 0; this.#count < target && this.#count < this.#members.length; number++) {
      xxh64(bytes, 0, writeDecimal(bytes, text.length, number), this.#hash);
      this.#highs[this.#count] = this.#hash.high;
      this.#lows[this.#count] = this.#hash.low;
      this.#members[this.#count++] = member;
    }
  }

  /** Sorts by hash; equal ones stay in the order of ids. */
  toRing(members: number): HashRing {
    const ring = new HashRing(this.#count, members);
    // The upper half and the position as one number: typed arrays of numbers are sorted ten times as fast as with a
    // function that compares.
    const keys = Float64Array.from({ length: this.#count }, (_, at) => (this.#highs[at] ?? 0) * positions + at).sort();
    for (let slot = 0; slot < keys.length; slot++) this.#place(ring, slot, (keys[slot] ?? 0) % positions);
    return ring;
  }

  /** Puts the entry at `at` into a slot, or some slots before it if upper halves are equal and lower ones are not in order. */
  #place(ring: HashRing, slot: number, at: number): void {
    const { highs, lows, slots } = ring;
    const high = this.#highs[at] ?? 0;
    const low = this.#lows[at] ?? 0;
    let to = slot;
    for (; to > 0 && highs[to - 1] === high && (lows[to - 1] ?? 0) > low; to--) {
      lows[to] = lows[to - 1] ?? 0;
      slots[to] = slots[to - 1] ?? 0;
      highs[to] = high;
    }
    highs[to] = high;
    lows[to] = low;
    slots[to] = this.#members[at] ?? 0;
  }
}

/** Writes a whole number below 10,000 and answers the offset behind it. */
function writeDecimal(bytes: Uint8Array, start: number, value: number): number {
  const end = start + (value > 999 ? 4 : value > 99 ? 3 : value > 9 ? 2 : 1);
  for (let at = end - 1, rest = value; at >= start; at--, rest = Math.floor(rest / 10)) bytes[at] = zero + (rest % 10);
  return end;
}

function validateSizes(min: number, max: number): void {
  const isPossible = Number.isInteger(min) && Number.isInteger(max) && min >= 1 && min <= max;
  if (isPossible) return;
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot balance by ring_hash: minRingSize must be a whole number from 1 to maxRingSize, received ${min} and ${max}`,
  );
}
