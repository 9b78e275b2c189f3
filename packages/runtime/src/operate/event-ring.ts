// SPDX-License-Identifier: Apache-2.0
import type { LogLevel } from "@grpc-router/protocol";

/** Something that happened in a router and that an operator may want to know. */
export interface RouterEvent {
  /** Rises by one with each event of this process; the first is 1. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** A stable word, the `event` of the log: "registered". */
  readonly kind: string;
  readonly level: LogLevel;
  /** A sentence for people. */
  readonly message: string;
  /** The facts in it. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What of the events somebody has not seen. */
export interface EventBatch {
  readonly events: readonly RouterEvent[];
  /** Events between the last one seen and the first of these, which are no longer kept. */
  readonly lost: number;
}

/** The last events, in order. Who looks too late loses the oldest, and is told how many. */
export class EventRing {
  readonly #capacity: number;
  readonly #events: RouterEvent[] = [];
  readonly #listeners = new Set<() => void>();
  /** Place of the oldest event, once the ring is full. */
  #oldest = 0;
  #lastId = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The id of the newest event; 0: there was none. */
  get lastId(): number {
    return this.#lastId;
  }

  append(event: Omit<RouterEvent, "id">): void {
    const kept = { id: ++this.#lastId, ...event };
    if (this.#events.length < this.#capacity) this.#events.push(kept);
    else {
      this.#events[this.#oldest] = kept;
      this.#oldest = (this.#oldest + 1) % this.#capacity;
    }
    for (const listener of this.#listeners) listener();
  }

  /**
   * The events after the one with id `since`, oldest first. An id that was never given is one of another process of the
   * router: then everything that is kept follows.
   */
  read(since: number): EventBatch {
    const after = since > this.#lastId ? 0 : since;
    const firstId = this.#lastId - this.#events.length + 1;
    const skipped = Math.max(0, after + 1 - firstId);
    const events: RouterEvent[] = [];
    for (let index = skipped; index < this.#events.length; index++) {
      const event = this.#events[(this.#oldest + index) % this.#events.length];
      if (event !== undefined) events.push(event);
    }
    return { events, lost: since > this.#lastId ? 0 : Math.max(0, firstId - after - 1) };
  }

  /** Calls `listener` with each new event until the returned function is called. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
