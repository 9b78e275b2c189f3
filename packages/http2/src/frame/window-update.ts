// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";

/** Octets of a WINDOW_UPDATE payload (RFC 9113 section 6.9). */
export const windowUpdateBytes = 4;
/** Octets of the whole frame. */
export const windowUpdateFrameBytes = frameHeaderBytes + windowUpdateBytes;

/** Writes WINDOW_UPDATE for a stream, or for the connection (0); returns the offset behind it. */
export function writeWindowUpdate(target: Uint8Array, offset: number, streamId: number, increment: number): number {
  const at = writeFrameHeader(target, offset, windowUpdateBytes, FrameType.windowUpdate, FrameFlag.none, streamId);
  return writeUint32(target, at, increment);
}
