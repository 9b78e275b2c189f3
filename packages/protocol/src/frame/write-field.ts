// SPDX-License-Identifier: Apache-2.0

import { copyBytes } from "./copy-bytes.js";
import { sizeofVarint, writeVarint } from "./varint.js";

// All of these are for fields whose tag is one octet: numbers 1 to 15. Defaults are omitted, as proto3 does.

/** Octets of a varint field; 0 for the default. */
export function sizeofVarintField(value: number): number {
  return value === 0 ? 0 : 1 + sizeofVarint(value);
}

/** Writes a varint field, nothing for the default, and returns the offset behind it. */
export function writeVarintField(target: Uint8Array, offset: number, number: number, value: number): number {
  if (value === 0) return offset;
  target[offset] = number << 3;
  return writeVarint(target, offset + 1, value);
}

/** Octets of a length-delimited field with `size` octets in it, even if that is none. */
export function sizeofLengthField(size: number): number {
  return 1 + sizeofVarint(size) + size;
}

/** Writes tag and length of a length-delimited field, and returns the offset where its `size` octets go. */
export function writeLengthTag(target: Uint8Array, offset: number, number: number, size: number): number {
  target[offset] = (number << 3) | 2;
  return writeVarint(target, offset + 1, size);
}

/** Writes `source[start, end)` as a length-delimited field, even if empty, and returns the offset behind it. */
export function writeLengthField(
  target: Uint8Array,
  offset: number,
  number: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  return copyBytes(source, start, end, target, writeLengthTag(target, offset, number, end - start));
}
