// SPDX-License-Identifier: Apache-2.0

import { FieldCursor, WireType } from "./field-cursor.js";

/** Field number of the metadata list in a CallStart. */
export const START_METADATA_NUMBER = 3;
/** Field number of the metadata list in a Header. */
export const HEADER_METADATA_NUMBER = 1;
/** Field number of the trailers in an End. */
export const END_TRAILERS_NUMBER = 4;

const NAME = 1;
const VALUE = 2;
const inner = new FieldCursor();

/** Walks the metadata list of a CallStart, a Header or an End in order, without making objects. */
export class MetadataCursor {
  bytes: Uint8Array = new Uint8Array(0);
  /** The name of the entry at hand, as sent: nothing is validated. */
  nameStart = 0;
  nameEnd = 0;
  /** Its value, as sent. */
  valueStart = 0;
  valueEnd = 0;
  readonly fields: FieldCursor = new FieldCursor();
  fieldNumber = 0;

  /** Puts the cursor before the first entry of the list `fieldNumber` in the message `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number, end: number, fieldNumber: number): void {
    this.bytes = bytes;
    this.fieldNumber = fieldNumber;
    this.fields.reset(bytes, start, end);
  }

  /** Moves to the next entry; false behind the last one, or at bytes that `readStart`, `readHeader`, `readEnd` refuse. */
  next(): boolean {
    const fields = this.fields;
    for (let number = fields.next(); number > 0; number = fields.next()) {
      if (number !== this.fieldNumber) continue;
      return fields.wireType === WireType.length && this.readEntry(this.bytes, fields.valueStart, fields.valueEnd);
    }
    return false;
  }

  /** Reads one encoded MetadataEntry; false if it is malformed. */
  readEntry(bytes: Uint8Array, start: number, end: number): boolean {
    this.nameStart = start;
    this.nameEnd = start;
    this.valueStart = start;
    this.valueEnd = start;
    inner.reset(bytes, start, end);
    for (let number = inner.next(); number !== 0; number = inner.next()) {
      if (number < 0) return false;
      if (number > VALUE) continue;
      if (inner.wireType !== WireType.length) return false;
      if (number === NAME) {
        this.nameStart = inner.valueStart;
        this.nameEnd = inner.valueEnd;
      } else {
        this.valueStart = inner.valueStart;
        this.valueEnd = inner.valueEnd;
      }
    }
    return true;
  }

  /** The entry at hand has this name, of ASCII. */
  isNamed(name: string): boolean {
    const { bytes, nameStart } = this;
    if (this.nameEnd - nameStart !== name.length) return false;
    for (let at = 0; at < name.length; at++) if (bytes[nameStart + at] !== name.charCodeAt(at)) return false;
    return true;
  }

  /** What the entry at hand counts towards `MAX_METADATA_BYTES`, without the overhead of an entry. */
  get sizeBytes(): number {
    return this.nameEnd - this.nameStart + (this.valueEnd - this.valueStart);
  }
}
