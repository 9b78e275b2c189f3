// SPDX-License-Identifier: Apache-2.0
import type { StreamRecord } from "./stream-record.js";

/**
 * Streams whose own window would let them send, held back by what all streams share: connection window or output room.
 * Served round robin from the front; a doubly linked list inside the records, so a reset stream leaves in O(1).
 */
export class ReadyRing<Data> {
  count = 0;
  first: StreamRecord<Data> | undefined = undefined;
  #last: StreamRecord<Data> | undefined = undefined;

  /** Puts a stream at the end; nothing if it is in the ring. */
  push(stream: StreamRecord<Data>): void {
    if (stream.isReady) return;
    stream.isReady = true;
    stream.readyPrevious = this.#last;
    if (this.#last === undefined) this.first = stream;
    else this.#last.readyNext = stream;
    this.#last = stream;
    this.count++;
  }

  /** Takes a stream out; nothing if it is not in the ring. */
  remove(stream: StreamRecord<Data>): void {
    if (!stream.isReady) return;
    stream.isReady = false;
    if (stream.readyPrevious === undefined) this.first = stream.readyNext;
    else stream.readyPrevious.readyNext = stream.readyNext;
    if (stream.readyNext === undefined) this.#last = stream.readyPrevious;
    else stream.readyNext.readyPrevious = stream.readyPrevious;
    stream.readyNext = undefined;
    stream.readyPrevious = undefined;
    this.count--;
  }
}
