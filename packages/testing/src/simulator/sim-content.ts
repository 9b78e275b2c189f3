// SPDX-License-Identifier: Apache-2.0
// What simulated messages hold: whose they are and how many came before, and bytes that anybody can check.
import { gunzipSync, gzipSync } from "node:zlib";

/** Metadata by which some user code says which call it runs: ahead of its replies, and behind. */
export const headerName = "x-head";
export const trailerName = "x-tail";

/** What a message says of itself. */
export interface SimContent {
  readonly call: number;
  /** Its place in its direction of the call, from 0. */
  readonly sequence: number;
  /** Which run of user code wrote it; 0: the caller. */
  readonly execution: number;
}

/** Bytes of a message without its filling. */
export const contentBytes = 12;

/** A message of `contentBytes` and at least `filling` bytes. */
export function writeContent({ call, sequence, execution }: SimContent, filling: number): Uint8Array {
  const bytes = new Uint8Array(contentBytes + filling);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, call);
  view.setUint32(4, sequence);
  view.setUint32(8, execution);
  bytes.fill(fillingOf(call, sequence), contentBytes);
  return bytes;
}

/** Reads a message; undefined if it is none, or if its filling is not what was written. */
export function readContent(bytes: Uint8Array): SimContent | undefined {
  if (bytes.length < contentBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content = { call: view.getUint32(0), sequence: view.getUint32(4), execution: view.getUint32(8) };
  const expected = fillingOf(content.call, content.sequence);
  for (let at = contentBytes; at < bytes.length; at++) if (bytes[at] !== expected) return undefined;
  return content;
}

/** `bytes` as the protobuf message that the methods take and give: a BytesValue. */
export function wrapContent(bytes: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const message = new Uint8Array(1 + length.length + bytes.length);
  message[0] = 0x0a;
  message.set(length, 1);
  message.set(bytes, 1 + length.length);
  return message;
}

/** A request with such bytes and the field that keys are in. */
export function wrapRequest(bytes: Uint8Array, shard: number): Uint8Array {
  const message = wrapContent(bytes);
  const request = new Uint8Array(message.length + 2);
  request.set(message, 0);
  request.set([0x10, shard], message.length);
  return request;
}

/** The bytes in such a message; undefined if it is not as `wrapContent` makes it. */
export function unwrapContent(message: Uint8Array): Uint8Array | undefined {
  if (message[0] !== 0x0a) return undefined;
  let at = 1;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = message[at++];
    if (byte === undefined || shift > 28) return undefined;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  return at + length === message.length ? message.subarray(at) : undefined;
}

/** `message` in gzip, small or a little longer than it was. */
export function compress(message: Uint8Array, how: "small" | "stored"): Uint8Array {
  return gzipSync(message, { level: how === "small" ? 1 : 0 });
}

/** Undoes gzip; undefined if the result would exceed `maxBytes`. */
export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a message of a call that compresses is compressed: not all are. */
export function isCompressed(sequence: number): boolean {
  return sequence % 3 !== 2;
}

function fillingOf(call: number, sequence: number): number {
  return (call * 31 + sequence * 7 + 1) & 255;
}
