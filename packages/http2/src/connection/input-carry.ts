// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { frameHeaderBytes, maxFrameBytes } from "../frame/frame-header.js";

/** Free carry buffers kept, shared by all connections: 256 KiB or so. */
const maxFreeBuffers = 16;
const free: Uint8Array[] = [];
const noBuffer = new Uint8Array(0);

/** The beginning of a frame that a read has cut; holds a buffer only until the rest of the frame has come. */
export class InputCarry {
  /** `bytes[0, length)` is there. */
  bytes: Uint8Array = noBuffer;
  length = 0;

  /** Appends from `source[start, end)` until `target` octets are there; returns the offset of what is left over. */
  fill(source: Uint8Array, start: number, end: number, target: number): number {
    const until = Math.min(end, start + target - this.length);
    if (until <= start) return start;
    if (this.bytes.length === 0) this.bytes = free.pop() ?? new Uint8Array(frameHeaderBytes + maxFrameBytes);
    this.length = copyBytes(source, start, until, this.bytes, this.length);
    return until;
  }

  /** Forgets the content and gives the buffer back. */
  clear(): void {
    if (this.bytes.length > 0 && free.length < maxFreeBuffers) free.push(this.bytes);
    this.bytes = noBuffer;
    this.length = 0;
  }
}
