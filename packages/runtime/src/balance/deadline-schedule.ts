// SPDX-License-Identifier: Apache-2.0
import { maxBlockedTurns, maxStretch } from "../limits.js";
import type { BalancedCall, Candidate } from "./balancer.js";
import { canTake } from "./balancer.js";

/** Time of a schedule from which on it begins anew, so that a turn's length never gets lost beside it. */
const rebaseTime = 2 ** 32;

/** When it is a candidate's turn. */
interface Turn {
  /** The candidate's place in the list. */
  index: number;
  /** In the schedule's own time. */
  deadline: number;
  /** Relative to the heaviest, which has 1: turns of the lightest are furthest apart. */
  weight: number;
  /** The update that the candidate was last a member of. */
  update: number;
}

/**
 * Gives each candidate turns as often as its weight says, as far apart as can be: an earliest-deadline-first schedule
 * (gRFC A58, Envoy). The turns of a candidate of weight w are 1/w apart, the first one by chance within that time. A pick
 * is O(log n) and allocates nothing.
 *
 * A candidate that cannot take the call has its turn and lets it pass, so the others' shares stay as they are, and
 * nobody who comes back is owed anything. What is left of a turn stays over new weights and new members: a schedule
 * that began anew each second would give a service with one call a second to whom chance puts first.
 */
export class DeadlineSchedule {
  /** Exponent of open calls + 1, by which a turn gets longer (Envoy, `active_request_bias`); 0: calls do not matter. */
  readonly #bias: number;
  readonly #turns = new WeakMap<Candidate, Turn>();
  /** A binary heap, the earliest deadline first. */
  readonly #heap: Turn[] = [];
  /** The latest deadline that was met. */
  #time = 0;
  #updates = 0;

  constructor(bias = 0) {
    this.#bias = bias;
  }

  /** Takes the members of `list` with these weights, which are above 0; O(n). */
  update(list: readonly Candidate[], weights: Float64Array, random: () => number): void {
    const heap = this.#heap;
    const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
    heap.length = 0;
    this.#updates++;
    list.forEach((candidate, index) => {
      const weight = (weights[index] ?? heaviest) / heaviest;
      let turn = this.#turns.get(candidate);
      if (turn === undefined || turn.update !== this.#updates - 1) {
        turn = { index, deadline: this.#time + random() / weight, weight, update: 0 };
        this.#turns.set(candidate, turn);
      }
      turn.deadline = this.#time + (Math.max(0, turn.deadline - this.#time) * turn.weight) / weight;
      turn.weight = weight;
      turn.index = index;
      turn.update = this.#updates;
      heap.push(turn);
    });
    for (let at = (heap.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The next whose turn it is and who can take `call`; `list` is that of the last `update`. */
  pick<C extends Candidate>(list: readonly C[], call: BalancedCall): C | undefined {
    for (let tries = 0; tries < maxBlockedTurns; tries++) {
      const candidate = list[this.#heap[0]?.index ?? -1];
      if (candidate === undefined) return undefined;
      const takes = canTake(candidate, call);
      // Its turn is the next call's.
      if (takes && call.avoids(candidate)) break;
      this.#pass(0, candidate, takes);
      if (takes) return candidate;
    }
    return this.#search(list, call);
  }

  /** Many cannot take it: the earliest that can. */
  #search<C extends Candidate>(list: readonly C[], call: BalancedCall): C | undefined {
    let best = -1;
    let bestDeadline = Number.POSITIVE_INFINITY;
    let bestIsAvoided = true;
    for (let at = 0; at < this.#heap.length; at++) {
      const turn = this.#heap[at];
      const candidate = list[turn?.index ?? -1];
      if (turn === undefined || candidate === undefined || !canTake(candidate, call)) continue;
      const isAvoided = call.avoids(candidate);
      if (isAvoided === bestIsAvoided ? turn.deadline >= bestDeadline : isAvoided) continue;
      best = at;
      bestDeadline = turn.deadline;
      bestIsAvoided = isAvoided;
    }
    const found = list[this.#heap[best]?.index ?? -1];
    if (found !== undefined) this.#pass(best, found, true);
    return found;
  }

  /** The turn at `at` in the heap is over, used by a call or not. */
  #pass(at: number, candidate: Candidate, used: boolean): void {
    const turn = this.#heap[at];
    if (turn === undefined) return;
    if (used && turn.deadline > this.#time) this.#time = turn.deadline;
    // Who could not take calls for long has a deadline of long ago, and would have all turns until it has caught up.
    turn.deadline = Math.max(turn.deadline, this.#time) + this.#stretch(candidate) / turn.weight;
    this.#sink(at);
    if (this.#time > rebaseTime) this.#rebase();
  }

  #stretch({ openCalls }: Candidate): number {
    if (this.#bias === 0) return 1;
    return this.#bias === 1 ? openCalls + 1 : Math.min(maxStretch, (openCalls + 1) ** this.#bias);
  }

  #rebase(): void {
    for (const turn of this.#heap) turn.deadline -= this.#time;
    this.#time = 0;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const turn = heap[from];
    if (turn === undefined) return;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      let next = heap[below];
      if (next === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && right.deadline < next.deadline) {
        below++;
        next = right;
      }
      if (next.deadline >= turn.deadline) break;
      heap[at] = next;
      at = below;
    }
    heap[at] = turn;
  }
}
