// SPDX-License-Identifier: Apache-2.0

import { READER_QUEUE_BYTES, READER_QUEUE_EVENTS } from "../limits.js";

/** What a reader has not seen yet. */
export interface ReaderBatch<Event> {
  readonly events: readonly Event[];
  /** Events before these that it will not see. */
  readonly lost: number;
  /** Calls that were not watched. */
  readonly passedOver: number;
}

/** An event and the room it takes, in octets or so. */
export interface Kept<Event> {
  readonly event: Event;
  readonly sizeBytes: number;
}

/** Between what happens, which does not wait, and a reader, who may be slow: when it is full, the oldest goes. */
export class ReaderQueue<Event> {
  #events: Kept<Event>[] = [];
  /** Place of the oldest that is kept; those before it are gone. */
  #first = 0;
  #sizeBytes = 0;
  #lost = 0;
  #passedOver = 0;
  #wake: (() => void) | undefined;

  push(kept: Kept<Event>): void {
    this.#events.push(kept);
    this.#sizeBytes += kept.sizeBytes;
    while (this.#events.length - this.#first > READER_QUEUE_EVENTS || this.#sizeBytes > READER_QUEUE_BYTES)
      this.#dropOldest();
    this.#wake?.();
  }

  /** So many events were not even kept. */
  lose(count: number): void {
    this.#lost += count;
    this.#wake?.();
  }

  /** A call was not watched. */
  passOver(): void {
    this.#passedOver++;
    this.#wake?.();
  }

  /** All there is; undefined: nothing. */
  take(): ReaderBatch<Event> | undefined {
    const events = this.#events.slice(this.#first).map(({ event }) => event);
    const batch = { events, lost: this.#lost, passedOver: this.#passedOver };
    if (events.length === 0 && this.#lost === 0 && this.#passedOver === 0) return undefined;
    this.#events = [];
    this.#first = 0;
    this.#sizeBytes = 0;
    this.#lost = 0;
    this.#passedOver = 0;
    return batch;
  }

  /** Resolves when there is something, or `wake` is called. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Lets the reader look. */
  wake(): void {
    this.#wake?.();
  }

  #dropOldest(): void {
    this.#sizeBytes -= this.#events[this.#first]?.sizeBytes ?? 0;
    this.#first++;
    this.#lost++;
    if (this.#first < READER_QUEUE_EVENTS) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }
}
