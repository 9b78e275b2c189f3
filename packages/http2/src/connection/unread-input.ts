// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { acquireBuffer, outputBufferBytes, releaseBuffer } from "./buffer-pool.js";

const noBuffer = new Uint8Array(0);

/** Input that a turn has left: whole frames and a piece at the end, copied because the read buffer is everybody's. */
export class UnreadInput {
  /** `bytes[start, end)` waits. */
  bytes: Uint8Array = noBuffer;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Adds `source[start, end)` behind what waits. */
  append(source: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (this.end + end - start > this.bytes.length) this.#makeRoom(length);
    this.end = copyBytes(source, start, end, this.bytes, this.end);
  }

  /** Everything up to `offset` is handled; the buffer goes back when nothing is left. */
  advance(offset: number): void {
    this.start = offset;
    if (this.start >= this.end) this.clear();
  }

  /** Forgets what waits and gives the buffer back. */
  clear(): void {
    if (this.bytes.length > 0) releaseBuffer(this.bytes);
    this.drop();
  }

  /** Forgets what waits; the buffer stays out of the pool, because somebody may still be reading in it. */
  drop(): void {
    this.bytes = noBuffer;
    this.start = 0;
    this.end = 0;
  }

  #makeRoom(length: number): void {
    const { bytes } = this;
    const larger = length <= outputBufferBytes ? acquireBuffer(length) : new Uint8Array(2 * length);
    const end = copyBytes(bytes, this.start, this.end, larger, 0);
    this.clear();
    this.bytes = larger;
    this.end = end;
  }
}
