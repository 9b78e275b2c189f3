// SPDX-License-Identifier: Apache-2.0
import { DrainMeter } from "./drain-meter.js";
import { IndexedHeap } from "./indexed-heap.js";
import { type Priority, priorities } from "./priority.js";

/** The fields of a record that waits. A hot record declares them itself, so waiting allocates nothing. */
export interface WaitingEntry {
  /** When the call is over anyway, in `Scheduler.nowMs` time; `Infinity` without a deadline. Not changed while waiting. */
  readonly deadlineMs: number;
  /** Bytes held for it; written by the room. Initialize with 0. */
  waitingBytes: number;
  /** Its place in the queue; -1 while it waits in none. Initialize with -1. */
  waitingIndex: number;
  /** Its place among those that would give way; likewise. */
  yieldIndex: number;
  /** Its number in order of arrival; written by the room. */
  waitingOrder: number;
  /** Where it waits; written by the room. Initialize with undefined. */
  waitingIn: WaitingPlace | undefined;
}

/** Where an entry waits: a queue of the room. */
export interface WaitingPlace {
  readonly priority: Priority;
  /** Takes out any entry; false if it does not wait here. */
  remove(entry: WaitingEntry): boolean;
}

/** Options of `WaitingRoom`. */
export interface WaitingRoomOptions<Entry extends WaitingEntry> {
  /** Entries at most. */
  readonly maxCount: number;
  /** Bytes held for them at most. */
  readonly maxBytes: number;
  /** The time of the entries' deadlines. */
  nowMs(): number;
  /** An entry that had to give way to one of a higher class; it is out of its queue. */
  onDisplaced(entry: Entry): void;
}

/** Whether `one` is served before `other`, of the same class: the nearer deadline, equals in order of arrival. */
export function isServedBefore(one: WaitingEntry, other: WaitingEntry): boolean {
  return (
    one.deadlineMs < other.deadlineMs || (one.deadlineMs === other.deadlineMs && one.waitingOrder < other.waitingOrder)
  );
}

/** What waits of one class, those first that would give way first: the order of service, backwards. */
class WaitingClass<Entry extends WaitingEntry> {
  bytes = 0;
  readonly entries = new IndexedHeap<Entry>({
    isBefore: (one, other) => isServedBefore(other, one),
    indexOf: (entry) => entry.yieldIndex,
    setIndex(entry, index) {
      entry.yieldIndex = index;
    },
  });
}

/**
 * What all queues of a service hold together, in count and bytes, so that no queue and no sum of queues is unbounded. When
 * it is full, an entry of a higher class displaces those of the lowest one, the latest deadline first; among equals, who
 * waits stays.
 */
export class WaitingRoom<Entry extends WaitingEntry> {
  readonly maxCount: number;
  readonly maxBytes: number;
  count = 0;
  bytes = 0;
  readonly #options: WaitingRoomOptions<Entry>;
  readonly #classes = priorities.map(() => new WaitingClass<Entry>());
  readonly #meter: DrainMeter;
  #arrivals = 0;

  constructor(options: WaitingRoomOptions<Entry>) {
    this.maxCount = options.maxCount;
    this.maxBytes = options.maxBytes;
    this.#options = options;
    this.#meter = new DrainMeter(options.nowMs());
  }

  /** The limit in words. */
  get limit(): string {
    return `${this.maxCount} calls and ${this.maxBytes} bytes`;
  }

  /** Whether another `count` entries and `sizeBytes` of this class fit, if all lower ones give way. */
  fits(priority: Priority, count: number, sizeBytes: number): boolean {
    let freeCount = this.maxCount - this.count;
    let freeBytes = this.maxBytes - this.bytes;
    for (const lower of this.#classes.slice(0, priority)) {
      freeCount += lower.entries.size;
      freeBytes += lower.bytes;
    }
    return count <= freeCount && sizeBytes <= freeBytes;
  }

  /** Lets `entry` in, whose queue has put it in its place; others may have to give way. It `fits`. */
  enter(entry: Entry, place: WaitingPlace, sizeBytes: number): void {
    entry.waitingIn = place;
    const held = this.#classes[place.priority];
    held?.entries.add(entry);
    this.count++;
    this.resize(entry, sizeBytes);
  }

  /** The bytes held for `entry` change; others may have to give way. They fit. */
  resize(entry: Entry, sizeBytes: number): void {
    const growth = sizeBytes - entry.waitingBytes;
    entry.waitingBytes = sizeBytes;
    const priority = entry.waitingIn?.priority ?? 0;
    const held = this.#classes[priority];
    if (held !== undefined) held.bytes += growth;
    this.bytes += growth;
    if (this.count > this.maxCount || this.bytes > this.maxBytes) this.#displaceFor(priority);
  }

  /** The number of the next entry to arrive. */
  nextOrder(): number {
    return this.#arrivals++;
  }

  /** `entry` has left its queue. */
  leave(entry: Entry): void {
    const held = this.#classes[entry.waitingIn?.priority ?? 0];
    if (held?.entries.remove(entry) !== true) return;
    held.bytes -= entry.waitingBytes;
    this.count--;
    this.bytes -= entry.waitingBytes;
    entry.waitingBytes = 0;
    entry.waitingIn = undefined;
    this.#meter.leave(1, this.#options.nowMs());
  }

  /** One that has just left its queue waits again: its place is taken, and the queue no shorter. */
  cameBack(): void {
    this.#meter.leave(-1, this.#options.nowMs());
  }

  /** Milliseconds after which one that was refused should ask again; `random` in [0, 1). */
  pushbackMs(random: number): number {
    return this.#meter.pushbackMs(this.count, this.#options.nowMs(), random);
  }

  #displaceFor(priority: Priority): void {
    for (const { entries } of this.#classes.slice(0, priority)) {
      for (let last = entries.first; last !== undefined; last = entries.first) {
        if (this.count <= this.maxCount && this.bytes <= this.maxBytes) return;
        last.waitingIn?.remove(last);
        // Its place is taken already.
        this.#meter.leave(-1, this.#options.nowMs());
        this.#options.onDisplaced(last);
      }
    }
  }
}
