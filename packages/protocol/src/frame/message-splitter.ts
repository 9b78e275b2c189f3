// SPDX-License-Identifier: Apache-2.0

import { MESSAGE_PREFIX_BYTES, readMessageFlags, readMessageLength } from "../message-prefix.js";
import { acquireBytes, releaseBytes } from "./byte-pool.js";
import { copyBytes } from "./copy-bytes.js";
import { FrameFault } from "./frame-fault.js";

/** Takes whole messages. */
export interface MessageSink {
  /** A message without its prefix is `bytes[start, end)`; valid only during the call. */
  onMessage(bytes: Uint8Array, start: number, end: number): void;
}

const NO_BYTES = new Uint8Array(0);
const FIRST_CARRY_BYTES = 1024;

/**
 * Cuts a byte stream into its gRPC messages. A message that arrives in one piece is handed on where it lies; only one
 * that is split is put together in a buffer, which grows with the bytes that have come, never with those announced.
 */
export class MessageSplitter {
  /** The longest message taken, in octets, judged on the prefix. May be changed between messages. */
  maxBytes: number;
  #carry: Uint8Array = NO_BYTES;
  #filled = 0;
  /** Octets that `#carry` must hold for the next step: a prefix, or prefix and message. */
  #needed = MESSAGE_PREFIX_BYTES;
  #stopped = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Octets of a message that is not whole yet. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Nothing is handed on any more, also not from a `push` that is under way; for sinks that find their channel closed. */
  stop(): void {
    this.#stopped = true;
    releaseBytes(this.#carry);
    this.#carry = NO_BYTES;
    this.#filled = 0;
  }

  /** Takes the next octets of the stream. After a fault the stream cannot be read any further: nothing more is handed on. */
  push(bytes: Uint8Array, start: number, end: number, sink: MessageSink): FrameFault {
    let offset = start;
    while (offset < end && !this.#stopped) {
      if (this.#filled > 0) {
        offset = this.#fill(bytes, offset, end);
        if (this.#filled < this.#needed) continue;
        const fault = this.#step(sink);
        if (fault !== FrameFault.none) return this.#fail(fault);
        continue;
      }
      if (end - offset < MESSAGE_PREFIX_BYTES) return this.#keep(bytes, offset, end);
      const fault = this.#judge(bytes, offset);
      if (fault !== FrameFault.none) return this.#fail(fault);
      const messageEnd = offset + this.#needed;
      if (messageEnd > end) return this.#keep(bytes, offset, end);
      this.#needed = MESSAGE_PREFIX_BYTES;
      sink.onMessage(bytes, offset + MESSAGE_PREFIX_BYTES, messageEnd);
      offset = messageEnd;
    }
    return FrameFault.none;
  }

  /** Reads the prefix at `offset` and sets what is needed for the whole message. */
  #judge(bytes: Uint8Array, offset: number): FrameFault {
    if (readMessageFlags(bytes, offset) !== 0) return FrameFault.compressed;
    const length = readMessageLength(bytes, offset);
    if (length > this.maxBytes) return FrameFault.tooLarge;
    this.#needed = MESSAGE_PREFIX_BYTES + length;
    return FrameFault.none;
  }

  /** `#carry` holds what was needed: a prefix, which tells how much more, or a whole message. */
  #step(sink: MessageSink): FrameFault {
    if (this.#needed === MESSAGE_PREFIX_BYTES) {
      const fault = this.#judge(this.#carry, 0);
      if (fault !== FrameFault.none || this.#filled < this.#needed) return fault;
    }
    const carry = this.#carry;
    const end = this.#needed;
    this.#carry = NO_BYTES;
    this.#filled = 0;
    this.#needed = MESSAGE_PREFIX_BYTES;
    sink.onMessage(carry, MESSAGE_PREFIX_BYTES, end);
    releaseBytes(carry);
    return FrameFault.none;
  }

  #keep(bytes: Uint8Array, start: number, end: number): FrameFault {
    this.#fill(bytes, start, end);
    return FrameFault.none;
  }

  #fill(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#needed - this.#filled);
    const size = this.#filled + count;
    if (size > this.#carry.length) this.#grow(size);
    copyBytes(bytes, start, start + count, this.#carry, this.#filled);
    this.#filled = size;
    return start + count;
  }

  #grow(size: number): void {
    // At most about twice what has come, and the whole message at once where that is enough for it.
    const doubled = Math.max(size * 2, FIRST_CARRY_BYTES);
    const larger = acquireBytes(this.#needed > MESSAGE_PREFIX_BYTES ? Math.min(doubled, this.#needed) : doubled);
    copyBytes(this.#carry, 0, this.#filled, larger, 0);
    releaseBytes(this.#carry);
    this.#carry = larger;
  }

  #fail(fault: FrameFault): FrameFault {
    this.stop();
    return fault;
  }
}
