// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "../copy-bytes.js";
import type { DecodedField } from "./decoded-field.js";
import { FieldName } from "./field-name.js";
import { fieldNameBytes } from "./field-name-lookup.js";
import { Entry, entryOverheadBytes } from "./table-entry.js";

const firstCapacity = 8;
/** Octets of the first shared array of values, and of the largest: idle connections keep what they have. */
const firstValuesBytes = 128;
const mostValuesBytes = 1_024;
const noBytes = new Uint8Array(0);

/**
 * The dynamic table of a decoder (RFC 7541 section 2.3.2): a ring of entries, newest first. An idle connection that
 * never inserted holds no slots.
 */
export class DynamicTable {
  #slots: (Entry | undefined)[] = [];
  /** Slot of the newest entry. */
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes: number;
  #generation = 0;
  /** Values of the newest entries, one behind the other: an array for each is most of what an insertion costs. Those of older ones live as long as an entry. */
  #values: Uint8Array = noBytes;
  #valuesUsed = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Changes with every change of the table: what was true of a block stays true while this is the same. */
  get generation(): number {
    return this.#generation;
  }

  /** Entries in the table. */
  get length(): number {
    return this.#count;
  }

  /** Octets of all entries (RFC 7541 section 4.1). */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Octets that the entries may have. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The entry at `position`, 0 being the newest; undefined behind the oldest. */
  get(position: number): Entry | undefined {
    return position < this.#count ? this.#slots[(this.#newest - position) & (this.#slots.length - 1)] : undefined;
  }

  /**
   * Inserts a copy of `field`; `nameSource` is the entry that its name came from, if it came from one. Returns
   * undefined if it is larger than the whole table, which is empty then (RFC 7541 section 4.4).
   */
  insert(field: DecodedField, nameSource: Entry | undefined): Entry | undefined {
    this.#generation++;
    const size = field.nameEnd - field.nameStart + field.valueEnd - field.valueStart + entryOverheadBytes;
    this.#evict(this.#maxBytes - size);
    if (size > this.#maxBytes) {
      return undefined;
    }
    const nameBytes = nameSource?.nameBytes ?? ownName(field);
    const valueStart = this.#copyValue(field);
    const entry = new Entry(field, nameBytes, this.#values, valueStart, this.#valuesUsed);
    if (this.#count === this.#slots.length) {
      this.#grow();
    }
    this.#newest = (this.#newest + 1) & (this.#slots.length - 1);
    this.#slots[this.#newest] = entry;
    this.#count++;
    this.#bytes += size;
    return entry;
  }

  /** Becomes what `other` is, which it shares the entries with: nobody writes in them any more. */
  copyFrom(other: DynamicTable): void {
    this.#slots = [...other.#slots];
    this.#newest = other.#newest;
    this.#count = other.#count;
    this.#bytes = other.#bytes;
    this.#maxBytes = other.#maxBytes;
    this.#generation++;
  }

  /** Sets the size that entries may have, evicting the oldest until they fit (RFC 7541 section 4.3). */
  resize(maxBytes: number): void {
    this.#generation++;
    this.#maxBytes = maxBytes;
    this.#evict(maxBytes);
  }

  /** Puts a copy of the value behind those in `#values`, or at the start of a new one, and returns where. */
  #copyValue(field: DecodedField): number {
    const { valueBytes, valueStart, valueEnd } = field;
    const size = valueEnd - valueStart;
    if (this.#valuesUsed + size > this.#values.length) {
      const grown = Math.min(Math.max(firstValuesBytes, this.#values.length * 2), mostValuesBytes);
      this.#values = new Uint8Array(Math.max(grown, size));
      this.#valuesUsed = 0;
    }
    const at = this.#valuesUsed;
    this.#valuesUsed = copyBytes(valueBytes, valueStart, valueEnd, this.#values, at);
    return at;
  }

  #evict(untilBytes: number): void {
    while (this.#bytes > untilBytes && this.#count > 0) {
      this.#count--;
      const slot = (this.#newest - this.#count) & (this.#slots.length - 1);
      this.#bytes -= this.#slots[slot]?.size ?? 0;
      this.#slots[slot] = undefined;
    }
  }

  /** Doubles the ring; its length is a power of two, so positions wrap by a mask. */
  #grow(): void {
    const oldestFirst: (Entry | undefined)[] = [];
    for (let position = this.#count - 1; position >= 0; position--) {
      oldestFirst.push(this.get(position));
    }
    const capacity = Math.max(firstCapacity, this.#slots.length * 2);
    while (oldestFirst.length < capacity) {
      oldestFirst.push(undefined);
    }
    this.#slots = oldestFirst;
    this.#newest = (this.#count - 1) & (capacity - 1);
  }
}

function ownName(field: DecodedField): Uint8Array {
  return field.nameId === FieldName.none
    ? slice(field.nameBytes, field.nameStart, field.nameEnd)
    : fieldNameBytes(field.nameId);
}

function slice(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copyBytes(bytes, start, end, copy, 0);
  return copy;
}
