// SPDX-License-Identifier: Apache-2.0
import { maxPassedOver } from "../limits.js";
import { priorities } from "./priority.js";
import type { WaitingQueue } from "./waiting-queue.js";
import { isServedBefore, type WaitingEntry } from "./waiting-room.js";

/** The first entry of a class that may be served now, and its queue. */
interface Head<Entry extends WaitingEntry> {
  readonly entry: Entry;
  readonly queue: WaitingQueue<Entry>;
}

/**
 * The queue of one service, made of its methods' queues: the highest class first, in a class the nearest deadline.
 * Methods stay apart underneath, since one that no instance can take now must not hold up the others. A class that
 * was passed over `maxPassedOver` times in a row goes first once, so that higher ones cannot starve it.
 */
export class WaitingLine<Entry extends WaitingEntry> {
  /** Queues in which something waits, or did. */
  readonly #queues: WaitingQueue<Entry>[] = [];
  /** By class: entries of higher ones that were served while one of it waited. */
  readonly #passedOver = priorities.map(() => 0);
  /** By class: something waits. */
  readonly #waits = priorities.map(() => false);
  /** Queues of which nobody can be served in the present pass. */
  readonly #blocked = new Set<WaitingQueue<Entry>>();

  /** Something waits in `queue`. */
  add(queue: WaitingQueue<Entry>): void {
    if (!this.#queues.includes(queue)) this.#queues.push(queue);
  }

  /**
   * Shows `serve` the entries in the order of their turns; it takes the entry out of its queue, or answers false if
   * nobody of that queue can be served now.
   */
  serve(nowMs: number, serve: (entry: Entry) => boolean): void {
    this.#blocked.clear();
    for (;;) {
      const heads = this.#heads(nowMs);
      const turn = this.#turnOf(heads);
      const head = heads[turn];
      if (head === undefined) return;
      if (serve(head.entry)) this.#note(turn);
      else this.#blocked.add(head.queue);
    }
  }

  /** By class, whose turn it would be. Queues that have become empty are let go of. */
  #heads(nowMs: number): (Head<Entry> | undefined)[] {
    const heads: (Head<Entry> | undefined)[] = priorities.map(() => undefined);
    this.#waits.fill(false);
    for (let index = this.#queues.length - 1; index >= 0; index--) {
      const queue = this.#queues[index];
      const entry = queue?.peek(nowMs);
      if (queue === undefined) continue;
      if (entry === undefined) {
        this.#queues.splice(index, 1);
        continue;
      }
      this.#waits[queue.priority] = true;
      const before = heads[queue.priority]?.entry;
      if (this.#blocked.has(queue) || (before !== undefined && isServedBefore(before, entry))) continue;
      heads[queue.priority] = { entry, queue };
    }
    for (const priority of priorities) if (this.#waits[priority] === false) this.#passedOver[priority] = 0;
    return heads;
  }

  /** The class whose turn it is: the lowest that was passed over too often, else the highest. */
  #turnOf(heads: readonly (Head<Entry> | undefined)[]): number {
    const isDue = (head: Head<Entry> | undefined, priority: number): boolean =>
      head !== undefined && (this.#passedOver[priority] ?? 0) >= maxPassedOver;
    const due = heads.findIndex(isDue);
    return due >= 0 ? due : heads.findLastIndex((head) => head !== undefined);
  }

  #note(served: number): void {
    this.#passedOver[served] = 0;
    for (let lower = 0; lower < served; lower++) {
      if (this.#waits[lower] === true) this.#passedOver[lower] = (this.#passedOver[lower] ?? 0) + 1;
    }
  }
}
