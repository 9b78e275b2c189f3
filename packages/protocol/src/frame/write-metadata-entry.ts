// SPDX-License-Identifier: Apache-2.0

import { sizeofLengthField, writeLengthField, writeLengthTag } from "./write-field.js";

/** Name and value of a field as offsets; the field view of an HTTP/2 decoder has this shape. */
export interface FieldBytes {
  readonly nameBytes: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Octets of a MetadataEntry as a field of a CallStart, a Header or an End. */
export function sizeofMetadataEntry(nameSize: number, valueSize: number): number {
  return sizeofLengthField(sizeofEntry(nameSize, valueSize));
}

/** Writes a MetadataEntry as field `fieldNumber` (3 in a CallStart, 1 in a Header, 4 in an End), and returns the offset behind it. */
export function writeMetadataEntry(target: Uint8Array, offset: number, fieldNumber: number, field: FieldBytes): number {
  const nameSize = field.nameEnd - field.nameStart;
  const valueSize = field.valueEnd - field.valueStart;
  let at = writeLengthTag(target, offset, fieldNumber, sizeofEntry(nameSize, valueSize));
  if (nameSize > 0) at = writeLengthField(target, at, 1, field.nameBytes, field.nameStart, field.nameEnd);
  if (valueSize > 0) at = writeLengthField(target, at, 2, field.valueBytes, field.valueStart, field.valueEnd);
  return at;
}

function sizeofEntry(nameSize: number, valueSize: number): number {
  return (nameSize === 0 ? 0 : sizeofLengthField(nameSize)) + (valueSize === 0 ? 0 : sizeofLengthField(valueSize));
}
