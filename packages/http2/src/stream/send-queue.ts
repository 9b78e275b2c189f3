// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import type { StreamRecord } from "./stream-record.js";

/** Octets of a chunk for a little and for a lot of data: a stalled stream with one small message must not pin 16 KiB. */
const smallChunkBytes = 1_024;
const largeChunkBytes = 16_384;
/** Free chunks kept per size, shared by all connections: 64 KiB and 1 MiB. */
const maxFreeChunks = 64;

/** A piece of a stream's queue: `bytes[start, end)` waits. */
export class QueueChunk {
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  next: QueueChunk | undefined = undefined;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }
}

const freeSmall: QueueChunk[] = [];
const freeLarge: QueueChunk[] = [];

/** Copies `bytes[start, end)` behind what waits on the stream. */
export function appendToQueue<Data>(stream: StreamRecord<Data>, bytes: Uint8Array, start: number, end: number): void {
  stream.queuedBytes += end - start;
  let at = start;
  while (at < end) {
    let chunk = stream.queueLast;
    if (chunk === undefined || chunk.end === chunk.bytes.length) {
      chunk = acquireChunk(chunk === undefined && end - at <= smallChunkBytes);
      if (stream.queueLast === undefined) stream.queueFirst = chunk;
      else stream.queueLast.next = chunk;
      stream.queueLast = chunk;
    }
    const until = Math.min(end, at + chunk.bytes.length - chunk.end);
    chunk.end = copyBytes(bytes, at, until, chunk.bytes, chunk.end);
    at = until;
  }
}

/** The first `octets` of the first chunk went out. */
export function advanceQueue<Data>(stream: StreamRecord<Data>, chunk: QueueChunk, octets: number): void {
  chunk.start += octets;
  stream.queuedBytes -= octets;
  if (chunk.start < chunk.end) return;
  stream.queueFirst = chunk.next;
  if (chunk.next === undefined) stream.queueLast = undefined;
  releaseChunk(chunk);
}

/** Drops all that waits on the stream. */
export function clearQueue<Data>(stream: StreamRecord<Data>): void {
  let chunk = stream.queueFirst;
  while (chunk !== undefined) {
    const next = chunk.next;
    releaseChunk(chunk);
    chunk = next;
  }
  stream.queueFirst = undefined;
  stream.queueLast = undefined;
  stream.queuedBytes = 0;
}

function acquireChunk(small: boolean): QueueChunk {
  const chunk = (small ? freeSmall : freeLarge).pop() ?? new QueueChunk(small ? smallChunkBytes : largeChunkBytes);
  chunk.start = 0;
  chunk.end = 0;
  return chunk;
}

function releaseChunk(chunk: QueueChunk): void {
  chunk.next = undefined;
  const free = chunk.bytes.length === smallChunkBytes ? freeSmall : freeLarge;
  if (free.length < maxFreeChunks) free.push(chunk);
}
