// SPDX-License-Identifier: Apache-2.0

import { sizeofVarint } from "./varint.js";
import { sizeofVarintField, writeLengthTag, writeVarintField } from "./write-field.js";

/** Octets of a Fragment before its data; the whole Fragment has `dataSize` more. */
export function sizeofFragmentPrefix(remaining: number, compressed: boolean, dataSize: number): number {
  const flag = compressed ? 2 : 0;
  return sizeofVarintField(remaining) + flag + (dataSize === 0 ? 0 : 1 + sizeofVarint(dataSize));
}

/** Writes a Fragment up to its data, and returns the offset where the `dataSize` octets of data go. */
export function writeFragmentPrefix(
  target: Uint8Array,
  offset: number,
  remaining: number,
  compressed: boolean,
  dataSize: number,
): number {
  let at = writeVarintField(target, offset, 1, remaining);
  if (compressed) {
    target[at++] = 2 << 3;
    target[at++] = 1;
  }
  return dataSize === 0 ? at : writeLengthTag(target, at, 3, dataSize);
}
