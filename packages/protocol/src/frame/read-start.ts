// SPDX-License-Identifier: Apache-2.0

import { METADATA_ENTRY_OVERHEAD } from "../limits.js";
import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";
import { MetadataCursor, START_METADATA_NUMBER } from "./metadata-cursor.js";

/** A CallStart. Texts are offsets into the bytes read, start equal to end if absent; they are not validated. */
export class StartView {
  /** The number that the hello gave the method. */
  method = 0;
  /** Microseconds left, 0: no deadline; `UNSAFE_UINT64` if above 2^53-1. */
  timeoutUs = 0;
  attempt = 0;
  authorityStart = 0;
  authorityEnd = 0;
  encodingStart = 0;
  encodingEnd = 0;
  acceptEncodingStart = 0;
  acceptEncodingEnd = 0;
  subtypeStart = 0;
  subtypeEnd = 0;
  metadataCount = 0;
  /** What the metadata counts towards `MAX_METADATA_BYTES`. */
  metadataBytes = 0;
}

const METHOD = 1;
const TIMEOUT_US = 2;
const AUTHORITY = 4;
const ENCODING = 5;
const ACCEPT_ENCODING = 6;
const SUBTYPE = 7;
const ATTEMPT = 8;
const cursor = new FieldCursor();
const entry = new MetadataCursor();

/** Reads the CallStart in `bytes[start, end)`; metadata is checked and counted, `MetadataCursor` walks it. */
export function readStart(bytes: Uint8Array, start: number, end: number, view: StartView): FrameFault {
  clear(view, start);
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > ATTEMPT) continue;
    const expected = number <= TIMEOUT_US || number === ATTEMPT ? WireType.varint : WireType.length;
    if (cursor.wireType !== expected) return FrameFault.malformed;
    switch (number) {
      case METHOD:
        view.method = cursor.uint32();
        break;
      case TIMEOUT_US:
        view.timeoutUs = cursor.uint64();
        break;
      case START_METADATA_NUMBER:
        if (!entry.readEntry(bytes, cursor.valueStart, cursor.valueEnd)) return FrameFault.malformed;
        view.metadataCount++;
        view.metadataBytes += entry.sizeBytes + METADATA_ENTRY_OVERHEAD;
        break;
      case ATTEMPT:
        view.attempt = cursor.uint32();
        break;
      default:
        readText(number, view);
    }
  }
  return FrameFault.none;
}

function clear(view: StartView, start: number): void {
  view.method = 0;
  view.timeoutUs = 0;
  view.attempt = 0;
  view.authorityStart = start;
  view.authorityEnd = start;
  view.encodingStart = start;
  view.encodingEnd = start;
  view.acceptEncodingStart = start;
  view.acceptEncodingEnd = start;
  view.subtypeStart = start;
  view.subtypeEnd = start;
  view.metadataCount = 0;
  view.metadataBytes = 0;
}

function readText(number: number, view: StartView): void {
  switch (number) {
    case AUTHORITY:
      view.authorityStart = cursor.valueStart;
      view.authorityEnd = cursor.valueEnd;
      break;
    case ENCODING:
      view.encodingStart = cursor.valueStart;
      view.encodingEnd = cursor.valueEnd;
      break;
    case ACCEPT_ENCODING:
      view.acceptEncodingStart = cursor.valueStart;
      view.acceptEncodingEnd = cursor.valueEnd;
      break;
    case SUBTYPE:
      view.subtypeStart = cursor.valueStart;
      view.subtypeEnd = cursor.valueEnd;
      break;
  }
}
