// SPDX-License-Identifier: Apache-2.0
import { checkFieldName, checkFieldValue } from "./field-rules.js";
import { HeadFault } from "./head-fault.js";
import type { TableEntry } from "./head-reader.js";

/** What RFC 7541 section 4.1 adds to name and value of an entry; RFC 9113 section 6.5.2 adds the same to a field. */
export const entryOverheadBytes = 32;

/** An entry of a table: owns its bytes and what was found out about them once. A hot record. */
export class Entry implements TableEntry {
  readonly nameId: number;
  readonly nameBytes: Uint8Array;
  readonly valueBytes: Uint8Array;
  /** Octets that count against the table and the header list. */
  readonly size: number;
  /** What is wrong with the name, in any block. */
  readonly nameFault: HeadFault;
  /** What is wrong with name or value, in any block. */
  readonly fault: HeadFault;
  note: unknown = undefined;

  constructor(nameId: number, nameBytes: Uint8Array, valueBytes: Uint8Array) {
    this.nameId = nameId;
    this.nameBytes = nameBytes;
    this.valueBytes = valueBytes;
    this.size = nameBytes.length + valueBytes.length + entryOverheadBytes;
    this.nameFault = checkFieldName(nameId, nameBytes, 0, nameBytes.length);
    this.fault =
      this.nameFault === HeadFault.none ? checkFieldValue(nameId, valueBytes, 0, valueBytes.length) : this.nameFault;
  }
}
