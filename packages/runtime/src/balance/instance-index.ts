// SPDX-License-Identifier: Apache-2.0
import { KeyHash } from "@grpc-router/protocol";
import { maxLostInstances } from "../limits.js";
import type { Candidate, Candidates } from "./balancer.js";
import { hashText } from "./hash-text.js";

/** What is known of an instance that has no place in the list, in place of one. */
export const noPlace = {
  /** Never seen, or gone for longer than is remembered. */
  unknown: -1,
  /** Registered without serving. */
  away: -2,
  /** It has left the list a short while ago. Numbers below say no more. */
  lost: -3,
} as const;

/** An instance as sessions remember it: the XXH64 of its token, as two int32. */
export interface Mark {
  readonly high: number;
  readonly low: number;
}

/** An instance that has left. */
interface Lost extends Mark {
  readonly instanceId: string;
  readonly leftMs: number;
}

/**
 * The token of an instance: the XXH64 of its id in 16 hexadecimal digits. A call that has it as its key goes to that
 * instance, by any router, without anyone remembering the key. It is no secret: whoever knows an id can make its token.
 */
export function tokenOf(instanceId: string): string {
  const hash = new KeyHash();
  hashText(instanceId, hash);
  return hash.high.toString(16).padStart(8, "0") + hash.low.toString(16).padStart(8, "0");
}

const empty = -0x80000000;

/** Finds the instances of one list by their marks, also those that do not serve or have left a short while ago. */
export class InstanceIndex {
  readonly #lostMs: number;
  #marks: ReadonlyMap<string, Mark> = new Map();
  #present: readonly string[] = [];
  #away: readonly string[] = [];
  #lost: readonly Lost[] = [];
  /** Open addressing: the halves of the marks, and the place in the list, one of `noPlace`, or `empty`. */
  #highs = new Int32Array(1);
  #lows = new Int32Array(1);
  /** An instance that has left has `noPlace.lost` less its position in `#lost`. */
  #places = new Int32Array(1).fill(empty);

  /** Those that have left are remembered for so many milliseconds; 0: not at all. */
  constructor(lostMs: number) {
    this.#lostMs = lostMs;
  }

  /** Takes the members of a list; nothing is done if they are those of before. */
  update({ list, away }: Candidates, nowMs: number): void {
    if (isSame(list, this.#present) && isSame(away, this.#away)) return;
    this.#present = list.map(({ instanceId }) => instanceId);
    this.#away = away.map(({ instanceId }) => instanceId);
    const ids = [...this.#present, ...this.#away];
    const marks = new Map(ids.map((id) => [id, this.#marks.get(id) ?? markOf(id)]));
    this.#lost = this.#lostUntil(marks, nowMs);
    this.#marks = marks;
    this.#clear(ids.length + this.#lost.length);
    for (const [position, mark] of this.#lost.entries()) this.#set(mark, noPlace.lost - position);
    for (const id of this.#away) this.#set(marks.get(id), noPlace.away);
    // Last, for an id that is in both.
    for (const [place, id] of this.#present.entries()) this.#set(marks.get(id), place);
  }

  /** The place in the list of the instance with this mark, or one of `noPlace`. */
  find(high: number, low: number, nowMs: number): number {
    const place = this.#places[this.#slotOf(high, low)] ?? empty;
    if (place >= noPlace.away) return place;
    const lost = this.#lost[noPlace.lost - place];
    return lost !== undefined && nowMs - lost.leftMs < this.#lostMs ? noPlace.lost : noPlace.unknown;
  }

  /** The mark of a member. */
  markOf(instanceId: string): Mark | undefined {
    return this.#marks.get(instanceId);
  }

  /** Those that were lost before, are still, and not for too long; then those that have left since. */
  #lostUntil(marks: ReadonlyMap<string, Mark>, nowMs: number): readonly Lost[] {
    if (this.#lostMs === 0) return [];
    const before = this.#lost.filter((lost) => !marks.has(lost.instanceId) && nowMs - lost.leftMs < this.#lostMs);
    const now = [...this.#marks].flatMap(([instanceId, { high, low }]) => {
      return marks.has(instanceId) ? [] : [{ instanceId, high, low, leftMs: nowMs }];
    });
    return [...before, ...now].slice(-maxLostInstances);
  }

  #clear(count: number): void {
    // A third full at most, so that a search ends soon.
    const size = 2 ** Math.ceil(Math.log2(3 * count + 1));
    this.#highs = new Int32Array(size);
    this.#lows = new Int32Array(size);
    this.#places = new Int32Array(size).fill(empty);
  }

  #set(mark: Mark | undefined, place: number): void {
    if (mark === undefined) return;
    const slot = this.#slotOf(mark.high, mark.low);
    this.#highs[slot] = mark.high;
    this.#lows[slot] = mark.low;
    this.#places[slot] = place;
  }

  /** Where a mark is, or would be. */
  #slotOf(high: number, low: number): number {
    const last = this.#places.length - 1;
    let slot = low & last;
    while (this.#places[slot] !== empty && (this.#lows[slot] !== low || this.#highs[slot] !== high)) {
      slot = (slot + 1) & last;
    }
    return slot;
  }
}

function isSame(candidates: readonly Candidate[], ids: readonly string[]): boolean {
  return candidates.length === ids.length && candidates.every(({ instanceId }, index) => instanceId === ids[index]);
}

function markOf(instanceId: string): Mark {
  const hash = new KeyHash();
  hashText(tokenOf(instanceId), hash);
  return { high: hash.high | 0, low: hash.low | 0 };
}
