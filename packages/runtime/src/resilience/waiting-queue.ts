// SPDX-License-Identifier: Apache-2.0
import { IndexedHeap } from "./indexed-heap.js";
import type { Priority } from "./priority.js";
import { isServedBefore, type WaitingEntry, type WaitingPlace, type WaitingRoom } from "./waiting-room.js";

/** Options of `WaitingQueue`. */
export interface WaitingQueueOptions<Entry extends WaitingEntry> {
  /** The bounds, shared by all queues of a service. */
  readonly room: WaitingRoom<Entry>;
  /** The class of all its entries. */
  readonly priority: Priority;
  /** An entry whose deadline had passed when its turn came; it is out of the queue and was not handed out. */
  onExpired(entry: Entry): void;
}

/**
 * Calls of one method that wait for an instance: the one with the nearest deadline first, equals in order of arrival.
 * Bounded by the room in count and bytes; what has expired is never handed out. All operations are O(log n), but where
 * a call makes others give way.
 */
export class WaitingQueue<Entry extends WaitingEntry> implements WaitingPlace {
  readonly priority: Priority;
  readonly #room: WaitingRoom<Entry>;
  readonly #onExpired: (entry: Entry) => void;
  readonly #heap = new IndexedHeap<Entry>({
    isBefore: isServedBefore,
    indexOf: (entry) => entry.waitingIndex,
    setIndex(entry, index) {
      entry.waitingIndex = index;
    },
  });

  constructor({ room, priority, onExpired }: WaitingQueueOptions<Entry>) {
    this.priority = priority;
    this.#room = room;
    this.#onExpired = onExpired;
  }

  /** Entries that wait in this queue. */
  get size(): number {
    return this.#heap.size;
  }

  /**
   * Lets `entry` wait with `sizeBytes` held for it. False, and nothing done, if there is no room for it, even if all
   * lower classes gave way, or if it waits already.
   */
  offer(entry: Entry, sizeBytes: number): boolean {
    const room = this.#room;
    if (entry.waitingIndex >= 0 || !room.fits(this.priority, 1, sizeBytes)) return false;
    entry.waitingOrder = room.nextOrder();
    this.#heap.add(entry);
    // First it waits, then others give way: what their end brings about finds it where it is.
    room.enter(entry, this, sizeBytes);
    return true;
  }

  /** Changes the bytes held for a waiting entry. False, and nothing done, if there is no room for them. */
  resize(entry: Entry, sizeBytes: number): boolean {
    if (!this.#heap.has(entry)) return false;
    const growth = sizeBytes - entry.waitingBytes;
    if (growth > 0 && !this.#room.fits(this.priority, 0, growth)) return false;
    this.#room.resize(entry, sizeBytes);
    return true;
  }

  /** The entry whose turn it is, still waiting; expired ones before it are told to `onExpired`. */
  peek(nowMs: number): Entry | undefined {
    for (let first = this.#heap.first; first !== undefined; first = this.#heap.first) {
      if (first.deadlineMs > nowMs) return first;
      this.remove(first);
      this.#onExpired(first);
    }
    return undefined;
  }

  /** Takes out the entry whose turn it is. */
  take(nowMs: number): Entry | undefined {
    const first = this.peek(nowMs);
    if (first !== undefined) this.remove(first);
    return first;
  }

  remove(entry: Entry): boolean {
    if (!this.#heap.remove(entry)) return false;
    this.#room.leave(entry);
    return true;
  }
}
