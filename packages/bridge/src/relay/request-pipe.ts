// SPDX-License-Identifier: Apache-2.0

import { copyBytes, MESSAGE_PREFIX_BYTES, PAYLOAD_OVERHEAD, writeMessagePrefix } from "@grpc-router/protocol";
import { MAX_KEPT_REQUEST_BYTES } from "../limits.js";
import type { KeptBytes } from "./kept-bytes.js";

/** Where a request goes. */
export interface PipeOutput {
  /** Octets that would be sent at once. */
  room(): number;
  /** Sends `bytes[start, end)`. */
  write(bytes: Uint8Array, start: number, end: number, endStream: boolean): void;
}

interface Piece {
  readonly bytes: Uint8Array;
  /** What the router may have back when it is sent; 0 once it has. */
  cost: number;
}

const NO_BYTES = new Uint8Array(0);
/** Sent pieces are let go of so many at a time: each costs a copy of the list. */
const DROP_EVERY = 32;

/**
 * The request of a call on its way to the target: octets that wait for room there, and for as long as the target may
 * still say that it has not looked at the call, those that were sent, so that they can be sent again.
 */
export class RequestPipe {
  /** Octets not yet sent, and for each slice of them `PAYLOAD_OVERHEAD`: a window holds a thousand that are empty. */
  unsentBytes = 0;
  readonly #kept: KeptBytes;
  #pieces: Piece[] = [];
  /** The piece to send next, and what of it is sent. */
  #next = 0;
  #offset = 0;
  #closed = false;
  #endSent = false;
  #keeps = true;
  #keptBytes = 0;

  constructor(kept: KeptBytes) {
    this.#kept = kept;
  }

  /** Adds a slice. `totalBytes` ≥ 0: a message of that length begins with it. Returns what it adds to `unsentBytes`. */
  add(bytes: Uint8Array, start: number, end: number, totalBytes: number, compressed: boolean, cost: number): number {
    const prefix = totalBytes < 0 ? 0 : MESSAGE_PREFIX_BYTES;
    const piece = new Uint8Array(prefix + end - start);
    if (prefix > 0) writeMessagePrefix(piece, 0, compressed, totalBytes);
    copyBytes(bytes, start, end, piece, prefix);
    this.#pieces.push({ bytes: piece, cost });
    const size = piece.length + PAYLOAD_OVERHEAD;
    this.unsentBytes += size;
    return size;
  }

  /** No slice follows. */
  close(): void {
    this.#closed = true;
  }

  /** Sends what there is room for; what that cost goes back to the router. */
  sendTo(output: PipeOutput): number {
    let cost = 0;
    for (let piece = this.#pieces[this.#next]; piece !== undefined; piece = this.#pieces[this.#next]) {
      const size = Math.min(piece.bytes.length - this.#offset, output.room());
      if (size <= 0) return cost;
      const end = this.#offset + size;
      const isWhole = end === piece.bytes.length;
      this.#endSent = isWhole && this.#closed && this.#next === this.#pieces.length - 1;
      output.write(piece.bytes, this.#offset, end, this.#endSent);
      this.unsentBytes -= size;
      this.#offset = isWhole ? 0 : end;
      if (!isWhole) continue;
      this.unsentBytes -= PAYLOAD_OVERHEAD;
      cost += piece.cost;
      piece.cost = 0;
      this.#next++;
      this.#keep(piece.bytes.length);
    }
    // Also behind nothing but a head: gRPC servers look for the end in DATA only.
    if (this.#closed && !this.#endSent) {
      this.#endSent = true;
      output.write(NO_BYTES, 0, 0, true);
    }
    return cost;
  }

  /** Starts again from the first octet. False: what was sent is not kept. Otherwise `unsentBytes` is all of it again. */
  rewind(): boolean {
    if (!this.#keeps) return false;
    this.#next = 0;
    this.#offset = 0;
    this.#endSent = false;
    this.#release();
    this.unsentBytes = this.#pieces.reduce((sum, { bytes }) => sum + bytes.length + PAYLOAD_OVERHEAD, 0);
    return true;
  }

  /** The target has looked at the call: what is sent is not needed again. */
  forgetSent(): void {
    if (!this.#keeps) return;
    this.#keeps = false;
    this.#release();
    this.#dropSent();
  }

  /** The rest is not wanted any more. */
  drop(): void {
    this.forgetSent();
    this.#pieces = [];
    this.#next = 0;
    this.#offset = 0;
    this.unsentBytes = 0;
    this.#endSent = true;
  }

  #keep(sizeBytes: number): void {
    if (!this.#keeps) {
      if (this.#next === this.#pieces.length || this.#next >= DROP_EVERY) this.#dropSent();
      return;
    }
    const isTaken = this.#keptBytes + sizeBytes <= MAX_KEPT_REQUEST_BYTES && this.#kept.take(sizeBytes);
    if (isTaken) this.#keptBytes += sizeBytes;
    else this.forgetSent();
  }

  #release(): void {
    this.#kept.give(this.#keptBytes);
    this.#keptBytes = 0;
  }

  #dropSent(): void {
    this.#pieces = this.#pieces.slice(this.#next);
    this.#next = 0;
  }
}
