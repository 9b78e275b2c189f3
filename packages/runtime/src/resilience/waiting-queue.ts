// SPDX-License-Identifier: Apache-2.0

/** The fields of a record that waits. A hot record declares them itself, so waiting allocates nothing. */
export interface WaitingEntry {
  /** When the call is over anyway, in `Scheduler.nowMs` time; `Infinity` without a deadline. Not changed while waiting. */
  readonly deadlineMs: number;
  /** Bytes held for it; written by the queue. Initialize with 0. */
  waitingBytes: number;
  /** Its place in the queue; -1 while it waits in none. Initialize with -1. */
  waitingIndex: number;
  /** Its number in order of arrival; written by the queue. */
  waitingOrder: number;
}

/** What several queues together may hold. */
export interface WaitingBudgetOptions {
  /** Entries at most. */
  readonly maxCount: number;
  /** Bytes held for them at most. */
  readonly maxBytes: number;
}

/** Counts what waits in all queues that share it, so that no queue and no sum of queues is unbounded. */
export class WaitingBudget {
  readonly maxCount: number;
  readonly maxBytes: number;
  count = 0;
  bytes = 0;

  constructor({ maxCount, maxBytes }: WaitingBudgetOptions) {
    this.maxCount = maxCount;
    this.maxBytes = maxBytes;
  }
}

/** Options of `createWaitingQueue`. */
export interface WaitingQueueOptions<Entry extends WaitingEntry> {
  /** The bounds, its own or shared with other queues. */
  readonly budget: WaitingBudget;
  /** An entry whose deadline had passed when its turn came; it is out of the queue and was not handed out. */
  onExpired(entry: Entry): void;
}

/**
 * Calls that wait for an instance: the one with the nearest deadline first, equals in order of arrival. Bounded in count
 * and bytes; what has expired is never handed out. All operations are O(log n).
 */
export interface WaitingQueue<Entry extends WaitingEntry> {
  /** Entries that wait in this queue. */
  readonly size: number;
  /** Lets `entry` wait with `sizeBytes` held for it. False, and nothing done, if the budget does not allow it. */
  offer(entry: Entry, sizeBytes: number): boolean;
  /** Changes the bytes held for a waiting entry. False, and nothing done, if the budget does not allow it. */
  resize(entry: Entry, sizeBytes: number): boolean;
  /** The entry whose turn it is, still waiting; expired ones before it are told to `onExpired`. */
  peek(nowMs: number): Entry | undefined;
  /** Takes out the entry whose turn it is. */
  take(nowMs: number): Entry | undefined;
  /** Takes out any entry; false if it does not wait here. */
  remove(entry: Entry): boolean;
}

/** Creates a queue (a binary heap whose entries know their place). */
export function createWaitingQueue<Entry extends WaitingEntry>(
  options: WaitingQueueOptions<Entry>,
): WaitingQueue<Entry> {
  return new DeadlineHeap(options);
}

class DeadlineHeap<Entry extends WaitingEntry> implements WaitingQueue<Entry> {
  readonly #budget: WaitingBudget;
  readonly #onExpired: (entry: Entry) => void;
  readonly #heap: Entry[] = [];
  #arrivals = 0;

  constructor({ budget, onExpired }: WaitingQueueOptions<Entry>) {
    this.#budget = budget;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#heap.length;
  }

  offer(entry: Entry, sizeBytes: number): boolean {
    const budget = this.#budget;
    if (entry.waitingIndex >= 0 || budget.count >= budget.maxCount || budget.bytes + sizeBytes > budget.maxBytes) {
      return false;
    }
    budget.count++;
    budget.bytes += sizeBytes;
    entry.waitingBytes = sizeBytes;
    entry.waitingOrder = this.#arrivals++;
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
    return true;
  }

  resize(entry: Entry, sizeBytes: number): boolean {
    const budget = this.#budget;
    const growth = sizeBytes - entry.waitingBytes;
    if (!this.#holds(entry) || (growth > 0 && budget.bytes + growth > budget.maxBytes)) return false;
    budget.bytes += growth;
    entry.waitingBytes = sizeBytes;
    return true;
  }

  peek(nowMs: number): Entry | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.deadlineMs > nowMs) return first;
      this.remove(first);
      this.#onExpired(first);
    }
    return undefined;
  }

  take(nowMs: number): Entry | undefined {
    const first = this.peek(nowMs);
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(entry: Entry): boolean {
    if (!this.#holds(entry)) return false;
    const index = entry.waitingIndex;
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) {
      this.#rise(last, index);
      this.#sink(last, last.waitingIndex);
    }
    entry.waitingIndex = -1;
    this.#budget.count--;
    this.#budget.bytes -= entry.waitingBytes;
    entry.waitingBytes = 0;
    return true;
  }

  #holds(entry: Entry): boolean {
    return entry.waitingIndex >= 0 && this.#heap[entry.waitingIndex] === entry;
  }

  /** Puts `entry` at `index` or nearer the top, pulling down those that come after it. */
  #rise(entry: Entry, index: number): void {
    let at = index;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(entry, at);
  }

  /** Puts `entry` at `index` or further down, pulling up those that come before it. */
  #sink(entry: Entry, index: number): void {
    let at = index;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, entry)) break;
      const below = child.waitingIndex;
      this.#place(child, at);
      at = below;
    }
    this.#place(entry, at);
  }

  #place(entry: Entry, index: number): void {
    this.#heap[index] = entry;
    entry.waitingIndex = index;
  }
}

function isBefore(one: WaitingEntry, other: WaitingEntry): boolean {
  return (
    one.deadlineMs < other.deadlineMs || (one.deadlineMs === other.deadlineMs && one.waitingOrder < other.waitingOrder)
  );
}
