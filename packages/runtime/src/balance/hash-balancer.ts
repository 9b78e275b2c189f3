// SPDX-License-Identifier: Apache-2.0
import { maxWalkedSlots } from "../limits.js";
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { isWithinBound, openCallsPerWeight } from "./load-bound.js";
import { MemberOrder } from "./member-order.js";
import { PerVersion } from "./per-version.js";

/** Whose turn it is for which hash: a ring, or a table. */
export interface HashTable {
  /** Members by slot, as positions in the order of their ids. */
  readonly slots: Uint16Array | Uint32Array;
  /** The slot of a hash, given as two uint32. Not asked without slots. */
  locate(high: number, low: number): number;
}

/** Parameters of `createHashBalancer`. */
export interface HashBalancerOptions {
  readonly name: string;
  /** Builds the table of members that have weights above 0; runs when ids or weights have changed. */
  build(members: MemberOrder): HashTable;
  /** Open calls that an instance may have as a multiple of the mean: 1 or more. Default: no bound. */
  readonly boundedLoadFactor: number | undefined;
}

/**
 * Creates a balancer that looks up the hash of a call's key in a table and walks on from there to the first instance that
 * can take the call, has had no attempt of it, and is within the load bound. A call without a key takes a random hash
 * (gRFC A76). If only others can take it: the one with the fewest open calls per weight among those above the bound,
 * else one to avoid.
 */
export function createHashBalancer(options: HashBalancerOptions): Balancer {
  return new HashBalancer(options);
}

/** What is derived from one list, and the walk of one pick. */
interface Prepared {
  readonly members: MemberOrder;
  readonly table: HashTable;
  /** By member: the walk that looked at it last. */
  readonly walks: Uint32Array;
  walk: number;
  /** Where the walk begins. */
  slot: number;
  /** The load bound in open calls per weight. */
  perWeight: number;
}

class HashBalancer implements Balancer {
  readonly name: string;
  readonly #factor: number | undefined;
  readonly #lists: PerVersion<Prepared>;

  constructor({ name, build, boundedLoadFactor }: HashBalancerOptions) {
    this.name = name;
    this.#factor = boundedLoadFactor;
    this.#lists = new PerVersion(({ list }, before) => {
      const members = before?.members ?? new MemberOrder();
      if (!members.update(list) && before !== undefined) return before;
      const walks = new Uint32Array(list.length);
      return { members, table: build(members), walks, walk: 0, slot: 0, perWeight: Number.POSITIVE_INFINITY };
    });
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    if (list.length === 0) return undefined;
    const prepared = this.#lists.of(candidates);
    const { table, members } = prepared;
    const slot = call.hasKey ? table.locate(call.keyHigh, call.keyLow) : locateRandom(table, random());
    const first = list[members.places[table.slots[slot] ?? 0] ?? 0];
    const isFree = first !== undefined && canTake(first, call) && !call.avoids(first);
    // Without open calls every bound holds, and the list need not be read.
    if (isFree && (this.#factor === undefined || first.openCalls === 0)) return first;
    prepared.slot = slot;
    if (this.#factor !== undefined) prepared.perWeight = openCallsPerWeight(list, this.#factor);
    return isFree && isWithinBound(first, prepared.perWeight) ? first : walk(list, prepared, call);
  }
}

/** The upper 53 of 64 bits come from one random number. */
function locateRandom(table: HashTable, random: number): number {
  const scaled = random * 0x100000000;
  const high = Math.floor(scaled);
  return table.locate(high, Math.floor((scaled - high) * 0x100000000));
}

/** Looks at each member once: in the order of the slots, then, as some may have none, in that of their ids. */
function walk<C extends Candidate>(list: readonly C[], prepared: Prepared, call: BalancedCall): C | undefined {
  const { members, table, walks } = prepared;
  const { slots } = table;
  const count = list.length;
  const turn = nextWalk(prepared);
  const steps = Math.min(slots.length, maxWalkedSlots);
  let overloaded: C | undefined;
  let avoided: C | undefined;
  let left = count;
  for (let step = 0, slot = prepared.slot; left > 0 && step < steps + count; step++) {
    const member = step < steps ? (slots[slot] ?? 0) : step - steps;
    slot = slot + 1 < slots.length ? slot + 1 : 0;
    if (walks[member] === turn) continue;
    walks[member] = turn;
    left--;
    const candidate = list[members.places[member] ?? 0];
    if (candidate === undefined || !canTake(candidate, call)) continue;
    if (call.avoids(candidate)) avoided ??= candidate;
    else if (isWithinBound(candidate, prepared.perWeight)) return candidate;
    else if (overloaded === undefined || isLessBusy(candidate, overloaded)) overloaded = candidate;
  }
  return overloaded ?? avoided;
}

/** A number that no member has; they start over where 32 bits end. */
function nextWalk(prepared: Prepared): number {
  if (prepared.walk === 0xffffffff) {
    prepared.walks.fill(0);
    prepared.walk = 0;
  }
  return ++prepared.walk;
}

function isLessBusy(one: Candidate, other: Candidate): boolean {
  return one.openCalls * other.weight < other.openCalls * one.weight;
}
