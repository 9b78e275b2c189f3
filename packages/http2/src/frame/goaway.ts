// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";

/** Octets of a GOAWAY payload before the debug data (RFC 9113 section 6.8). */
export const goawayBytes = 8;
/** Characters of debug data we send, and of a peer's that we show. */
export const maxDebugChars = 200;
/** Octets of the largest GOAWAY frame we send. */
export const maxGoawayFrameBytes = frameHeaderBytes + goawayBytes + maxDebugChars;

/** Writes GOAWAY with `debug` as ASCII, cut to `maxDebugChars`; returns the offset behind it. */
export function writeGoaway(
  target: Uint8Array,
  offset: number,
  lastStreamId: number,
  code: number,
  debug: string,
): number {
  const length = Math.min(debug.length, maxDebugChars);
  let at = writeFrameHeader(target, offset, goawayBytes + length, FrameType.goaway, FrameFlag.none, 0);
  at = writeUint32(target, at, lastStreamId);
  at = writeUint32(target, at, code);
  for (let index = 0; index < length; index++) {
    const char = debug.charCodeAt(index);
    target[at + index] = isPrintable(char) ? char : questionMark;
  }
  return at + length;
}

/** A peer's debug data as text for a log: printable ASCII, all else as "?", cut to `maxDebugChars`. */
export function readDebugData(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end && at < start + maxDebugChars; at++) {
    const octet = bytes[at] as number;
    text += isPrintable(octet) ? String.fromCharCode(octet) : "?";
  }
  return text;
}

const questionMark = 0x3f;

function isPrintable(octet: number): boolean {
  return octet >= 0x20 && octet <= 0x7e;
}
