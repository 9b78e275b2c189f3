// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";

const noBuffer = new Uint8Array(0);
const firstBytes = 4_096;

/** A header block in pieces: HEADERS without END_HEADERS and the CONTINUATION frames so far (RFC 9113 section 4.3). */
export class HeaderBlock {
  /** The stream whose CONTINUATION must come next; 0: none is awaited. */
  streamId = 0;
  endStream = false;
  /** CONTINUATION frames so far. */
  frames = 0;
  startedMs = 0;
  /** `bytes[0, length)` is the block so far. */
  bytes: Uint8Array = noBuffer;
  length = 0;

  /** Begins a block; its first piece follows with `append`. */
  begin(streamId: number, endStream: boolean, nowMs: number): void {
    this.streamId = streamId;
    this.endStream = endStream;
    this.frames = 0;
    this.startedMs = nowMs;
    this.length = 0;
  }

  /** Adds a piece; the caller has compared the sum with the limit. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(firstBytes, 2 * length));
      copyBytes(this.bytes, 0, this.length, larger, 0);
      this.bytes = larger;
    }
    this.length = copyBytes(bytes, start, end, this.bytes, this.length);
  }

  /** The block is whole, or the connection is gone. */
  clear(): void {
    this.streamId = 0;
    this.bytes = noBuffer;
    this.length = 0;
  }
}
