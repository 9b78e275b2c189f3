// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import { FieldName } from "./field-name.js";
import { findFieldName } from "./field-name-lookup.js";
import { sizeofInteger, writeInteger } from "./integer.js";

/** Literal without indexing, new name (RFC 7541 section 6.2.2). */
const withoutIndexing = 0x00;
/** Literal never indexed, new name (RFC 7541 section 6.2.3). */
const neverIndexed = 0x10;
const stringLengthMask = 0x7f;

/** Octets of a literal field with a name and a value of these lengths. */
export function sizeofLiteralField(nameLength: number, valueLength: number): number {
  return 1 + sizeofString(nameLength) + sizeofString(valueLength);
}

/**
 * Writes `name: value` as a literal without indexing and without Huffman code; returns the offset behind it. It depends
 * on no table, so it may be written long before its block is sent. Fields that no cache may hold (authorization,
 * cookies) say so. The name must be lower case; nothing is checked.
 */
export function writeLiteralField(target: Uint8Array, offset: number, name: Uint8Array, value: Uint8Array): number {
  return writeLiteralValue(target, writeLiteralName(target, offset, name, 0, name.length), value, 0, value.length);
}

/** First half of `writeLiteralField`, with the name `bytes[start, end)`; `writeLiteralValue` must follow. */
export function writeLiteralName(
  target: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  target[offset] = isSecretName(findFieldName(bytes, start, end)) ? neverIndexed : withoutIndexing;
  return writeLiteralValue(target, offset + 1, bytes, start, end);
}

/** Second half of `writeLiteralField`, with the value `bytes[start, end)`. */
export function writeLiteralValue(
  target: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const to = writeInteger(target, offset, end - start, stringLengthMask, 0);
  return copyBytes(bytes, start, end, target, to);
}

/** Fields that no table and no cache may hold, at either end (RFC 7541 section 7.1.3). */
export function isSecretName(nameId: number): boolean {
  return nameId >= FieldName.authorization && nameId <= FieldName.setCookie;
}

function sizeofString(length: number): number {
  return sizeofInteger(length, stringLengthMask) + length;
}
