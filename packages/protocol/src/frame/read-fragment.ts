// SPDX-License-Identifier: Apache-2.0

import { FieldCursor, WireType } from "./field-cursor.js";
import { FrameFault } from "./frame-fault.js";

/** A Fragment: one slice of a message. */
export class FragmentView {
  /** Octets of the same message still to come. */
  remaining = 0;
  compressed = false;
  /** The slice, as offsets into the bytes read; start equal to end if it is empty. */
  dataStart = 0;
  dataEnd = 0;
}

const REMAINING = 1;
const COMPRESSED = 2;
const DATA = 3;
const cursor = new FieldCursor();

/** Reads the Fragment in `bytes[start, end)`. Whether it continues its message is for the caller to judge. */
export function readFragment(bytes: Uint8Array, start: number, end: number, view: FragmentView): FrameFault {
  view.remaining = 0;
  view.compressed = false;
  view.dataStart = start;
  view.dataEnd = start;
  cursor.reset(bytes, start, end);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return FrameFault.malformed;
    if (number > DATA) continue;
    if (cursor.wireType !== (number === DATA ? WireType.length : WireType.varint)) return FrameFault.malformed;
    switch (number) {
      case REMAINING:
        view.remaining = cursor.uint32();
        break;
      case COMPRESSED:
        view.compressed = cursor.bool();
        break;
      default:
        view.dataStart = cursor.valueStart;
        view.dataEnd = cursor.valueEnd;
    }
  }
  return FrameFault.none;
}
