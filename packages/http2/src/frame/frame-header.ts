// SPDX-License-Identifier: Apache-2.0

/** Octets of the header of every frame (RFC 9113 section 4.1). */
export const frameHeaderBytes = 9;
/** Largest payload we accept and send: SETTINGS_MAX_FRAME_SIZE stays at its smallest and default value (section 6.5.2). */
export const maxFrameBytes = 16_384;
/** Largest stream identifier, flow-control window and increment. */
export const maxUint31 = 0x7fff_ffff;

/** Writes a frame header; returns the offset of the payload. */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  target[offset] = length >>> 16;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length;
  target[offset + 3] = type;
  target[offset + 4] = flags;
  return writeUint32(target, offset + 5, streamId);
}

/** Replaces the length in a frame header written before. */
export function patchFrameLength(target: Uint8Array, offset: number, length: number): void {
  target[offset] = length >>> 16;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length;
}

/** Writes four octets in network order; returns the offset behind them. */
export function writeUint32(target: Uint8Array, offset: number, value: number): number {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
  return offset + 4;
}

// The `as number` below: an index inside `bytes`, which every caller has compared with the frame's length.

/** Three octets in network order. */
export function readUint24(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 16) | ((bytes[offset + 1] as number) << 8) | (bytes[offset + 2] as number);
}

/** Four octets in network order without the top bit, which is reserved in identifiers and increments. */
export function readUint31(bytes: Uint8Array, offset: number): number {
  return (((bytes[offset] as number) & 0x7f) << 24) | readUint24(bytes, offset + 1);
}

/** Four octets in network order, unsigned. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (((bytes[offset] as number) << 24) | readUint24(bytes, offset + 1)) >>> 0;
}
