// SPDX-License-Identifier: Apache-2.0
import { maxTableSizeUpdates } from "../limits.js";
import type { DecodedField } from "./decoded-field.js";
import { DynamicTable } from "./dynamic-table.js";
import { findFieldName } from "./field-name-lookup.js";
import { checkFieldName, checkFieldValue } from "./field-rules.js";
import { HeadFault } from "./head-fault.js";
import { huffmanDecode } from "./huffman-decode.js";
import { type BlockCursor, readInteger } from "./integer.js";
import type { ReaderScope } from "./reader-scope.js";
import { staticTableLength } from "./static-table.js";
import type { Entry } from "./table-entry.js";

/** What a step of a `FieldDecoder` came to. */
export const FieldStep = {
  /** The block is at its end. */
  end: 0,
  /** A field is whole. */
  field: 1,
  /** The name of a literal is known; `readValue` or `passValue` must follow. */
  name: 2,
  /** The block cannot be decoded; see `fault`. */
  failed: 3,
} as const;
export type FieldStep = (typeof FieldStep)[keyof typeof FieldStep];

/** SETTINGS_HEADER_TABLE_SIZE before any SETTINGS (RFC 9113 section 6.5.2). */
const initialTableBytes = 4_096;

const noBytes = new Uint8Array(0);

/** HPACK proper (RFC 7541): takes a block apart, field by field, and keeps the dynamic table. A hot record. */
export class FieldDecoder {
  readonly table = new DynamicTable(initialTableBytes);
  /** Why the last step failed. */
  fault: HeadFault = HeadFault.none;
  /** The coded value of the literal whose name is known: `block[valueStart, valueEnd)`. */
  block: Uint8Array = noBytes;
  valueStart = 0;
  valueEnd = 0;
  valueIsHuffman = false;
  /** The literal enters the table, so its value must be decoded. */
  valueIsIndexed = false;

  readonly #scope: ReaderScope;
  readonly #field: DecodedField;
  readonly #cursor: BlockCursor = { at: 0 };
  #end = 0;
  #nameSource: Entry | undefined = undefined;
  /** The table size that we announced and the peer has acknowledged. */
  #tableLimit = initialTableBytes;
  /** The table must shrink: the next block has to begin with a size update. */
  #sizeUpdateDue = false;

  constructor(scope: ReaderScope) {
    this.#scope = scope;
    this.#field = scope.field;
  }

  /** See `HeaderBlockDecoder.setTableLimit`. */
  setTableLimit(sizeBytes: number): void {
    this.#tableLimit = sizeBytes;
    if (sizeBytes < this.table.maxBytes) {
      this.#sizeUpdateDue = true;
      // A new generation: what a block meant before is no longer so, not even if it changes nothing.
      this.table.resize(this.table.maxBytes);
    }
  }

  /** Begins the block `bytes[start, end)`, whose table size updates are read here; false if they are wrong. */
  begin(bytes: Uint8Array, start: number, end: number): boolean {
    this.block = bytes;
    this.#cursor.at = start;
    this.#end = end;
    this.#scope.reserveScratch(end - start);
    return this.#readSizeUpdates();
  }

  /** Decodes the next field, or the next name of a literal. */
  next(): FieldStep {
    const at = this.#cursor.at;
    if (at >= this.#end) {
      return FieldStep.end;
    }
    const octet = this.block[at] ?? 0;
    if (octet >= 0x80) {
      return this.#readIndexed();
    }
    if (octet >= 0x40) {
      return this.#readName(0x3f, true, false);
    }
    return octet >= 0x20 ? this.#fail(HeadFault.sizeUpdateLate) : this.#readName(0x0f, false, octet >= 0x10);
  }

  /** Decodes the value of the literal, and inserts the field if it is to be. */
  readValue(): FieldStep {
    const field = this.#field;
    if (!this.valueIsHuffman) {
      field.valueBytes = this.block;
      field.valueStart = this.valueStart;
      field.valueEnd = this.valueEnd;
    } else {
      field.valueBytes = this.#scope.scratch;
      field.valueStart = this.#scope.scratchUsed;
      field.valueEnd = this.#decodeHuffman(this.valueStart, this.valueEnd);
      if (field.valueEnd < 0) {
        return this.#fail(HeadFault.huffmanInvalid);
      }
    }
    const entry = this.valueIsIndexed ? this.table.insert(field, this.#nameSource) : undefined;
    if (entry !== undefined) {
      field.showEntry(entry);
      field.isFirst = true;
    } else {
      field.showNoEntry();
      field.fault =
        field.nameFault || checkFieldValue(field.nameId, field.valueBytes, field.valueStart, field.valueEnd);
    }
    return FieldStep.field;
  }

  /** Passes the value of the literal by: the field shows it as it is coded. */
  passValue(): FieldStep {
    const field = this.#field;
    field.valueBytes = this.block;
    field.valueStart = this.valueStart;
    field.valueEnd = this.valueEnd;
    field.showNoEntry();
    field.fault = field.nameFault;
    return FieldStep.field;
  }

  /** Lets go of the block, which may be a large buffer, and of what the last field showed of it. */
  finish(): void {
    this.block = noBytes;
    this.#nameSource = undefined;
    this.#field.clear();
  }

  #readIndexed(): FieldStep {
    const entry = this.#entryAt(readInteger(this.#cursor, this.block, this.#end, 0x7f));
    if (entry === undefined) {
      return FieldStep.failed;
    }
    this.#field.showEntry(entry);
    return FieldStep.field;
  }

  /** Reads a literal up to its coded value, which is within the block from here on. */
  #readName(indexMask: number, isIndexed: boolean, neverIndexed: boolean): FieldStep {
    const field = this.#field;
    field.neverIndexed = neverIndexed;
    this.valueIsIndexed = isIndexed;
    const index = readInteger(this.#cursor, this.block, this.#end, indexMask);
    if (index === 0) {
      this.#nameSource = undefined;
      if (!this.#readNewName()) {
        return FieldStep.failed;
      }
    } else {
      const source = this.#entryAt(index);
      if (source === undefined) {
        return FieldStep.failed;
      }
      this.#nameSource = source;
      field.showNameOf(source);
    }
    return this.#readStringHead() ? FieldStep.name : FieldStep.failed;
  }

  #readNewName(): boolean {
    if (!this.#readStringHead()) {
      return false;
    }
    const field = this.#field;
    field.nameBytes = this.valueIsHuffman ? this.#scope.scratch : this.block;
    field.nameStart = this.valueIsHuffman ? this.#scope.scratchUsed : this.valueStart;
    field.nameEnd = this.valueIsHuffman ? this.#decodeHuffman(this.valueStart, this.valueEnd) : this.valueEnd;
    if (field.nameEnd < 0) {
      this.fault = HeadFault.huffmanInvalid;
      return false;
    }
    field.nameId = findFieldName(field.nameBytes, field.nameStart, field.nameEnd);
    field.nameFault = checkFieldName(field.nameId, field.nameBytes, field.nameStart, field.nameEnd);
    return true;
  }

  /** Reads length and coding of a string and passes it by: it is `block[valueStart, valueEnd)`. */
  #readStringHead(): boolean {
    const cursor = this.#cursor;
    this.valueIsHuffman = (this.block[cursor.at] ?? 0) >= 0x80;
    const length = readInteger(cursor, this.block, this.#end, 0x7f);
    if (length < 0 || length > this.#end - cursor.at) {
      this.fault = length < 0 ? HeadFault.integerInvalid : HeadFault.stringTruncated;
      return false;
    }
    this.valueStart = cursor.at;
    this.valueEnd = cursor.at += length;
    return true;
  }

  #decodeHuffman(start: number, end: number): number {
    const scope = this.#scope;
    const decodedEnd = huffmanDecode(this.block, start, end, scope.scratch, scope.scratchUsed);
    if (decodedEnd >= 0) {
      scope.scratchUsed = decodedEnd;
    }
    return decodedEnd;
  }

  #entryAt(index: number): Entry | undefined {
    const entry =
      index <= staticTableLength ? this.#scope.staticTable[index] : this.table.get(index - staticTableLength - 1);
    if (entry === undefined) {
      this.fault = index < 0 ? HeadFault.integerInvalid : HeadFault.indexInvalid;
    }
    return entry;
  }

  #readSizeUpdates(): boolean {
    const cursor = this.#cursor;
    for (let count = 0; cursor.at < this.#end && ((this.block[cursor.at] ?? 0) & 0xe0) === 0x20; count++) {
      const sizeBytes = readInteger(cursor, this.block, this.#end, 0x1f);
      if (count === maxTableSizeUpdates) {
        this.fault = HeadFault.sizeUpdatesTooMany;
        return false;
      }
      if (sizeBytes < 0 || sizeBytes > this.#tableLimit) {
        this.fault = sizeBytes < 0 ? HeadFault.integerInvalid : HeadFault.sizeUpdateTooLarge;
        return false;
      }
      this.table.resize(sizeBytes);
      this.#sizeUpdateDue = false;
    }
    if (this.#sizeUpdateDue) {
      this.fault = HeadFault.sizeUpdateMissing;
      return false;
    }
    return true;
  }

  #fail(fault: HeadFault): FieldStep {
    this.fault = fault;
    return FieldStep.failed;
  }
}
