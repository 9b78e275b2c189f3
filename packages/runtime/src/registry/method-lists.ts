// SPDX-License-Identifier: Apache-2.0
import type { Candidate } from "../balance/balancer.js";
import { CandidateList } from "./candidate-list.js";
import type { MethodTable } from "./method-table.js";

/** An instance that says which methods it serves. */
export interface MethodCandidate extends Candidate {
  readonly methods: MethodTable;
}

/** A method, and where its instances are. */
export interface MethodSlot<Member extends Candidate> {
  /** Position of the method in its service. */
  readonly index: number;
  candidates: CandidateList<Member>;
}

/**
 * Keeps the instances of each method: the list of the whole service where all instances have the method, as is usual,
 * else one of its own. An instance that comes or goes costs as much as the service has methods, however many instances
 * there are; ten thousand come at once after a loss.
 */
export class MethodLists<Member extends MethodCandidate> {
  readonly #shared: CandidateList<Member>;
  readonly #slots: readonly MethodSlot<Member>[];
  /** By position: how many instances lack the method. */
  readonly #lacking: number[];

  /** `slots` get the list `shared`, or one of their own where some instance in it lacks the method. */
  constructor(shared: CandidateList<Member>, slots: readonly MethodSlot<Member>[]) {
    this.#shared = shared;
    this.#slots = slots;
    this.#lacking = slots.map(({ index }) => shared.list.filter(({ methods }) => !methods.serves(index)).length);
    for (const [at, slot] of slots.entries())
      slot.candidates = this.#lacking[at] === 0 ? shared : this.#only(slot.index);
  }

  add(member: Member): void {
    if (!this.#shared.add(member)) return;
    for (const [at, slot] of this.#slots.entries()) {
      const serves = member.methods.serves(slot.index);
      if (!serves) this.#lack(at, slot, 1);
      if (serves && slot.candidates !== this.#shared) slot.candidates.add(member);
    }
  }

  remove(member: Member): void {
    if (!this.#shared.remove(member)) return;
    for (const [at, slot] of this.#slots.entries()) {
      if (!member.methods.serves(slot.index)) this.#lack(at, slot, -1);
      else if (slot.candidates !== this.#shared) slot.candidates.remove(member);
    }
  }

  /** `member` is there without serving. */
  addAway(member: Member): void {
    this.#shared.addAway(member);
    for (const { index, candidates } of this.#slots) {
      if (candidates !== this.#shared && member.methods.serves(index)) candidates.addAway(member);
    }
  }

  /** `member` serves again, or has left. */
  removeAway(member: Member): void {
    this.#shared.removeAway(member);
    for (const { candidates } of this.#slots) if (candidates !== this.#shared) candidates.removeAway(member);
  }

  /** A label or a weight of a member has changed. */
  touch(): void {
    this.#shared.touch();
    for (const { candidates } of this.#slots) if (candidates !== this.#shared) candidates.touch();
  }

  #lack(at: number, slot: MethodSlot<Member>, change: number): void {
    const before = this.#lacking[at] ?? 0;
    this.#lacking[at] = before + change;
    if (before + change === 0) slot.candidates = this.#shared;
    else if (before === 0) slot.candidates = this.#only(slot.index);
  }

  /** A list of those that have the method. */
  #only(index: number): CandidateList<Member> {
    const own = new CandidateList<Member>();
    for (const member of this.#shared.list) if (member.methods.serves(index)) own.add(member);
    for (const member of this.#shared.away) if (member.methods.serves(index)) own.addAway(member);
    return own;
  }
}
