// SPDX-License-Identifier: Apache-2.0

import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";
import { mergeRepeated } from "./merge-repeated.js";

/** A ReplyHead (instance to router). -1 stands for an absent submessage. One record is reused for all frames of a reader. */
export class ReplyHeadView {
  /** What the offsets point into: the caller's bytes, or a copy if the head had repeated submessages. */
  bytes: Uint8Array = new Uint8Array(0);
  /** `UNSAFE_UINT64` if above 2^53-1. */
  callId = 0;
  /** The encoded Header. */
  headerStart = -1;
  headerEnd = -1;
  /** The encoded End. */
  endStart = -1;
  endEnd = -1;
  /** Cost units. */
  credit = 0;
  /** `UNSAFE_UINT64` if above 2^53-1. */
  acceptedThrough = 0;
  /** The encoded InstanceControl. */
  controlStart = -1;
  controlEnd = -1;
}

const CALL_ID = 1;
const HEADER = 2;
const END = 3;
const CREDIT = 4;
const ACCEPTED_THROUGH = 5;
const CONTROL = 6;
const cursor = new FieldCursor();

/** Reads the ReplyHead in `bytes[start, end)`; the rules are those of `readCallHead`. */
export function readReplyHead(bytes: Uint8Array, start: number, end: number, view: ReplyHeadView): FrameFault {
  view.bytes = bytes;
  view.callId = 0;
  view.headerStart = -1;
  view.headerEnd = -1;
  view.endStart = -1;
  view.endEnd = -1;
  view.credit = 0;
  view.acceptedThrough = 0;
  view.controlStart = -1;
  view.controlEnd = -1;
  let repeated = false;
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > CONTROL) continue;
    const expected = number === HEADER || number === END || number === CONTROL ? WireType.length : WireType.varint;
    if (cursor.wireType !== expected) return FrameFault.malformed;
    switch (number) {
      case CALL_ID:
        view.callId = cursor.uint64();
        break;
      case HEADER:
        repeated ||= view.headerStart >= 0;
        view.headerStart = cursor.valueStart;
        view.headerEnd = cursor.valueEnd;
        break;
      case END:
        repeated ||= view.endStart >= 0;
        view.endStart = cursor.valueStart;
        view.endEnd = cursor.valueEnd;
        break;
      case CREDIT:
        view.credit = cursor.uint32();
        break;
      case ACCEPTED_THROUGH:
        view.acceptedThrough = cursor.uint64();
        break;
      default:
        repeated ||= view.controlStart >= 0;
        view.controlStart = cursor.valueStart;
        view.controlEnd = cursor.valueEnd;
    }
  }
  return repeated ? readRepeatedReplyHead(bytes, start, end, view) : FrameFault.none;
}

function readRepeatedReplyHead(bytes: Uint8Array, start: number, end: number, view: ReplyHeadView): FrameFault {
  const merged = mergeRepeated(bytes, start, end, [HEADER, END, CONTROL]);
  return merged === undefined ? FrameFault.malformed : readReplyHead(merged.bytes, start, merged.end, view);
}
