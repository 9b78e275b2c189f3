// SPDX-License-Identifier: Apache-2.0

/** Stands for every uint64 that a double cannot hold exactly; no call id, mark or duration is ever that large. */
export const UNSAFE_UINT64: number = Number.MAX_SAFE_INTEGER + 1;

/** Octets of the shortest varint of `value`, an integer in [0, 2^53]. */
export function sizeofVarint(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value < 0x10000000) return 4;
  if (value < 0x800000000) return 5;
  if (value < 0x40000000000) return 6;
  return value < 0x2000000000000 ? 7 : 8;
}

/** Writes the shortest varint of `value`, an integer in [0, 2^53], and returns the offset behind it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  // Above 31 bits the bit operators would cut the number; a call gets there after two thousand million others.
  while (rest > 0x7fffffff) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}
