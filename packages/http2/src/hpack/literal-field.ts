// SPDX-License-Identifier: Apache-2.0

/** Octets of a literal field with a name and a value of these lengths. */
export function sizeofLiteralField(nameLength: number, valueLength: number): number {
  return nameLength + valueLength + 3 /* to come: exact */;
}

/** Writes `name: value` as a literal without indexing and without Huffman code; returns the offset behind it. */
export function writeLiteralField(target: Uint8Array, offset: number, name: Uint8Array, value: Uint8Array): number {
  return writeLiteralValue(target, writeLiteralName(target, offset, name, 0, name.length), value, 0, value.length);
}

/** First half of `writeLiteralField`, with the name `bytes[start, end)`; `writeLiteralValue` must follow. */
export function writeLiteralName(
  _target: Uint8Array,
  _offset: number,
  _bytes: Uint8Array,
  _start: number,
  _end: number,
): number {
  throw new Error("to come");
}

/** Second half of `writeLiteralField`, with the value `bytes[start, end)`. */
export function writeLiteralValue(
  _target: Uint8Array,
  _offset: number,
  _bytes: Uint8Array,
  _start: number,
  _end: number,
): number {
  throw new Error("to come");
}
