// SPDX-License-Identifier: Apache-2.0
import { readUint32 } from "../frame/frame-header.js";
import { maxTracedMessages, maxTracedStreams } from "../limits.js";

/** Octets before each gRPC message: a flag and the length. */
const prefixBytes = 5;

interface Body {
  readonly prefix: Uint8Array;
  /** Octets of `prefix` that are there. */
  known: number;
  /** Octets of the message at hand that are still to come. */
  left: number;
}

/** Finds the beginnings of gRPC messages in the DATA frames of one direction. */
export class MessageTrace {
  readonly #bodies = new Map<number, Body>();

  /** The DATA of this stream will be gRPC messages. The streams begun last are kept. */
  begin(streamId: number): void {
    this.#bodies.set(streamId, { prefix: new Uint8Array(prefixBytes), known: 0, left: 0 });
    if (this.#bodies.size <= maxTracedStreams) return;
    for (const oldest of this.#bodies.keys()) {
      this.#bodies.delete(oldest);
      return;
    }
  }

  end(streamId: number): void {
    this.#bodies.delete(streamId);
  }

  /** The messages whose prefix is whole within `bytes[start, end)`, such as `message=7`; the first few, and how many more. */
  find(streamId: number, bytes: Uint8Array, start: number, end: number): string[] {
    const body = this.#bodies.get(streamId);
    const found: string[] = [];
    if (body === undefined) return found;
    let count = 0;
    for (let at = start; at < end; ) {
      const skipped = Math.min(body.left, end - at);
      body.left -= skipped;
      at += skipped;
      if (at === end) break;
      body.prefix[body.known++] = bytes[at++] ?? 0;
      if (body.known < prefixBytes) continue;
      body.known = 0;
      body.left = readUint32(body.prefix, 1);
      if (++count <= maxTracedMessages) found.push(describeMessage(body.prefix[0] ?? 0, body.left));
    }
    if (count > maxTracedMessages) found.push(`(${count - maxTracedMessages} more messages)`);
    return found;
  }
}

function describeMessage(flag: number, length: number): string {
  if (flag === 0) return `message=${length}`;
  return flag === 1 ? `message=${length}(compressed)` : `message=${length}(flag ${flag})`;
}
