// SPDX-License-Identifier: Apache-2.0
// Measured: a message with one short text costs 90 ns in place of 660, of which 400 are the move of its octets out of V8's
// heap, which a view on them causes. `fromBinary` is the oracle of the tests, and does what is left out here.

import { create, type DescField, type DescMessage, fromBinary, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { copyOf, MAX_PIECE_BYTES } from "@grpc-router/protocol";
import { plainMessageOf, scalarOf, tagOf, wireTypeOf } from "./field-shape.js";
import { SlabReader } from "./slab-reader.js";
import { UNUSUAL, UNUSUAL_PAUSE } from "./unusual.js";

type Fields = Record<string, unknown>;
/** Reads what is behind a tag into `message`, which is in `depth` others. */
type FieldReader = (message: Fields, depth: number) => void;
/** Reads a value; `held` is what the field holds already, with which a message merges. */
type ValueReader = (depth: number, held: unknown) => unknown;

/** Messages in messages that are read here; protobuf-es takes up to 100, and then refuses. */
const MAX_DEPTH = 50;
const decoders = new WeakMap<DescMessage, MessageDecoder>();
let reader = new SlabReader(new ArrayBuffer(0));
let otherReader = reader;

/**
 * As `fromBinary` of protobuf-es, of `bytes[start, end)`. What is no longer than a piece of a slab may lie between bytes of
 * others: no field is a view into it, because user code may keep, change and transfer what it gets. What is longer is an
 * array of its own, and its fields of bytes are views into that. Unknown fields, groups, and whatever is out of the order
 * that encoders keep is left to `fromBinary`.
 */
export function decodeMessage(desc: DescMessage, bytes: Uint8Array, start: number, end: number): Message {
  if (end - start > MAX_PIECE_BYTES) return fromBinary(desc, bytes.subarray(start, end));
  const decoder = decoders.get(desc) ?? new MessageDecoder(desc);
  if (!decoder.isPaused()) {
    try {
      if (reader.buffer !== bytes.buffer) turnTo(bytes.buffer);
      reader.pos = bytes.byteOffset + start;
      return decoder.read(reader.pos + end - start, 0, undefined) as Message;
    } catch {
      decoder.pause = UNUSUAL_PAUSE;
    }
  }
  return fromBinary(desc, copyOf(bytes, start, end));
}

/** Two arrays take turns: what was read from the socket, and the slab of messages that wait for a reader of a stream. */
function turnTo(buffer: ArrayBufferLike): void {
  const last = reader;
  reader = otherReader.buffer === buffer ? otherReader : new SlabReader(buffer);
  otherReader = last;
}

/** Reads messages of one type. */
class MessageDecoder {
  /** Messages to leave to `fromBinary` without a try. */
  pause = 0;
  readonly #desc: DescMessage;
  /** By the tags that their values may have. */
  readonly #fields = new Map<number, FieldReader>();

  constructor(desc: DescMessage) {
    this.#desc = desc;
    // First of all: its fields may be of its own type.
    decoders.set(desc, this);
    for (const field of desc.fields) this.#compile(field);
  }

  isPaused(): boolean {
    return this.pause > 0 && this.pause-- > 0;
  }

  /** Reads up to `end`, into `held` if there is such a message already. */
  read(end: number, depth: number, held: unknown): unknown {
    if (depth > MAX_DEPTH) throw UNUSUAL;
    const message = held ?? create(this.#desc);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const field = this.#fields.get(tagOf(number, wireType));
      if (field === undefined) throw UNUSUAL;
      // Made by `create`, here or before: every property is looked at as unknown.
      field(message as Fields, depth);
    }
    if (reader.pos !== end) throw UNUSUAL;
    return message;
  }

  #compile(field: DescField): void {
    const read = compileField(field);
    if (read === undefined) return;
    const isInside = field.message !== undefined || field.fieldKind === "map";
    const wireType = isInside ? WireType.LengthDelimited : wireTypeOf(scalarOf(field));
    this.#fields.set(tagOf(field.number, wireType), read);
    // Packed or not, whatever the schema says.
    if (field.fieldKind === "list" && wireType !== WireType.LengthDelimited) {
      this.#fields.set(tagOf(field.number, WireType.LengthDelimited), compilePacked(field));
    }
  }
}

/** Undefined: a field that counts as unknown, and so goes to `fromBinary`. */
function compileField(field: DescField): FieldReader | undefined {
  const name = field.localName;
  const read = compileValue(field);
  if (read === undefined) return undefined;
  if (field.fieldKind === "map") return compileMap(field, read);
  if (field.fieldKind === "list") {
    return (message, depth) => {
      (message[name] as unknown[]).push(read(depth, undefined));
    };
  }
  if (field.oneof === undefined) {
    return (message, depth) => {
      message[name] = read(depth, message[name]);
    };
  }
  const oneofName = field.oneof.localName;
  return (message, depth) => {
    const oneof = message[oneofName] as { readonly case: unknown; readonly value: unknown };
    message[oneofName] = { case: name, value: read(depth, oneof.case === name ? oneof.value : undefined) };
  };
}

function compilePacked(field: DescField): FieldReader {
  const name = field.localName;
  const read = compileScalar(field);
  return (message) => {
    const items = message[name] as unknown[];
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) items.push(read());
  };
}

/** Only entries as encoders write them: key, then value. */
function compileMap(field: DescField & { fieldKind: "map" }, read: ValueReader): FieldReader | undefined {
  if (field.mapKey !== ScalarType.STRING) return undefined;
  const name = field.localName;
  const keyTag = tagOf(1, WireType.LengthDelimited);
  const valueTag = tagOf(2, field.message === undefined ? wireTypeOf(scalarOf(field)) : WireType.LengthDelimited);
  return (message, depth) => {
    const end = reader.uint32() + reader.pos;
    if (reader.uint32() !== keyTag) throw UNUSUAL;
    const key = reader.string(field.utf8Validation);
    if (key === "__proto__" || reader.uint32() !== valueTag) throw UNUSUAL;
    (message[name] as Fields)[key] = read(depth, undefined);
    if (reader.pos !== end) throw UNUSUAL;
  };
}

function compileValue(field: DescField): ValueReader | undefined {
  if (field.message === undefined) return compileScalar(field);
  const desc = plainMessageOf(field);
  if (desc === undefined) return undefined;
  const decoder = decoders.get(desc) ?? new MessageDecoder(desc);
  return (depth, held) => {
    const size = reader.uint32();
    return decoder.read(reader.pos + size, depth + 1, held);
  };
}

function compileScalar(field: DescField): () => unknown {
  if (field.enum !== undefined && !field.enum.open) {
    const numbers = new Set(field.enum.values.map((value) => value.number));
    return () => {
      const value = reader.int32();
      // Unknown values of a closed enum are unknown fields.
      if (!numbers.has(value)) throw UNUSUAL;
      return value;
    };
  }
  const type = scalarOf(field);
  const read = scalarReaders[type];
  if (type === ScalarType.STRING) return () => reader.string(field.utf8Validation);
  return "longAsString" in field && field.longAsString ? () => String(read()) : read;
}

const scalarReaders: Readonly<Record<ScalarType, () => unknown>> = {
  [ScalarType.DOUBLE]: () => reader.double(),
  [ScalarType.FLOAT]: () => reader.float(),
  [ScalarType.INT64]: () => reader.int64(),
  [ScalarType.UINT64]: () => reader.uint64(),
  [ScalarType.INT32]: () => reader.int32(),
  [ScalarType.FIXED64]: () => reader.fixed64(),
  [ScalarType.FIXED32]: () => reader.fixed32(),
  [ScalarType.BOOL]: () => reader.bool(),
  [ScalarType.STRING]: () => reader.string(),
  [ScalarType.BYTES]: () => reader.ownBytes(),
  [ScalarType.UINT32]: () => reader.uint32(),
  [ScalarType.SFIXED32]: () => reader.sfixed32(),
  [ScalarType.SFIXED64]: () => reader.sfixed64(),
  [ScalarType.SINT32]: () => reader.sint32(),
  [ScalarType.SINT64]: () => reader.sint64(),
};
