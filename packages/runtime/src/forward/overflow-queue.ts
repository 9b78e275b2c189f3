// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "@grpc-router/http2";
import { acquireBytes, releaseBytes } from "@grpc-router/protocol";
import { overflowChunkBytes } from "../limits.js";

/**
 * Bytes in the order in which they came, in pooled chunks of one size: it grows without copying what is there, and gives
 * back chunk by chunk.
 */
export class OverflowQueue {
  /** Bytes that are here. */
  size = 0;
  #chunks: Uint8Array[] = [];
  /** Where the first chunk begins, and where the last one ends. */
  #start = 0;
  #end = 0;

  /** Bytes of all chunks. */
  get allocatedBytes(): number {
    return this.#chunks.length * overflowChunkBytes;
  }

  append(source: Uint8Array, start: number, end: number): void {
    this.size += end - start;
    for (let at = start; at < end; ) {
      let last = this.#chunks.at(-1);
      if (last === undefined || this.#end === overflowChunkBytes) {
        last = acquireBytes(overflowChunkBytes);
        this.#chunks.push(last);
        this.#end = 0;
      }
      const count = Math.min(end - at, overflowChunkBytes - this.#end);
      this.#end = copyBytes(source, at, at + count, last, this.#end);
      at += count;
    }
  }

  /** Moves up to `count` bytes to `target[offset …]`; answers the offset behind them. */
  moveTo(target: Uint8Array, offset: number, count: number): number {
    let at = offset;
    for (let left = Math.min(count, this.size); left > 0; ) {
      const [first] = this.#chunks;
      if (first === undefined) break;
      const isLast = this.#chunks.length === 1;
      const part = Math.min(left, (isLast ? this.#end : overflowChunkBytes) - this.#start);
      at = copyBytes(first, this.#start, this.#start + part, target, at);
      this.#start += part;
      this.size -= part;
      left -= part;
      if (this.size === 0) this.clear();
      else if (this.#start === overflowChunkBytes) this.#dropFirst();
    }
    return at;
  }

  /** Copies the first `count` bytes, which are here, to `target[offset …]`. */
  copyTo(target: Uint8Array, offset: number, count: number): void {
    let at = offset;
    let start = this.#start;
    for (const chunk of this.#chunks) {
      const part = Math.min(offset + count - at, overflowChunkBytes - start);
      at = copyBytes(chunk, start, start + part, target, at);
      start = 0;
    }
  }

  clear(): void {
    while (this.#chunks.length > 0) this.#dropFirst();
    this.size = 0;
    this.#end = 0;
  }

  #dropFirst(): void {
    const first = this.#chunks.shift();
    if (first !== undefined) releaseBytes(first);
    this.#start = 0;
  }
}
