// SPDX-License-Identifier: Apache-2.0
import { HeadFault } from "./head-fault.js";
import type { FieldView } from "./head-reader.js";
import type { Entry } from "./table-entry.js";

const noBytes = new Uint8Array(0);

/** The one `FieldView` of a reader, filled anew for every field. A hot record: plain fields, all declared. */
export class DecodedField implements FieldView {
  nameId = 0;
  nameBytes: Uint8Array = noBytes;
  nameStart = 0;
  nameEnd = 0;
  valueBytes: Uint8Array = noBytes;
  valueStart = 0;
  valueEnd = 0;
  neverIndexed = false;
  entry: Entry | undefined = undefined;
  isFirst = false;
  /** What is wrong with the name; found together with it. */
  nameFault: HeadFault = HeadFault.none;
  /** What is wrong with name or value; found together with the value. */
  fault: HeadFault = HeadFault.none;

  /** Shows a table entry. */
  showEntry(entry: Entry): void {
    this.showNameOf(entry);
    this.valueBytes = entry.valueBytes;
    this.valueStart = entry.valueStart;
    this.valueEnd = entry.valueEnd;
    this.neverIndexed = false;
    this.entry = entry;
    this.isFirst = false;
    this.fault = entry.fault;
  }

  /** The field at hand is a literal that stays out of the table. */
  showNoEntry(): void {
    this.entry = undefined;
    this.isFirst = false;
  }

  /** Shows the name of a table entry; the value is still to come. */
  showNameOf(entry: Entry): void {
    this.nameId = entry.nameId;
    this.nameBytes = entry.nameBytes;
    this.nameStart = 0;
    this.nameEnd = entry.nameBytes.length;
    this.nameFault = entry.nameFault;
  }

  /** Lets go of the bytes, so that a quiet reader keeps no buffer and no entry alive. */
  clear(): void {
    this.nameBytes = noBytes;
    this.valueBytes = noBytes;
    this.entry = undefined;
  }
}
