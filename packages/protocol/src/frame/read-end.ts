// SPDX-License-Identifier: Apache-2.0

import { METADATA_ENTRY_OVERHEAD } from "../limits.js";
import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";
import { END_TRAILERS_NUMBER, MetadataCursor } from "./metadata-cursor.js";

/** An End. Texts are offsets into the bytes read, start equal to end if absent; they are not validated. */
export class EndView {
  /** As sent: may be none of the sixteen that gRPC knows. */
  code = 0;
  /** Percent-encoded status message. */
  messageStart = 0;
  messageEnd = 0;
  /** Serialized google.rpc.Status. */
  detailsStart = 0;
  detailsEnd = 0;
  notRun = false;
  trailersCount = 0;
  /** What trailers, message and details count towards `MAX_METADATA_BYTES`. */
  metadataBytes = 0;
}

const CODE = 1;
const MESSAGE = 2;
const DETAILS = 3;
const NOT_RUN = 5;
const cursor = new FieldCursor();
const entry = new MetadataCursor();

/** Reads the End in `bytes[start, end)`; trailers are checked and counted, `MetadataCursor` walks them. */
export function readEnd(bytes: Uint8Array, start: number, end: number, view: EndView): FrameFault {
  view.code = 0;
  view.messageStart = start;
  view.messageEnd = start;
  view.detailsStart = start;
  view.detailsEnd = start;
  view.notRun = false;
  view.trailersCount = 0;
  view.metadataBytes = 0;
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > NOT_RUN) continue;
    const expected = number === CODE || number === NOT_RUN ? WireType.varint : WireType.length;
    if (cursor.wireType !== expected) return FrameFault.malformed;
    switch (number) {
      case CODE:
        view.code = cursor.uint32();
        break;
      case MESSAGE:
        view.messageStart = cursor.valueStart;
        view.messageEnd = cursor.valueEnd;
        break;
      case DETAILS:
        view.detailsStart = cursor.valueStart;
        view.detailsEnd = cursor.valueEnd;
        break;
      case END_TRAILERS_NUMBER:
        if (!entry.readEntry(bytes, cursor.valueStart, cursor.valueEnd)) return FrameFault.malformed;
        view.trailersCount++;
        view.metadataBytes += entry.sizeBytes + METADATA_ENTRY_OVERHEAD;
        break;
      default:
        view.notRun = cursor.bool();
    }
  }
  view.metadataBytes += view.messageEnd - view.messageStart + (view.detailsEnd - view.detailsStart);
  return FrameFault.none;
}
