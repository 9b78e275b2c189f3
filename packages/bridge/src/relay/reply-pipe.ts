// SPDX-License-Identifier: Apache-2.0

import { copyOf, MESSAGE_PREFIX_BYTES, readMessageFlags, readMessageLength } from "@grpc-router/protocol";

/** A piece of one reply message. */
export interface ReplySlice {
  readonly bytes: Uint8Array;
  /** Octets of the same message that come after it. */
  readonly rest: number;
  /** The flag of the message. */
  readonly compressed: boolean;
  /** Octets of DATA that it was made of, prefix included: to be given back to the target when it is taken. */
  readonly dataBytes: number;
}

/** A slice in line. */
interface WaitingSlice extends ReplySlice {
  next: WaitingSlice | undefined;
}

/** What was wrong with the bytes of a reply; 0: nothing. */
export type ReplyFault =
  | { readonly kind: "flags"; readonly flags: number }
  | { readonly kind: "tooLarge"; readonly sizeBytes: number };

/**
 * Cuts DATA of the target into slices of messages and keeps them until the channel has credit and room. Bounded by the
 * window of the stream, which grows only as slices are taken.
 */
export class ReplyPipe {
  readonly #maxMessageBytes: number;
  readonly #prefix = new Uint8Array(MESSAGE_PREFIX_BYTES);
  #prefixFilled = 0;
  /** Octets of the message at hand still to come. */
  #rest = 0;
  #compressed = false;
  /** Octets of prefixes that no slice has accounted for yet. */
  #prefixOctets = 0;
  // A list and not an array: of a target that is always ahead something always waits, for as long as the call goes on.
  #first: WaitingSlice | undefined;
  #last: WaitingSlice | undefined;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** No slice waits. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** A message, or the prefix of one, has begun and not ended. */
  get isInMessage(): boolean {
    return this.#rest > 0 || this.#prefixFilled > 0;
  }

  /** Takes `bytes[start, end)`. What is wrong with them, if something is. */
  receive(bytes: Uint8Array, start: number, end: number): ReplyFault | undefined {
    for (let at = start; at < end; ) {
      if (this.#rest === 0) {
        this.#prefix[this.#prefixFilled++] = bytes[at++] as number;
        this.#prefixOctets++;
        if (this.#prefixFilled < MESSAGE_PREFIX_BYTES) continue;
        const fault = this.#begin();
        if (fault !== undefined) return fault;
        continue;
      }
      const size = Math.min(this.#rest, end - at);
      this.#rest -= size;
      this.#push(copyOf(bytes, at, at + size));
      at += size;
    }
    return undefined;
  }

  /** The next slice; undefined if none is here. */
  take(): ReplySlice | undefined {
    const slice = this.#first;
    if (slice === undefined) return undefined;
    this.#first = slice.next;
    if (slice.next === undefined) this.#last = undefined;
    slice.next = undefined;
    return slice;
  }

  /** Forgets what waits. */
  drop(): void {
    this.#first = undefined;
    this.#last = undefined;
  }

  #begin(): ReplyFault | undefined {
    const flags = readMessageFlags(this.#prefix, 0);
    const sizeBytes = readMessageLength(this.#prefix, 0);
    this.#prefixFilled = 0;
    if (flags > 1) return { kind: "flags", flags };
    if (sizeBytes > this.#maxMessageBytes) return { kind: "tooLarge", sizeBytes };
    this.#compressed = flags === 1;
    this.#rest = sizeBytes;
    if (sizeBytes === 0) this.#push(new Uint8Array(0));
    return undefined;
  }

  #push(bytes: Uint8Array): void {
    const dataBytes = bytes.length + this.#prefixOctets;
    this.#prefixOctets = 0;
    const slice = { bytes, rest: this.#rest, compressed: this.#compressed, dataBytes, next: undefined };
    if (this.#last === undefined) this.#first = slice;
    else this.#last.next = slice;
    this.#last = slice;
  }
}
