// SPDX-License-Identifier: Apache-2.0

/** In which order an instance wants the slots of a table: `offset`, `offset + skip`, `offset + 2 × skip`, … */
export interface Preference {
  /** Below the table's size. */
  readonly offset: number;
  /** 1 or more, below the table's size, which is a prime: so each slot has its turn. */
  readonly skip: number;
  /** Share of the slots relative to the others; above 0. */
  readonly weight: number;
}

/**
 * Fills a table of `size` slots: in each round, each instance takes the first slot in its order that is still free (listing
 * 1 of the Maglev paper). One with less than the largest weight passes some rounds: after its n-th slot it comes again in
 * the round r for which `r × weight` has reached `n × the largest weight`, as in Envoy. So each has a slot at least, if
 * there are enough. Answers the instances by slot; none without instances.
 */
export function populate(preferences: readonly Preference[], size: number): Uint16Array | Uint32Array {
  const count = preferences.length;
  if (count === 0) return new Uint16Array(0);
  const slots = count < 0xffff ? new Uint16Array(size).fill(0xffff) : new Uint32Array(size).fill(0xffffffff);
  const free = count < 0xffff ? 0xffff : 0xffffffff;
  const next = Uint32Array.from(preferences, ({ offset }) => offset);
  const rounds = new Rounds(preferences, size);
  for (let filled = 0; filled < size; ) {
    const members = rounds.next();
    for (let turn = 0; turn < members.length && filled < size; turn++, filled++) {
      const member = members[turn] ?? 0;
      const skip = preferences[member]?.skip ?? 1;
      let slot = next[member] ?? 0;
      while (slots[slot] !== free) slot = slot + skip < size ? slot + skip : slot + skip - size;
      slots[slot] = member;
      next[member] = slot;
      rounds.plan(member);
    }
  }
  return slots;
}

/**
 * Who takes a slot in which round. Members wait in a list per round, so that a round costs as much as slots are taken in
 * it, also where one weight is thousands of times the others.
 */
class Rounds {
  readonly #shares: Float64Array;
  readonly #largest: number;
  /** By member: what its share times a round has to reach for its next slot. */
  readonly #targets: Float64Array;
  /** By round: the member that was planned last, plus 1. */
  readonly #heads: Uint32Array;
  /** By member: the one planned before it for the same round, plus 1. */
  readonly #links: Uint32Array;
  readonly #members: Uint32Array;
  #round = 0;

  constructor(preferences: readonly Preference[], size: number) {
    const sum = preferences.reduce((total, { weight }) => total + weight, 0);
    this.#shares = Float64Array.from(preferences, ({ weight }) => weight / sum);
    this.#largest = this.#shares.reduce((largest, share) => Math.max(largest, share), 0);
    this.#targets = new Float64Array(preferences.length);
    // The largest weight takes a slot in each round, so there are no more rounds than slots.
    this.#heads = new Uint32Array(size + 2);
    this.#links = new Uint32Array(preferences.length);
    this.#members = new Uint32Array(preferences.length);
    for (let member = 0; member < preferences.length; member++) this.#enter(member, 1);
  }

  /** The members of the next round, in their order; valid until it is called again. */
  next(): Uint32Array {
    this.#round++;
    let at = this.#members.length;
    let isSorted = true;
    for (let link = this.#heads[this.#round] ?? 0; link !== 0; link = this.#links[link - 1] ?? 0) {
      isSorted &&= at === this.#members.length || link - 1 < (this.#members[at] ?? 0);
      this.#members[--at] = link - 1;
    }
    const members = this.#members.subarray(at);
    return isSorted ? members : members.sort();
  }

  /** `member` has taken a slot in this round. */
  plan(member: number): void {
    const share = this.#shares[member] ?? 0;
    const target = (this.#targets[member] ?? 0) + this.#largest;
    this.#targets[member] = target;
    // The first round that reaches the target by the same multiplication that others compare with.
    let round = Math.max(this.#round + 1, Math.floor(target / share) - 1);
    while (round < this.#heads.length && round * share < target) round++;
    this.#enter(member, round);
  }

  #enter(member: number, round: number): void {
    if (round >= this.#heads.length) return;
    this.#links[member] = this.#heads[round] ?? 0;
    this.#heads[round] = member + 1;
  }
}
