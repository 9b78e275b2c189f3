// SPDX-License-Identifier: Apache-2.0

import type { TapEvent } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { TAP_QUEUE_BYTES, TAP_QUEUE_EVENTS } from "../limits.js";

/** What a reader has not seen yet. */
export interface TapBatch {
  readonly events: readonly TapEvent[];
  /** Events before these that it will not see. */
  readonly lost: number;
  /** Calls that were not watched. */
  readonly passedOver: number;
}

/** An event and the room it takes, in octets or so. */
export interface KeptEvent {
  readonly event: TapEvent;
  readonly sizeBytes: number;
}

/** Between calls, which do not wait, and a reader, who may be slow: when it is full, the oldest goes. */
export class TapQueue {
  #events: KeptEvent[] = [];
  /** Place of the oldest that is kept; those before it are gone. */
  #first = 0;
  #sizeBytes = 0;
  #lost = 0;
  #passedOver = 0;
  #wake: (() => void) | undefined;

  push(kept: KeptEvent): void {
    this.#events.push(kept);
    this.#sizeBytes += kept.sizeBytes;
    while (this.#events.length - this.#first > TAP_QUEUE_EVENTS || this.#sizeBytes > TAP_QUEUE_BYTES)
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
  take(): TapBatch | undefined {
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
    if (this.#first < TAP_QUEUE_EVENTS) return;
    this.#events = this.#events.slice(this.#first);
    this.#first = 0;
  }
}
