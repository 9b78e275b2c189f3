// SPDX-License-Identifier: Apache-2.0
import { KeyHash, MAX_MAGLEV_TABLE_SIZE } from "@grpc-router/protocol";
import { RouterError } from "../router-error.js";
import type { Balancer } from "./balancer.js";
import { createHashBalancer, type HashTable } from "./hash-balancer.js";
import { hashText } from "./hash-text.js";
import { validateLoadFactor } from "./load-bound.js";
import { type Preference, populate } from "./maglev-table.js";
import type { MemberOrder } from "./member-order.js";

/** Parameters of `createMaglev`. */
export interface MaglevOptions {
  /** Entries of the table: a prime, at most 5,000,011, and many more than instances. Default 65,537. */
  readonly tableSize?: number | undefined;
  /** Open calls that an instance may have as a multiple of the mean, from 1, such as 1.25. Default: no bound. */
  readonly boundedLoadFactor?: number | undefined;
}

/**
 * The same instance for calls with the same key, from a table in which each instance has its exact share (Eisenbud et al.,
 * Maglev, NSDI 2016, section 3.4; with weights as in Envoy). Beside `ring_hash`: shares are even, a look-up is one
 * division, and when an instance comes or goes a few percent of the keys of others move, too.
 *
 * The two hashes of an instance are the XXH64 of its id and that of its id with "/skip" behind it.
 *
 * @throws RouterError INVALID_SETTING for a size or a factor that cannot be.
 */
export function createMaglev(options: MaglevOptions = {}): Balancer {
  const { tableSize = 65_537, boundedLoadFactor } = options;
  validateSize(tableSize);
  validateLoadFactor("maglev", boundedLoadFactor);
  return createHashBalancer({ name: "maglev", boundedLoadFactor, build: (members) => buildTable(members, tableSize) });
}

class MaglevTable implements HashTable {
  readonly slots: Uint16Array | Uint32Array;
  readonly #size: number;
  /** What 2^32 leaves when divided by the size. */
  readonly #carry: number;

  constructor(slots: Uint16Array | Uint32Array) {
    this.slots = slots;
    this.#size = slots.length;
    this.#carry = 0x100000000 % slots.length;
  }

  locate(high: number, low: number): number {
    return remainder(remainder(high, this.#size) * this.#carry + low, this.#size);
  }
}

function buildTable({ ids, weights }: MemberOrder, size: number): MaglevTable {
  const hash = new KeyHash();
  const preferences = ids.map((id, member): Preference => {
    hashText(id, hash);
    const offset = hashRemainder(hash, size);
    hashText(`${id}/skip`, hash);
    return { offset, skip: hashRemainder(hash, size - 1) + 1, weight: weights[member] ?? 0 };
  });
  return new MaglevTable(populate(preferences, size));
}

/** What a hash of 64 bits leaves when divided by `divisor`, which has up to 23 bits: no step outgrows a double. */
function hashRemainder({ high, low }: KeyHash, divisor: number): number {
  return remainder(remainder(high, divisor) * (0x100000000 % divisor) + low, divisor);
}

/** `value % divisor` of whole numbers up to 2^53, at a fifth of the time that % takes above 2^31. */
function remainder(value: number, divisor: number): number {
  const rest = value - Math.floor(value / divisor) * divisor;
  // The quotient may have been rounded up.
  return rest < 0 ? rest + divisor : rest;
}

function validateSize(size: number): void {
  if (isPrime(size) && size <= MAX_MAGLEV_TABLE_SIZE) return;
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot balance by maglev: tableSize must be a prime, at most ${MAX_MAGLEV_TABLE_SIZE}, received ${size}`,
  );
}

function isPrime(value: number): boolean {
  if (!Number.isInteger(value) || value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false;
  return true;
}
