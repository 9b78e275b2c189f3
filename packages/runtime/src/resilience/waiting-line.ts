// SPDX-License-Identifier: Apache-2.0
import { maxPassedOver } from "../limits.js";
import { priorities } from "./priority.js";
import type { WaitingQueue } from "./waiting-queue.js";
import { isServedBefore, type WaitingEntry } from "./waiting-room.js";

/** The entry of a queue whose turn it is. */
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
    for (let served = 0; served >= 0; ) {
      served = this.#serveOne(this.#heads(nowMs), serve);
      if (served >= 0) this.#note(served);
    }
  }

  /**
   * Serves the first that can be; answers its class, -1 if there is none. As whoever is not served changes nothing, nobody is
   * looked for anew before one is: of a thousand methods with calls that wait each costs its own turn, not a thousand.
   */
  #serveOne(classes: readonly Head<Entry>[][], serve: (entry: Entry) => boolean): number {
    const isSorted = classes.map(() => false);
    for (;;) {
      const turn = this.#turnOf(classes);
      const heads = classes[turn];
      const head = heads?.pop();
      if (heads === undefined || head === undefined) return -1;
      if (serve(head.entry)) return turn;
      this.#blocked.add(head.queue);
      if (isSorted[turn] === true) continue;
      isSorted[turn] = true;
      heads.sort((one, other) => (isServedBefore(one.entry, other.entry) ? 1 : -1));
    }
  }

  /** By class, whose turns it would be, the first one at the end; the others in any order. Queues that have become empty are let go of. */
  #heads(nowMs: number): Head<Entry>[][] {
    const classes: Head<Entry>[][] = priorities.map(() => []);
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
      const heads = classes[queue.priority];
      if (heads === undefined || this.#blocked.has(queue)) continue;
      const first = heads.at(-1);
      if (first === undefined || isServedBefore(entry, first.entry)) heads.push({ entry, queue });
      else heads.splice(-1, 1, { entry, queue }, first);
    }
    for (const priority of priorities) if (this.#waits[priority] === false) this.#passedOver[priority] = 0;
    return classes;
  }

  /** The class whose turn it is: the lowest that was passed over too often, else the highest. */
  #turnOf(classes: readonly (readonly Head<Entry>[])[]): number {
    const due = classes.findIndex(({ length }, priority) => {
      return length > 0 && (this.#passedOver[priority] ?? 0) >= maxPassedOver;
    });
    return due >= 0 ? due : classes.findLastIndex(({ length }) => length > 0);
  }

  #note(served: number): void {
    this.#passedOver[served] = 0;
    for (let lower = 0; lower < served; lower++) {
      if (this.#waits[lower] === true) this.#passedOver[lower] = (this.#passedOver[lower] ?? 0) + 1;
    }
  }
}
