// SPDX-License-Identifier: Apache-2.0

import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";
import { mergeRepeated } from "./merge-repeated.js";

/** A CallHead (router to instance). -1 stands for an absent submessage. One record is reused for all frames of a reader. */
export class CallHeadView {
  /** What the offsets point into: the caller's bytes, or a copy if the head had repeated submessages. */
  bytes: Uint8Array = new Uint8Array(0);
  /** `UNSAFE_UINT64` if above 2^53-1. */
  callId = 0;
  /** The encoded CallStart. */
  startStart = -1;
  startEnd = -1;
  halfClose = false;
  /** Cost units. */
  credit = 0;
  /** -1: absent; else a Cancel.Mode, unknown modes read as unspecified. */
  cancel = -1;
  /** The encoded RouterControl. */
  controlStart = -1;
  controlEnd = -1;
}

const CALL_ID = 1;
const START = 2;
const HALF_CLOSE = 3;
const CREDIT = 4;
const CANCEL = 5;
const CONTROL = 6;
const CANCEL_MODE = 1;
const LAST_MODE = 3;
const cursor = new FieldCursor();
const inner = new FieldCursor();

/**
 * Reads the CallHead in `bytes[start, end)`. Ordinary protobuf rules hold: unknown fields are skipped, the last of a
 * repeated scalar counts, repeated submessages merge. A known field of another wire type is refused, since decoders do
 * not agree on it.
 */
export function readCallHead(bytes: Uint8Array, start: number, end: number, view: CallHeadView): FrameFault {
  view.bytes = bytes;
  view.callId = 0;
  view.startStart = -1;
  view.startEnd = -1;
  view.halfClose = false;
  view.credit = 0;
  view.cancel = -1;
  view.controlStart = -1;
  view.controlEnd = -1;
  let repeated = false;
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > CONTROL) continue;
    const expected = number === START || number >= CANCEL ? WireType.length : WireType.varint;
    if (cursor.wireType !== expected) return FrameFault.malformed;
    switch (number) {
      case CALL_ID:
        view.callId = cursor.uint64();
        break;
      case START:
        repeated ||= view.startStart >= 0;
        view.startStart = cursor.valueStart;
        view.startEnd = cursor.valueEnd;
        break;
      case HALF_CLOSE:
        view.halfClose = cursor.bool();
        break;
      case CREDIT:
        view.credit = cursor.uint32();
        break;
      case CANCEL:
        if (!readCancel(bytes, view)) return FrameFault.malformed;
        break;
      default:
        repeated ||= view.controlStart >= 0;
        view.controlStart = cursor.valueStart;
        view.controlEnd = cursor.valueEnd;
    }
  }
  return repeated ? readRepeatedCallHead(bytes, start, end, view) : FrameFault.none;
}

function readCancel(bytes: Uint8Array, view: CallHeadView): boolean {
  if (view.cancel < 0) view.cancel = 0;
  inner.reset(bytes, cursor.valueStart, cursor.valueEnd);
  for (let number = inner.next(); number !== 0; number = inner.next()) {
    if (number < 0) return false;
    if (number !== CANCEL_MODE) continue;
    if (inner.wireType !== WireType.varint) return false;
    view.cancel = inner.low >= 0 && inner.low <= LAST_MODE ? inner.low : 0;
  }
  return true;
}

function readRepeatedCallHead(bytes: Uint8Array, start: number, end: number, view: CallHeadView): FrameFault {
  const merged = mergeRepeated(bytes, start, end, [START, CONTROL]);
  return merged === undefined ? FrameFault.malformed : readCallHead(merged.bytes, start, merged.end, view);
}
