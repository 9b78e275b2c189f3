// SPDX-License-Identifier: Apache-2.0
import { checkFieldValue } from "./field-rules.js";
import type { HeadFault } from "./head-fault.js";
import type { TableEntry } from "./head-reader.js";

/** What RFC 7541 section 4.1 adds to name and value of an entry; RFC 9113 section 6.5.2 adds the same to a field. */
export const entryOverheadBytes = 32;

/** A name of which it is known whether it is in order. */
export interface EntryName {
  readonly nameId: number;
  /** What is wrong with the name, in any block. */
  readonly nameFault: HeadFault;
}

/** An entry of a table: its bytes, which nobody writes any more, and what was found out about them once. A hot record. */
export class Entry implements TableEntry {
  readonly nameId: number;
  /** The name: all of them. */
  readonly nameBytes: Uint8Array;
  /** The value is `valueBytes[valueStart, valueEnd)`; other entries may have theirs beside it. */
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Octets that count against the table and the header list. */
  readonly size: number;
  /** What is wrong with the name, in any block. */
  readonly nameFault: HeadFault;
  /** What is wrong with name or value, in any block. */
  readonly fault: HeadFault;
  note: unknown = undefined;

  constructor(name: EntryName, nameBytes: Uint8Array, valueBytes: Uint8Array, valueStart: number, valueEnd: number) {
    this.nameId = name.nameId;
    this.nameBytes = nameBytes;
    this.valueBytes = valueBytes;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    this.size = nameBytes.length + valueEnd - valueStart + entryOverheadBytes;
    this.nameFault = name.nameFault;
    this.fault = name.nameFault || checkFieldValue(name.nameId, valueBytes, valueStart, valueEnd);
  }
}
