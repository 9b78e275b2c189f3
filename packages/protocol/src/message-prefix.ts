// SPDX-License-Identifier: Apache-2.0

/** Octets before every gRPC message: one of flags, four of length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const MESSAGE_PREFIX_BYTES = 5;

/** The flags octet at `offset`: 0 plain, 1 compressed; gRPC defines no other. */
export function readMessageFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number;
}

/** The length in the prefix at `offset`, in [0, 2^32). The caller has checked that five octets are there. */
export function readMessageLength(bytes: Uint8Array, offset: number): number {
  const upper =
    ((bytes[offset + 1] as number) << 16) | ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number);
  return upper * 0x100 + (bytes[offset + 4] as number);
}

/** Writes a prefix for a message of `length` octets, and returns the offset behind it. */
export function writeMessagePrefix(target: Uint8Array, offset: number, compressed: boolean, length: number): number {
  target[offset] = compressed ? 1 : 0;
  target[offset + 1] = length >>> 24;
  target[offset + 2] = (length >>> 16) & 0xff;
  target[offset + 3] = (length >>> 8) & 0xff;
  target[offset + 4] = length & 0xff;
  return offset + MESSAGE_PREFIX_BYTES;
}
