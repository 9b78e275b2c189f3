// SPDX-License-Identifier: Apache-2.0

import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";

/** Field number of the head in every frame. */
export const HEAD_NUMBER = 1;
/** Field number of the fragment in every frame, typed or not. */
export const FRAGMENT_NUMBER = 2;
/** The lowest field number that a method's member can have. */
export const FIRST_MEMBER_NUMBER = 8;

/** Where the parts of a frame are. One record is reused for all frames of a reader. */
export class FrameView {
  /** The encoded CallHead or ReplyHead. */
  headStart = 0;
  headEnd = 0;
  /** 0: no payload; 2: a fragment; else the member's number. */
  payloadNumber = 0;
  /** The encoded payload: the member's message, or the Fragment. */
  payloadStart = 0;
  payloadEnd = 0;
}

const cursor = new FieldCursor();

/**
 * Finds head and payload of the frame in `bytes[start, end)` in one pass over its top-level fields; neither is decoded.
 * Offsets point into `bytes`. Rules: docs/channel.md section 3, "Reading". Whether the payload is of the call's method
 * is for the caller to judge (`FrameFault.memberMismatch`).
 */
export function readFrame(bytes: Uint8Array, start: number, end: number, view: FrameView): FrameFault {
  cursor.reset(bytes, start, end);
  view.headStart = -1;
  view.payloadNumber = 0;
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0 || cursor.wireType === WireType.groupStart) return FrameFault.malformed;
    // 3 to 7 are kept for later additions to the frame that a reader of today may skip.
    if (number > FRAGMENT_NUMBER && number < FIRST_MEMBER_NUMBER) continue;
    if (cursor.wireType !== WireType.length) return FrameFault.malformed;
    if (number === HEAD_NUMBER) {
      if (view.headStart >= 0) return FrameFault.ambiguous;
      view.headStart = cursor.valueStart;
      view.headEnd = cursor.valueEnd;
    } else {
      if (view.payloadNumber !== 0) return FrameFault.ambiguous;
      view.payloadNumber = number;
      view.payloadStart = cursor.valueStart;
      view.payloadEnd = cursor.valueEnd;
    }
  }
  return view.headStart < 0 ? FrameFault.malformed : FrameFault.none;
}
