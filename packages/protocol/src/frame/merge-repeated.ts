// SPDX-License-Identifier: Apache-2.0

import { copyBytes } from "./copy-bytes.js";
import { FieldCursor, WireType } from "./field-cursor.js";
import { writeVarint } from "./varint.js";

/** A message in which no submessage is repeated. */
export interface MergedMessage {
  readonly bytes: Uint8Array;
  readonly end: number;
}

/**
 * Rewrites the well-formed message `bytes[start, end)` so that each of the submessages `numbers` occurs once at most.
 * Protobuf merges repeated occurrences of a singular submessage, which is what decoding their concatenation does,
 * provided that each of them is a message by itself: undefined if one is not.
 *
 * The result begins at `start` of a buffer of its own and is never longer than the original: should a caller use its
 * offsets on the wrong buffer, it still sees only bytes of the same message. No known encoder writes such a message, so
 * nothing here is made to be fast.
 */
export function mergeRepeated(
  bytes: Uint8Array,
  start: number,
  end: number,
  numbers: readonly number[],
): MergedMessage | undefined {
  const merged = new Uint8Array(end);
  let offset = copyOthers(bytes, start, end, numbers, merged);
  for (const number of numbers) {
    const parts = partsOf(bytes, start, end, number);
    if (!parts.every(isWellFormed)) return undefined;
    if (parts.length === 0) continue;
    offset = writeVarint(merged, offset, number * 8 + WireType.length);
    offset = writeVarint(
      merged,
      offset,
      parts.reduce((size, part) => size + part.length, 0),
    );
    for (const part of parts) offset = copyBytes(part, 0, part.length, merged, offset);
  }
  return { bytes: merged, end: offset };
}

function copyOthers(
  bytes: Uint8Array,
  start: number,
  end: number,
  numbers: readonly number[],
  target: Uint8Array,
): number {
  const cursor = new FieldCursor();
  cursor.reset(bytes, start, end);
  let offset = start;
  for (let fieldStart = start, number = cursor.next(); number > 0; number = cursor.next()) {
    if (!numbers.includes(number)) offset = copyBytes(bytes, fieldStart, cursor.offset, target, offset);
    fieldStart = cursor.offset;
  }
  return offset;
}

function partsOf(bytes: Uint8Array, start: number, end: number, wanted: number): Uint8Array[] {
  const cursor = new FieldCursor();
  cursor.reset(bytes, start, end);
  const parts: Uint8Array[] = [];
  for (let number = cursor.next(); number > 0; number = cursor.next()) {
    if (number === wanted) parts.push(bytes.subarray(cursor.valueStart, cursor.valueEnd));
  }
  return parts;
}

/** Whether the octets are whole fields: two parts that are cut off could make one field together. */
function isWellFormed(part: Uint8Array): boolean {
  const cursor = new FieldCursor();
  cursor.reset(part, 0, part.length);
  let number = cursor.next();
  while (number > 0) number = cursor.next();
  return number === 0;
}
