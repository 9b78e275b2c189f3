// SPDX-License-Identifier: Apache-2.0
import { copyBytes, FieldName, type FieldView, type HeadKind, type HeadReader } from "@grpc-router/http2";
import {
  isMetadataName,
  isMetadataValue,
  MAX_METADATA_BYTES,
  MAX_METADATA_ENTRIES,
  METADATA_ENTRY_OVERHEAD,
  parseTimeout,
  START_METADATA_NUMBER,
  sizeofMetadataEntry,
  writeMetadataEntry,
} from "@grpc-router/protocol";
import type { PathTable } from "../registry/path-table.js";
import type { Target } from "../registry/target.js";
import { asciiBytes, isAscii, printable } from "./ascii.js";
import { parseContentType } from "./content-type.js";
import { FieldNote } from "./field-note.js";
import { FieldSlot } from "./field-slot.js";
import { ContentType, HeadFault, RequestHead, Verb, WaitForReady } from "./request-head.js";
import { isDroppedName, waitForReadyName } from "./request-metadata.js";

/** Who uses the bytes of the last head and must copy them before the next one overwrites them. */
export interface HeadHolder {
  saveHead(): void;
}

/** Field numbers of CallStart. */
const authorityNumber = 4;
const encodingNumber = 5;
const acceptEncodingNumber = 6;
const subtypeNumber = 7;

const nothing = new Uint8Array(0);

/** Characters of an unknown path that the answer repeats. */
const shownPathLength = 200;

/**
 * Reads request heads for all connections of a router, one at a time. What a head says goes straight from the wire into
 * numbers and into the bytes of the CallStart.
 */
export class RequestHeadReader implements HeadReader<RequestHead> {
  /** Whoever still needs the bytes of the head read last. */
  holder: HeadHolder | undefined = undefined;
  readonly #paths: PathTable;
  readonly #head = new RequestHead(new Uint8Array(1024));
  readonly #authority = new FieldSlot(authorityNumber);
  readonly #encoding = new FieldSlot(encodingNumber);
  readonly #acceptEncoding = new FieldSlot(acceptEncodingNumber);
  readonly #subtype = new FieldSlot(subtypeNumber);
  /** The authority of a request that has only `host`. */
  readonly #host = new FieldSlot(authorityNumber);
  #entries = 0;
  #metadataBytes = 0;

  constructor(paths: PathTable) {
    this.#paths = paths;
  }

  begin(_kind: HeadKind): void {
    const holder = this.holder;
    if (holder !== undefined) {
      this.holder = undefined;
      holder.saveHead();
    }
    this.#head.clear();
    this.#authority.size = 0;
    this.#encoding.size = 0;
    this.#acceptEncoding.size = 0;
    this.#subtype.size = 0;
    this.#host.size = 0;
    this.#entries = 0;
    this.#metadataBytes = 0;
  }

  recognize(nameId: number, coded: Uint8Array, start: number, end: number, huffman: boolean): unknown {
    if (nameId !== FieldName.path) return undefined;
    return huffman ? this.#paths.findCoded(coded, start, end) : this.#paths.find(coded, start, end);
  }

  recognized(_nameId: number, known: unknown): void {
    // Only `recognize` above gives such a value out, and only for paths.
    this.#head.target = known as Target;
  }

  field(view: FieldView): void {
    const entry = view.entry;
    if (entry !== undefined && entry.note instanceof FieldNote) {
      this.#apply(view.nameId, entry.note);
      return;
    }
    const note = this.#read(view);
    if (entry !== undefined) entry.note = note;
  }

  end(): RequestHead {
    const head = this.#head;
    this.#append(this.#authority.size > 0 ? this.#authority : this.#host);
    this.#append(this.#encoding);
    this.#append(this.#acceptEncoding);
    this.#append(this.#subtype);
    return head;
  }

  keep(head: RequestHead): RequestHead {
    return head.keep();
  }

  /** A field that refers to a table entry seen before. */
  #apply(nameId: number, note: FieldNote): void {
    const head = this.#head;
    switch (nameId) {
      case FieldName.method:
        head.verb = note.value as Verb;
        return;
      case FieldName.path:
        head.target = note.target;
        return;
      case FieldName.contentType:
        head.contentType = note.value as ContentType;
        head.contentTypeText = "";
        this.#subtype.setEncoded(note.encoded);
        return;
      case FieldName.grpcTimeout:
        this.#setTimeout(note.value);
        return;
      case FieldName.authority:
        this.#authority.setEncoded(note.encoded);
        return;
      case FieldName.host:
        this.#host.setEncoded(note.encoded);
        return;
      case FieldName.grpcEncoding:
        this.#encoding.setEncoded(note.encoded);
        return;
      case FieldName.grpcAcceptEncoding:
        this.#acceptEncoding.setEncoded(note.encoded);
        return;
      case FieldName.traceparent:
      case FieldName.grpcTraceBin:
        head.hasTraceContext = true;
        this.#addMetadata(note);
        return;
      default:
        this.#addMetadata(note);
    }
  }

  /** A field that is new: reads it, applies it, and answers what to remember at its table entry, if anything. */
  #read(view: FieldView): FieldNote | undefined {
    const { nameId, valueBytes, valueStart, valueEnd } = view;
    const head = this.#head;
    switch (nameId) {
      case FieldName.method:
        head.verb = parseVerb(valueBytes, valueStart, valueEnd);
        return new FieldNote(nothing, 0, head.verb, undefined);
      case FieldName.path:
        return this.#readPath(valueBytes, valueStart, valueEnd);
      case FieldName.contentType:
        return this.#readContentType(valueBytes, valueStart, valueEnd);
      case FieldName.grpcTimeout: {
        const timeoutUs = parseTimeout(valueBytes, valueStart, valueEnd);
        this.#setTimeout(timeoutUs);
        return isWorthNoting(view) ? new FieldNote(nothing, 0, timeoutUs, undefined) : undefined;
      }
      case FieldName.authority:
        return this.#readSlot(this.#authority, view);
      case FieldName.host:
        return this.#readSlot(this.#host, view);
      case FieldName.grpcEncoding:
        return this.#readSlot(this.#encoding, view);
      case FieldName.grpcAcceptEncoding:
        return this.#readSlot(this.#acceptEncoding, view);
      case FieldName.grpcPreviousRpcAttempts:
        head.previousAttempts = parseCount(valueBytes, valueStart, valueEnd);
        return undefined;
      case FieldName.traceparent:
      case FieldName.grpcTraceBin:
        head.hasTraceContext = true;
        return this.#readMetadata(view);
      default:
        return isDroppedName(nameId) ? new FieldNote(nothing, 0, 0, undefined) : this.#readMetadata(view);
    }
  }

  #readPath(bytes: Uint8Array, start: number, end: number): FieldNote | undefined {
    const target = this.#paths.find(bytes, start, end);
    this.#head.target = target;
    if (target !== undefined) return new FieldNote(nothing, 0, 0, target);
    this.#head.path = printable(bytes, start, end, shownPathLength);
    return undefined;
  }

  #readContentType(bytes: Uint8Array, start: number, end: number): FieldNote | undefined {
    const { contentType, subtype } = parseContentType(bytes, start, end);
    this.#head.contentType = contentType;
    this.#head.contentTypeText = "";
    this.#subtype.size = 0;
    if (contentType === ContentType.grpcSubtype) {
      const encoded = asciiBytes(subtype);
      this.#subtype.set(encoded, 0, encoded.length);
      this.#head.contentTypeText = `application/grpc+${subtype}`;
      return undefined;
    }
    return new FieldNote(nothing, 0, contentType, undefined);
  }

  #readSlot(slot: FieldSlot, view: FieldView): FieldNote | undefined {
    const { valueBytes, valueStart, valueEnd } = view;
    // They are strings of the CallStart: one that is no UTF-8 would cost an instance its channel, and other callers theirs.
    const isText = isMetadataValue(valueBytes, valueStart, valueEnd);
    slot.set(valueBytes, valueStart, isText ? valueEnd : valueStart);
    return isWorthNoting(view) ? new FieldNote(slot.bytes.slice(0, slot.size), 0, 0, undefined) : undefined;
  }

  #readMetadata(view: FieldView): FieldNote | undefined {
    const { nameBytes, nameStart, nameEnd, valueBytes, valueStart, valueEnd } = view;
    if (view.nameId === FieldName.none && isAscii(nameBytes, nameStart, nameEnd, waitForReadyName)) {
      const isYes = isAscii(valueBytes, valueStart, valueEnd, "true");
      this.#head.waitForReady = isYes ? WaitForReady.yes : WaitForReady.no;
      return undefined;
    }
    const isAllowed =
      (view.nameId !== FieldName.none || isMetadataName(nameBytes, nameStart, nameEnd)) &&
      isMetadataValue(valueBytes, valueStart, valueEnd);
    // HTTP allows more than gRPC and the channel do (docs/channel.md section 4).
    if (!isAllowed) return new FieldNote(nothing, 0, 0, undefined);
    const nameSize = nameEnd - nameStart;
    const valueSize = valueEnd - valueStart;
    const sizeBytes = nameSize + valueSize + METADATA_ENTRY_OVERHEAD;
    if (!this.#admit(sizeBytes)) return undefined;
    this.#reserve(sizeofMetadataEntry(nameSize, valueSize));
    const at = this.#head.restEnd;
    this.#head.restEnd = writeMetadataEntry(this.#head.rest, at, START_METADATA_NUMBER, view);
    if (!isWorthNoting(view)) return undefined;
    return new FieldNote(this.#head.rest.slice(at, this.#head.restEnd), sizeBytes, 0, undefined);
  }

  #addMetadata(note: FieldNote): void {
    if (note.sizeBytes === 0 || !this.#admit(note.sizeBytes)) return;
    this.#reserve(note.encoded.length);
    this.#head.restEnd = copyBytes(note.encoded, 0, note.encoded.length, this.#head.rest, this.#head.restEnd);
  }

  #append(slot: FieldSlot): void {
    if (slot.size === 0) return;
    this.#reserve(slot.size);
    this.#head.restEnd = copyBytes(slot.bytes, 0, slot.size, this.#head.rest, this.#head.restEnd);
  }

  #setTimeout(timeoutUs: number): void {
    this.#head.timeoutUs = timeoutUs;
    if (timeoutUs < 0) this.#head.fault = HeadFault.timeout;
  }

  #admit(sizeBytes: number): boolean {
    this.#entries++;
    this.#metadataBytes += sizeBytes;
    const fits = this.#entries <= MAX_METADATA_ENTRIES && this.#metadataBytes <= MAX_METADATA_BYTES;
    if (!fits) this.#head.fault = HeadFault.metadataTooLarge;
    return fits;
  }

  /** Makes room for `size` more bytes behind the head's rest. */
  #reserve(size: number): void {
    const head = this.#head;
    if (head.restEnd + size <= head.rest.length) return;
    const grown = new Uint8Array(Math.max(head.rest.length * 2, head.restEnd + size));
    copyBytes(head.rest, 0, head.restEnd, grown, 0);
    head.rest = grown;
  }
}

/** A literal has no table entry to note anything at; one that has just made its entry may be the last to use it. */
function isWorthNoting({ entry, isFirst }: FieldView): boolean {
  return entry !== undefined && !isFirst;
}

function parseVerb(bytes: Uint8Array, start: number, end: number): Verb {
  if (isAscii(bytes, start, end, "POST")) return Verb.post;
  return isAscii(bytes, start, end, "GET") ? Verb.get : Verb.other;
}

/** A count of at most three digits; whatever else reads as 0, since nothing depends on it. */
function parseCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 3) return 0;
  let count = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    count = count * 10 + digit;
  }
  return count;
}
