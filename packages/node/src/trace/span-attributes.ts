// SPDX-License-Identifier: Apache-2.0

import { sizeofLengthField, sizeofVarint, writeLengthTag, writeText, writeVarint } from "@grpc-router/protocol";
import { SHARED_SPAN_ATTRIBUTES } from "../limits.js";

/** A name and its value; numbers are integers from 0. */
export type SpanAttribute = readonly [name: string, value: string | number | boolean];

/** Octets of one beside its texts at most: tags, lengths, a number. */
const attributeBytes = 32;
/** UTF-16 units take so many octets of UTF-8 at most. */
const octetsPerUnit = 3;

/** Attributes in the form in which spans have them, encoded once: many spans have the same. */
export class SpanAttributes {
  readonly list: readonly SpanAttribute[];
  /** `repeated KeyValue attributes = 9` of a Span. */
  readonly bytes: Uint8Array;

  constructor(list: readonly SpanAttribute[]) {
    this.list = list;
    this.bytes = encodeAttributes(9, list);
  }
}

/** Attributes by what they are of, kept as long as there is room for them: names come from peers. */
export class SharedAttributes {
  readonly #kept = new Map<string, SpanAttributes>();
  readonly #make: (key: string) => readonly SpanAttribute[];

  constructor(make: (key: string) => readonly SpanAttribute[]) {
    this.#make = make;
  }

  of(key: string): SpanAttributes {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    if (this.#kept.size >= SHARED_SPAN_ATTRIBUTES) this.#kept.clear();
    const made = new SpanAttributes(this.#make(key));
    this.#kept.set(key, made);
    return made;
  }
}

/** `repeated KeyValue`, as field `number`, below 16. */
export function encodeAttributes(number: number, list: readonly SpanAttribute[]): Uint8Array {
  let bound = 0;
  for (const [name, value] of list) bound += attributeBytes + (name.length + `${value}`.length) * octetsPerUnit;
  const bytes = Buffer.allocUnsafe(bound);
  let at = 0;
  for (const [name, value] of list) {
    const size = sizeofValue(value);
    at = writeLengthTag(bytes, at, number, sizeofString(name) + sizeofLengthField(size));
    at = writeValue(bytes, writeLengthTag(bytes, writeString(bytes, at, 1, name), 2, size), value);
  }
  return Uint8Array.prototype.slice.call(bytes, 0, at);
}

/** Octets of a `string` field below 16. */
export function sizeofString(text: string): number {
  return sizeofLengthField(Buffer.byteLength(text));
}

/** Writes a `string` field, and returns the offset behind it. */
export function writeString(bytes: Buffer, offset: number, number: number, text: string): number {
  const size = Buffer.byteLength(text);
  const at = writeLengthTag(bytes, offset, number, size);
  return size === text.length ? writeText(bytes, at, text) : at + bytes.write(text, at);
}

/** Of an `AnyValue`: one of `string_value`, `bool_value`, `int_value`, which is there even where it is the default. */
function sizeofValue(value: SpanAttribute[1]): number {
  if (typeof value === "string") return sizeofString(value);
  return 1 + (typeof value === "number" ? sizeofVarint(value) : 1);
}

function writeValue(bytes: Buffer, offset: number, value: SpanAttribute[1]): number {
  if (typeof value === "string") return writeString(bytes, offset, 1, value);
  bytes[offset] = (typeof value === "number" ? 3 : 2) << 3;
  return writeVarint(bytes, offset + 1, Number(value));
}
