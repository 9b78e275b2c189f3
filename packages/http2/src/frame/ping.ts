// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, writeFrameHeader } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";

/** Octets of opaque data in PING (RFC 9113 section 6.7). */
export const pingBytes = 8;
/** Octets of the whole frame. */
export const pingFrameBytes = frameHeaderBytes + pingBytes;

/** Writes PING with the eight octets `opaque[start …]`; returns the offset behind it. */
export function writePing(target: Uint8Array, offset: number, opaque: Uint8Array, start: number, ack: boolean): number {
  const at = writeFrameHeader(target, offset, pingBytes, FrameType.ping, ack ? FrameFlag.ack : FrameFlag.none, 0);
  for (let index = 0; index < pingBytes; index++) target[at + index] = opaque[start + index] as number;
  return at + pingBytes;
}

/** True if `bytes[start …]` are the same eight octets as `opaque`. */
export function isSamePing(bytes: Uint8Array, start: number, opaque: Uint8Array): boolean {
  for (let index = 0; index < pingBytes; index++) {
    if (bytes[start + index] !== opaque[index]) return false;
  }
  return true;
}
