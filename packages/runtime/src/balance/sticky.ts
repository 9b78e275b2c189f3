// SPDX-License-Identifier: Apache-2.0
import { lostInstanceMs, maxStickyKeys } from "../limits.js";
import type { AttemptOutcome, BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";
import { canTake } from "./balancer.js";
import { InstanceIndex, noPlace } from "./instance-index.js";
import { KeyMemory, type MarkColumns } from "./key-memory.js";
import { createLeastRequest } from "./least-request.js";
import { endOf } from "./narrowed.js";
import { PerVersion } from "./per-version.js";

export { tokenOf } from "./instance-index.js";

/** Parameters of `createSticky`. */
export interface StickyOptions {
  /** What becomes of a key's calls when its instance cannot take them: see {@link createSticky}. Default "rebalance". */
  readonly fallback?: "rebalance" | "fail" | undefined;
  /**
   * Places keys that are new, and calls without a key; tiers and places belong here, since a session stays where it is.
   * Default `least_request` of two.
   */
  readonly child?: Balancer | undefined;
}

/**
 * Sessions: the instance that had a key's first call has all others, too, for as long as it is there. Whom a new key goes
 * to says `child`. A key that is the token of an instance ({@link tokenOf}) goes to that one, and is not remembered.
 *
 * With "rebalance", a key whose instance has left the list gets another for good. While its instance is there and cannot
 * take a call (it is full, its transport is held back, a circuit breaker is open, the call has been there already, it
 * does not serve), the call goes to a stand-in, one and the same for as long as that can take it; the key does not move,
 * and goes home as soon as that is possible. The stand-in inherits the key if its instance then leaves.
 *
 * With "fail", a key's calls go to its instance or nowhere: they wait while it is there, and are lost (see
 * `Balancer.isLost`) for a minute after it has left, so that clients learn that their sessions are gone, and one that
 * only had to connect anew finds its keys again. After that the key is new.
 *
 * 65,536 keys are remembered, and a new one takes the place of the one in its set of eight that has gone unused longest:
 * clients that invent keys can so end the sessions of others, but for those that have tokens. Methods that share a
 * balancer share its sessions, each as far as it has the same instances.
 */
export function createSticky(options: StickyOptions = {}): Balancer {
  return new Sticky(options.child ?? createLeastRequest(), options.fallback === "fail");
}

/** What is known of one list. */
interface Scope {
  /** Above 0; keys are remembered with it, since tiers and methods may have different instances. */
  readonly number: number;
  readonly index: InstanceIndex;
}

/** What a balancer has before its first call with a key. */
const noKeys = new KeyMemory(16, 0);

class Sticky implements Balancer {
  readonly name = "sticky";
  readonly onEnd?: (candidate: Candidate, outcome: AttemptOutcome) => void;
  readonly isLost?: (candidates: Candidates, call: BalancedCall) => boolean;
  readonly readsLoad: boolean;
  readonly #child: Balancer;
  readonly #fails: boolean;
  readonly #scopes: PerVersion<Scope>;
  #scopeCount = 0;
  #memory = noKeys;
  #nowMs = 0;

  constructor(child: Balancer, fails: boolean) {
    this.#child = child;
    this.#fails = fails;
    const onEnd = endOf(child);
    if (onEnd !== undefined) this.onEnd = onEnd;
    if (fails || child.isLost !== undefined) this.isLost = (candidates, call) => this.#isLost(candidates, call);
    this.readsLoad = child.readsLoad === true;
    this.#scopes = new PerVersion((candidates, before) => {
      const lostMs = fails ? lostInstanceMs : 0;
      const scope = before ?? { number: ++this.#scopeCount, index: new InstanceIndex(lostMs) };
      scope.index.update(candidates, this.#nowMs);
      return scope;
    });
  }

  pick<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    if (!call.hasKey) return this.#child.pick(candidates, call, random);
    if (this.#memory === noKeys) this.#memory = new KeyMemory(maxStickyKeys, Math.floor(random() * 0x100000000));
    return this.#fails ? this.#pickHome(candidates, call, random) : this.#pickNear(candidates, call, random);
  }

  #isLost(candidates: Candidates, call: BalancedCall): boolean {
    if (call.hasKey) {
      const scope = this.#scopeOf(candidates, call);
      const entry = this.#memory.find(scope.number, call.keyHigh | 0, call.keyLow | 0);
      const home = this.#homeOf(scope, entry, call);
      if (home === noPlace.lost) return true;
      if (home !== noPlace.unknown || this.#guestOf(scope, entry) !== noPlace.unknown) return false;
    }
    return this.#child.isLost?.(candidates, call) === true;
  }

  /** The key's instance or nobody. */
  #pickHome<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const scope = this.#scopeOf(candidates, call);
    const entry = this.#entryOf(scope, call);
    const place = this.#homeOf(scope, entry, call);
    if (place === noPlace.unknown) {
      const picked = this.#child.pick(candidates, call, random);
      if (picked !== undefined) this.#settle(scope, entry, call, picked);
      return picked;
    }
    const home = memberAt(candidates.list, place);
    return home !== undefined && canTake(home, call) ? home : undefined;
  }

  /** The key's instance, or its stand-in, or another that becomes one of them. */
  #pickNear<C extends Candidate>(candidates: Candidates<C>, call: BalancedCall, random: () => number): C | undefined {
    const { list } = candidates;
    const scope = this.#scopeOf(candidates, call);
    const entry = this.#entryOf(scope, call);
    let place = this.#homeOf(scope, entry, call);
    if (place === noPlace.unknown) place = this.#inherit(scope, entry);
    const home = memberAt(list, place);
    if (home !== undefined && isFree(home, call)) return home;
    const guest = memberAt(list, this.#guestOf(scope, entry));
    if (guest !== undefined && isFree(guest, call)) return guest;
    const picked = this.#child.pick(candidates, call, random);
    if (picked === undefined || picked === home) return picked;
    if (place === noPlace.unknown) this.#settle(scope, entry, call, picked);
    else this.#standIn(scope, entry, call, picked);
    return picked;
  }

  #scopeOf(candidates: Candidates, call: BalancedCall): Scope {
    this.#nowMs = call.nowMs;
    return this.#scopes.of(candidates);
  }

  /** The entry of the call's key, -1 for a new one. One that is new here has an entry where it has an instance of this list. */
  #entryOf({ number, index }: Scope, call: BalancedCall): number {
    const memory = this.#memory;
    const keyHigh = call.keyHigh | 0;
    const keyLow = call.keyLow | 0;
    const entry = memory.find(number, keyHigh, keyLow);
    if (entry >= 0) {
      memory.use(entry);
      return entry;
    }
    let other = memory.findNext(-1, keyHigh, keyLow);
    while (other >= 0 && this.#find(index, memory.homes, other) < 0) other = memory.findNext(other, keyHigh, keyLow);
    if (other < 0) return -1;
    const high = memory.homes.highs[other] ?? 0;
    const low = memory.homes.lows[other] ?? 0;
    const own = memory.add(number, keyHigh, keyLow);
    memory.homes.set(own, high, low);
    return own;
  }

  /** The place of the key's instance, or one of `noPlace`. */
  #homeOf({ index }: Scope, entry: number, call: BalancedCall): number {
    const named = index.find(call.keyHigh | 0, call.keyLow | 0, this.#nowMs);
    return named !== noPlace.unknown || entry < 0 ? named : this.#find(index, this.#memory.homes, entry);
  }

  #guestOf({ index }: Scope, entry: number): number {
    return entry < 0 ? noPlace.unknown : this.#find(index, this.#memory.guests, entry);
  }

  #find(index: InstanceIndex, columns: MarkColumns, entry: number): number {
    return index.find(columns.highs[entry] ?? 0, columns.lows[entry] ?? 0, this.#nowMs);
  }

  /** The key's instance has left: its stand-in takes its place, if there is one. */
  #inherit(scope: Scope, entry: number): number {
    const place = this.#guestOf(scope, entry);
    if (place === noPlace.unknown) return place;
    const { homes, guests } = this.#memory;
    homes.set(entry, guests.highs[entry] ?? 0, guests.lows[entry] ?? 0);
    guests.set(entry, 0, 0);
    return place;
  }

  /** `picked` is the key's instance from now on. */
  #settle({ number, index }: Scope, entry: number, call: BalancedCall, picked: Candidate): void {
    const mark = index.markOf(picked.instanceId);
    // A child that picks from elsewhere.
    if (mark === undefined) return;
    const own = entry < 0 ? this.#memory.add(number, call.keyHigh | 0, call.keyLow | 0) : entry;
    this.#memory.homes.set(own, mark.high, mark.low);
    this.#memory.guests.set(own, 0, 0);
  }

  /** `picked` stands in for the key's instance; a key without an entry is the token of that, and says itself whose it is. */
  #standIn({ number, index }: Scope, entry: number, call: BalancedCall, picked: Candidate): void {
    const mark = index.markOf(picked.instanceId);
    if (mark === undefined) return;
    const own = entry < 0 ? this.#memory.add(number, call.keyHigh | 0, call.keyLow | 0) : entry;
    this.#memory.guests.set(own, mark.high, mark.low);
  }
}

function isFree(candidate: Candidate, call: BalancedCall): boolean {
  return canTake(candidate, call) && !call.avoids(candidate);
}

/** `place` may be one of `noPlace`. */
function memberAt<C>(list: readonly C[], place: number): C | undefined {
  return place < 0 ? undefined : list[place];
}
