// SPDX-License-Identifier: Apache-2.0
import { frameHeaderBytes, writeFrameHeader, writeUint32 } from "./frame-header.js";
import { FrameFlag, FrameType } from "./frame-type.js";

/** Octets of an RST_STREAM payload (RFC 9113 section 6.4). */
export const rstStreamBytes = 4;
/** Octets of the whole frame. */
export const rstStreamFrameBytes = frameHeaderBytes + rstStreamBytes;

/** Writes RST_STREAM; returns the offset behind it. */
export function writeRstStream(target: Uint8Array, offset: number, streamId: number, code: number): number {
  const at = writeFrameHeader(target, offset, rstStreamBytes, FrameType.rstStream, FrameFlag.none, streamId);
  return writeUint32(target, at, code);
}
