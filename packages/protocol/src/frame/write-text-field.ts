// SPDX-License-Identifier: Apache-2.0

import { writeText } from "./text.js";
import { sizeofLengthField, writeLengthTag } from "./write-field.js";
import { sizeofMetadataEntry } from "./write-metadata-entry.js";

/** Names and values in order; repeated names are allowed. */
export type MetadataList = readonly (readonly [name: string, value: string])[];

/** Octets of a text field; 0 for an empty text. */
export function sizeofTextField(text: string): number {
  return text.length === 0 ? 0 : sizeofLengthField(text.length);
}

/** Writes a text field one octet a character, nothing for an empty text, and returns the offset behind it. */
export function writeTextField(target: Uint8Array, offset: number, number: number, text: string): number {
  if (text.length === 0) return offset;
  return writeText(target, writeLengthTag(target, offset, number, text.length), text);
}

/** Octets of a metadata list. */
export function sizeofMetadataList(list: MetadataList): number {
  let size = 0;
  for (const entry of list) size += sizeofMetadataEntry(entry[0].length, entry[1].length);
  return size;
}

/** Writes a metadata list as field `number`, and returns the offset behind it. */
export function writeMetadataList(target: Uint8Array, offset: number, number: number, list: MetadataList): number {
  let at = offset;
  for (const entry of list) {
    const name = entry[0];
    const value = entry[1];
    at = writeLengthTag(target, at, number, sizeofTextField(name) + sizeofTextField(value));
    at = writeTextField(target, writeTextField(target, at, 1, name), 2, value);
  }
  return at;
}
