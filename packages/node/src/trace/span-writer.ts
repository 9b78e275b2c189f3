// SPDX-License-Identifier: Apache-2.0

import { copyBytes, sizeofVarint, sizeofVarintField, writeLengthTag, writeVarintField } from "@grpc-router/protocol";
import { encodeAttributes, type SpanFields, sizeofString, writeString } from "./span-fields.js";

/** A span that has ended. */
export interface FinishedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits, as the parent's. */
  readonly spanId: string;
  /** Empty: the trace begins here. */
  readonly parentId: string;
  /** The parent is in another process. */
  readonly isRemote: boolean;
  /** W3C `tracestate`; empty: none. */
  readonly traceState: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** Name, kind and attributes. */
  readonly fields: readonly SpanFields[];
  /** Why it failed; empty: it did not. */
  readonly error: string;
}

/**
 * A span that has ended, with the bare facts. All else is made of them when many are written together: in the middle of
 * calls the same code is out of the processor's caches and takes three times as long.
 */
export interface EndedSpan {
  toSpan(): FinishedSpan;
}

/** What the spans of one sender have in common. */
export interface SpanSource {
  readonly resource: Readonly<Record<string, unknown>>;
  /** Instrumentation scope: the library that makes the spans. */
  readonly scope: { readonly name: string; readonly version: string };
}

/** What a span takes beside texts and attributes: ids, times, tags and lengths. */
const fixedBytes = 160;
/** UTF-16 units take so many octets of UTF-8 at most. */
const octetsPerUnit = 3;
const firstBytes = 64 * 1024;
/** The tag of a field below 16, and a length, at most. */
const tagBytes = 9;

/** Flags of a span: sampled, and that the next flag is known; then that the parent is in another process. */
const sampledFlags = 0x101;
const remoteFlag = 0x200;

const statusError = 2;

/** Where spans are written. */
interface Memory {
  /** A plain array, as calls have them: code that writes both would be compiled for both, and calls are slower with it. */
  readonly bytes: Uint8Array;
  /** The same octets, for ids. */
  readonly ids: Buffer;
}

/**
 * Spans as OTLP has them (opentelemetry/proto/trace/v1/trace.proto), written into the bytes that are sent: fields that many
 * have alike come encoded, and no object is walked twice.
 */
export class SpanWriter {
  /** What a ResourceSpans and a ScopeSpans begin with. */
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  /** Room in front of the spans for what a request begins with, which is known last. */
  readonly #room: number;
  #memory: Memory;
  #size: number;
  /** Spans of the request to come. */
  count = 0;

  constructor({ resource, scope }: SpanSource) {
    const attributes = encodeAttributes(
      1,
      Object.entries(resource).map(([name, value]) => [name, `${value}`]),
    );
    const bytes = new Uint8Array(fixedBytes + (scope.name.length + scope.version.length) * octetsPerUnit);
    const end = writeString(bytes, writeString(bytes, 0, 1, scope.name), 2, scope.version);
    this.#resource = lengthField(1, attributes);
    this.#scope = lengthField(1, bytes.subarray(0, end));
    this.#room = this.#resource.length + this.#scope.length + 2 * tagBytes;
    this.#memory = allocate(firstBytes + this.#room);
    this.#size = this.#room;
  }

  /** Writes them behind those that are there. */
  write(spans: readonly EndedSpan[]): void {
    for (const span of spans) this.#add(span.toSpan());
    this.count += spans.length;
  }

  /** The ExportTraceServiceRequest of what is there; the next one begins. */
  takeRequest(): Uint8Array {
    const [{ bytes }, size, room] = [this.#memory, this.#size, this.#room];
    const scopeSize = this.#scope.length + size - room;
    const scopeTag = lengthTag(2, scopeSize);
    const resourceTag = lengthTag(1, this.#resource.length + scopeTag.length + scopeSize);
    const head = Buffer.concat([resourceTag, this.#resource, scopeTag, this.#scope]);
    bytes.set(head, room - head.length);
    // As much again as was needed, and a little more.
    this.#memory = allocate(Math.max(firstBytes, Math.ceil(size * 1.25)) + room);
    this.#size = room;
    this.count = 0;
    return bytes.subarray(room - head.length, size);
  }

  #add(span: FinishedSpan): void {
    const { traceState, fields, error } = span;
    let bound = fixedBytes + (traceState.length + error.length) * octetsPerUnit;
    for (const { bytes } of fields) bound += bytes.length;
    this.#reserve(bound);
    const { bytes } = this.#memory;
    const start = this.#size;
    // Its length stands before it and is known behind it; most take two octets.
    const from = start + 1 + 2;
    const size = writeSpan(this.#memory, from, span) - from;
    const at = start + 1 + sizeofVarint(size);
    if (at !== from) bytes.copyWithin(at, from, from + size);
    this.#size = writeLengthTag(bytes, start, 2, size) + size;
  }

  #reserve(count: number): void {
    const wanted = this.#size + count;
    const { bytes } = this.#memory;
    if (wanted <= bytes.length) return;
    this.#memory = allocate(Math.max(bytes.length * 2, wanted));
    this.#memory.bytes.set(bytes.subarray(0, this.#size));
  }
}

function allocate(length: number): Memory {
  const bytes = new Uint8Array(length);
  return { bytes, ids: Buffer.from(bytes.buffer) };
}

function writeSpan({ bytes, ids }: Memory, offset: number, span: FinishedSpan): number {
  const { traceState, parentId, error } = span;
  let at = writeId(ids, offset, 1, span.traceId);
  at = writeId(ids, at, 2, span.spanId);
  if (traceState !== "") at = writeString(bytes, at, 3, traceState);
  if (parentId !== "") at = writeId(ids, at, 4, parentId);
  at = writeTime(bytes, at, 7, span.startMs);
  at = writeTime(bytes, at, 8, span.endMs);
  for (const { bytes: encoded } of span.fields) at = copyBytes(encoded, 0, encoded.length, bytes, at);
  if (error !== "") {
    at = writeLengthTag(bytes, at, 15, sizeofString(error) + sizeofVarintField(statusError));
    at = writeVarintField(bytes, writeString(bytes, at, 2, error), 3, statusError);
  }
  // Field 16, whose tag takes two octets.
  bytes[at] = 0x85;
  bytes[at + 1] = 0x01;
  return writeFixed32(bytes, at + 2, span.isRemote ? sampledFlags | remoteFlag : sampledFlags);
}

function writeId(ids: Buffer, offset: number, number: number, digits: string): number {
  ids[offset] = (number << 3) | 2;
  ids[offset + 1] = digits.length / 2;
  return offset + 2 + ids.write(digits, offset + 2, "hex");
}

/** `fixed64` of nanoseconds since 1970, which are more than a number holds. */
function writeTime(bytes: Uint8Array, offset: number, number: number, ms: number): number {
  const wholeMs = Math.floor(ms);
  const lowerMs = wholeMs % 0x10000;
  const lower = lowerMs * 1_000_000 + Math.round((ms - wholeMs) * 1_000_000);
  const upper = ((wholeMs - lowerMs) / 0x10000) * 1_000_000 + Math.floor(lower / 0x10000);
  bytes[offset] = (number << 3) | 1;
  const at = writeFixed32(bytes, offset + 1, ((upper % 0x10000) * 0x10000 + (lower % 0x10000)) >>> 0);
  return writeFixed32(bytes, at, Math.floor(upper / 0x10000));
}

function writeFixed32(bytes: Uint8Array, offset: number, value: number): number {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
  return offset + 4;
}

function lengthField(number: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...lengthTag(number, bytes.length), ...bytes]);
}

function lengthTag(number: number, size: number): Uint8Array {
  const tag = new Uint8Array(tagBytes);
  return tag.subarray(0, writeLengthTag(tag, 0, number, size));
}
