// SPDX-License-Identifier: Apache-2.0

import { METADATA_ENTRY_OVERHEAD } from "../limits.js";
import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";
import { HEADER_METADATA_NUMBER, MetadataCursor } from "./metadata-cursor.js";

/** A Header. Texts are offsets into the bytes read, start equal to end if absent; they are not validated. */
export class HeaderView {
  encodingStart = 0;
  encodingEnd = 0;
  acceptEncodingStart = 0;
  acceptEncodingEnd = 0;
  metadataCount = 0;
  /** What the metadata counts towards `MAX_METADATA_BYTES`. */
  metadataBytes = 0;
}

const ENCODING = 2;
const ACCEPT_ENCODING = 3;
const cursor = new FieldCursor();
const entry = new MetadataCursor();

/** Reads the Header in `bytes[start, end)`; metadata is checked and counted, `MetadataCursor` walks it. */
export function readHeader(bytes: Uint8Array, start: number, end: number, view: HeaderView): FrameFault {
  view.encodingStart = start;
  view.encodingEnd = start;
  view.acceptEncodingStart = start;
  view.acceptEncodingEnd = start;
  view.metadataCount = 0;
  view.metadataBytes = 0;
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > ACCEPT_ENCODING) continue;
    if (cursor.wireType !== WireType.length) return FrameFault.malformed;
    switch (number) {
      case HEADER_METADATA_NUMBER:
        if (!entry.readEntry(bytes, cursor.valueStart, cursor.valueEnd)) return FrameFault.malformed;
        view.metadataCount++;
        view.metadataBytes += entry.sizeBytes + METADATA_ENTRY_OVERHEAD;
        break;
      case ENCODING:
        view.encodingStart = cursor.valueStart;
        view.encodingEnd = cursor.valueEnd;
        break;
      default:
        view.acceptEncodingStart = cursor.valueStart;
        view.acceptEncodingEnd = cursor.valueEnd;
    }
  }
  return FrameFault.none;
}
