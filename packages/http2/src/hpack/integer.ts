// SPDX-License-Identifier: Apache-2.0
import { maxIntegerOctets } from "../limits.js";

/** A place in a block; reading moves it. */
export interface BlockCursor {
  at: number;
}

/**
 * Reads the integer at `cursor.at` (RFC 7541 section 5.1); `mask` has the bits of its prefix. Returns -1, without
 * moving, if it does not end before `end` or within `maxIntegerOctets`: so never more than 2^28 + 254.
 */
export function readInteger(cursor: BlockCursor, bytes: Uint8Array, end: number, mask: number): number {
  let at = cursor.at;
  if (at >= end) {
    return -1;
  }
  let value = (bytes[at++] ?? 0) & mask;
  if (value === mask) {
    const last = Math.min(end, at + maxIntegerOctets - 1);
    let octet = 0x80;
    for (let shift = 0; octet >= 0x80; shift += 7) {
      if (at >= last) {
        return -1;
      }
      octet = bytes[at++] ?? 0;
      value += (octet & 0x7f) << shift;
    }
  }
  cursor.at = at;
  return value;
}

/** Octets of `value` behind a prefix with the bits of `mask`. */
export function sizeofInteger(value: number, mask: number): number {
  if (value < mask) {
    return 1;
  }
  let size = 2;
  for (let rest = value - mask; rest >= 0x80; rest >>>= 7) {
    size++;
  }
  return size;
}

/** Writes `value` behind the upper bits `pattern` of the first octet; `mask` has the bits below. Returns the offset behind it. */
export function writeInteger(target: Uint8Array, offset: number, value: number, mask: number, pattern: number): number {
  let to = offset;
  if (value < mask) {
    target[to++] = pattern | value;
    return to;
  }
  target[to++] = pattern | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) {
    target[to++] = (rest & 0x7f) | 0x80;
  }
  target[to++] = rest;
  return to;
}
