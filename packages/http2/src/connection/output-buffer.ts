// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { frameHeaderBytes, maxFrameBytes, patchFrameLength, writeFrameHeader } from "../frame/frame-header.js";
import { FrameFlag, FrameType } from "../frame/frame-type.js";
import { acquireBuffer, outputBufferBytes, releaseBuffer } from "./buffer-pool.js";
import type { ConnectionHost } from "./connection.js";

/** Fewer contiguous octets than this are not worth a DATA frame of their own when more would fit the next buffer. */
const smallestPiece = 1_024;
const noBuffer = new Uint8Array(0);

/**
 * The output of a connection: frames go straight into a pooled buffer, full buffers wait in a list. DATA of one stream
 * that comes in a row shares one frame, whose length is patched in place (1.1 to 1.8x for bursts on few streams).
 */
export class OutputBuffer {
  /** The buffer being filled, `bytes[0, offset)`; empty until something is said. */
  bytes: Uint8Array = noBuffer;
  offset = 0;
  /** Length of the buffer that the last `take` returned. */
  takenLength = 0;
  /** The transport holds back: nothing is taken at the moment. */
  held = false;
  /** A flush from within a sending verb is under way: what is taken makes room, but nobody may be called back. */
  flushing = false;
  /** Octets that may wait before DATA must. */
  maxBytes: number;

  readonly #host: ConnectionHost;
  /** Full buffers `[#firstFull …]`, oldest first; emptied when the last is taken, so nothing is ever shifted. */
  readonly #full: Uint8Array[] = [];
  readonly #fullLengths: number[] = [];
  #firstFull = 0;
  #fullBytes = 0;
  #scheduled = false;
  /** Header of the DATA frame that may still grow; -1: none. */
  #frame = -1;
  #frameStream = 0;
  #frameLength = 0;

  constructor(host: ConnectionHost, maxBytes: number) {
    this.#host = host;
    this.maxBytes = maxBytes;
  }

  /** Octets not yet taken. */
  get pending(): number {
    return this.#fullBytes + this.offset;
  }

  /** Octets of DATA that fit now, after a flush if the transport takes one. At most zero: none. */
  makeRoom(octets: number): number {
    const room = this.maxBytes - this.pending;
    if (room >= octets || this.held) return room;
    this.#flush();
    return this.maxBytes - this.pending;
  }

  /** Makes `octets` contiguous octets at `offset` and returns `offset`; what follows is not part of a DATA frame before it. */
  begin(octets: number): number {
    this.#frame = -1;
    this.#reserve(octets);
    return this.offset;
  }

  /** The frame that `begin` made place for ends at `offset`. */
  end(offset: number): void {
    this.offset = offset;
  }

  /**
   * Makes a place for DATA of a stream, in the open frame if it is that stream's. Returns how many of the `octets` fit
   * there contiguously, at least one; write them at `offset - result`. With `whole`, all of them (at most
   * `maxFrameBytes`).
   */
  data(streamId: number, octets: number, whole: boolean): number {
    const wanted = whole ? octets : Math.min(octets, smallestPiece);
    if (this.#frame >= 0 && this.#frameStream === streamId) {
      const space = Math.min(maxFrameBytes - this.#frameLength, this.#space);
      if (space >= wanted) return this.#extend(Math.min(space, octets));
    }
    this.#frame = -1;
    this.#reserve(frameHeaderBytes + wanted);
    this.#frame = this.offset;
    this.#frameStream = streamId;
    this.#frameLength = 0;
    this.offset = writeFrameHeader(this.bytes, this.offset, 0, FrameType.data, FrameFlag.none, streamId);
    return this.#extend(Math.min(maxFrameBytes, this.#space, octets));
  }

  /** Sets END_STREAM: on the open DATA frame if it is that stream's, else on a new one without octets. */
  endStream(streamId: number): void {
    if (this.#frame >= 0 && this.#frameStream === streamId) {
      this.bytes[this.#frame + 4] = FrameFlag.endStream;
      this.#frame = -1;
      return;
    }
    const at = this.begin(frameHeaderBytes);
    this.end(writeFrameHeader(this.bytes, at, 0, FrameType.data, FrameFlag.endStream, streamId));
  }

  /** The next buffer to send, its length in `takenLength`; undefined when there is none. */
  take(): Uint8Array | undefined {
    this.#frame = -1;
    const full = this.#full[this.#firstFull];
    if (full !== undefined) {
      this.takenLength = this.#fullLengths[this.#firstFull] ?? 0;
      this.#fullBytes -= this.takenLength;
      if (++this.#firstFull === this.#full.length) {
        this.#full.length = 0;
        this.#fullLengths.length = 0;
        this.#firstFull = 0;
      }
      return full;
    }
    if (this.offset === 0) {
      this.#scheduled = false;
      return undefined;
    }
    const bytes = this.bytes;
    this.takenLength = this.offset;
    this.bytes = noBuffer;
    this.offset = 0;
    return bytes;
  }

  /** Asks the host for a flush after the events at hand, once. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#host.schedule();
  }

  /** Forgets everything not yet taken. */
  clear(): void {
    for (let bytes = this.take(); bytes !== undefined; bytes = this.take()) releaseBuffer(bytes);
  }

  #extend(octets: number): number {
    if (this.offset + octets > this.bytes.length) this.#enlarge();
    this.#frameLength += octets;
    this.offset += octets;
    patchFrameLength(this.bytes, this.#frame, this.#frameLength);
    return octets;
  }

  #reserve(octets: number): void {
    if (this.offset + octets > this.bytes.length) this.#makePlace(octets);
    if (!this.#scheduled) this.schedule();
  }

  /** Octets that the buffer at hand takes before the next one is needed. */
  get #space(): number {
    return outputBufferBytes - this.offset;
  }

  #makePlace(octets: number): void {
    if (octets > outputBufferBytes) {
      throw new RangeError(`Cannot reserve output: octets must be at most ${outputBufferBytes}, received ${octets}`);
    }
    if (this.offset > 0 && octets <= this.#space) {
      this.#enlarge();
      return;
    }
    if (this.offset > 0) {
      this.#full.push(this.bytes);
      this.#fullLengths.push(this.offset);
      this.#fullBytes += this.offset;
      this.bytes = noBuffer;
      this.offset = 0;
      this.#flush();
    }
    this.bytes = acquireBuffer(octets);
  }

  /** A large buffer for a small one: what is written, and how it is cut, is the same whichever the pool had. */
  #enlarge(): void {
    const small = this.bytes;
    this.bytes = acquireBuffer(outputBufferBytes);
    copyBytes(small, 0, this.offset, this.bytes, 0);
    releaseBuffer(small);
  }

  #flush(): void {
    this.flushing = true;
    this.#host.flush();
    this.flushing = false;
  }
}
