// SPDX-License-Identifier: Apache-2.0

import {
  copyBytes,
  sizeofLengthField,
  sizeofVarint,
  writeLengthTag,
  writeText,
  writeVarint,
  writeVarintField,
} from "@grpc-router/protocol";
import { SHARED_SPAN_FIELDS } from "../limits.js";

/** `SpanKind` of opentelemetry/proto/trace/v1/trace.proto. */
export const SpanKind = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

/** A name and its value; numbers are integers from 0. */
export type SpanAttribute = readonly [name: string, value: string | number | boolean];

/** Octets of one beside its texts at most: tags, lengths, a number. */
const attributeBytes = 32;
/** UTF-16 units take so many octets of UTF-8 at most. */
const octetsPerUnit = 3;

const encoder = new TextEncoder();

/** What `SpanFields` are made of; what is undefined is in none of them. */
export interface SpanFieldsParts {
  readonly name?: string | undefined;
  readonly kind?: SpanKind | undefined;
  readonly attributes: readonly SpanAttribute[];
}

/** Fields of a Span as they are written, encoded once: many spans have the same. */
export class SpanFields {
  readonly parts: SpanFieldsParts;
  readonly bytes: Uint8Array;

  constructor(parts: SpanFieldsParts) {
    const { name = "", kind, attributes } = parts;
    const encoded = encodeAttributes(9, attributes);
    const bytes = new Uint8Array(attributeBytes + name.length * octetsPerUnit + encoded.length);
    let at = name === "" ? 0 : writeString(bytes, 0, 5, name);
    if (kind !== undefined) at = writeVarintField(bytes, at, 6, kind);
    at = copyBytes(encoded, 0, encoded.length, bytes, at);
    this.parts = parts;
    this.bytes = bytes.slice(0, at);
  }
}

interface KeptFields {
  readonly detail: SpanFieldsDetail;
  readonly fields: SpanFields;
}

type SpanFieldsDetail = string | number | undefined;

/**
 * Fields by what they are of, kept as long as there is room for them: names come from peers. Those of a key have one detail
 * nearly always, as instances have one address.
 */
export class SharedFields<Key extends string | number, Detail extends SpanFieldsDetail = undefined> {
  readonly #kept = new Map<Key, KeptFields>();
  readonly #make: (key: Key, detail: Detail) => SpanFieldsParts;

  constructor(make: (key: Key, detail: Detail) => SpanFieldsParts) {
    this.#make = make;
  }

  of(this: SharedFields<Key>, key: Key): SpanFields;
  of(key: Key, detail: Detail): SpanFields;
  of(key: Key, detail?: Detail): SpanFields {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.detail === detail) return kept.fields;
    if (this.#kept.size >= SHARED_SPAN_FIELDS) this.#kept.clear();
    const fields = new SpanFields(this.#make(key, detail as Detail));
    this.#kept.set(key, { detail, fields });
    return fields;
  }
}

/** `repeated KeyValue`, as field `number`, below 16. */
export function encodeAttributes(number: number, list: readonly SpanAttribute[]): Uint8Array {
  let bound = 0;
  for (const [name, value] of list) bound += attributeBytes + (name.length + `${value}`.length) * octetsPerUnit;
  const bytes = new Uint8Array(bound);
  let at = 0;
  for (const [name, value] of list) {
    const size = sizeofValue(value);
    at = writeLengthTag(bytes, at, number, sizeofString(name) + sizeofLengthField(size));
    at = writeValue(bytes, writeLengthTag(bytes, writeString(bytes, at, 1, name), 2, size), value);
  }
  return bytes.slice(0, at);
}

/** Octets of a `string` field below 16. */
export function sizeofString(text: string): number {
  return sizeofLengthField(Buffer.byteLength(text));
}

/** Writes a `string` field, and returns the offset behind it. */
export function writeString(bytes: Uint8Array, offset: number, number: number, text: string): number {
  const size = Buffer.byteLength(text);
  const at = writeLengthTag(bytes, offset, number, size);
  if (size !== text.length) encoder.encodeInto(text, bytes.subarray(at));
  else writeText(bytes, at, text);
  return at + size;
}

/** Of an `AnyValue`: one of `string_value`, `bool_value`, `int_value`, which is there even where it is the default. */
function sizeofValue(value: SpanAttribute[1]): number {
  if (typeof value === "string") return sizeofString(value);
  return 1 + (typeof value === "number" ? sizeofVarint(value) : 1);
}

function writeValue(bytes: Uint8Array, offset: number, value: SpanAttribute[1]): number {
  if (typeof value === "string") return writeString(bytes, offset, 1, value);
  bytes[offset] = (typeof value === "number" ? 3 : 2) << 3;
  return writeVarint(bytes, offset + 1, Number(value));
}
