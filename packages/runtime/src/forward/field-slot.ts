// SPDX-License-Identifier: Apache-2.0
import { copyBytes } from "@grpc-router/http2";
import { sizeofLengthField, writeLengthTag } from "@grpc-router/protocol";

/** One encoded length-delimited field that is put aside until its turn in the order of field numbers. */
export class FieldSlot {
  readonly fieldNumber: number;
  /** `bytes[0, size)`: tag, length, value. May be a table entry's own bytes, so it is never written through. */
  bytes: Uint8Array;
  size = 0;
  /** Where a literal's field is built. */
  #own = new Uint8Array(64);

  constructor(fieldNumber: number) {
    this.fieldNumber = fieldNumber;
    this.bytes = this.#own;
  }

  /** Takes `source[start, end)` as the value; an empty value is the default and leaves nothing. */
  set(source: Uint8Array, start: number, end: number): void {
    this.size = end === start ? 0 : sizeofLengthField(end - start);
    if (this.size > this.#own.length) this.#own = new Uint8Array(this.size * 2);
    this.bytes = this.#own;
    if (this.size > 0)
      copyBytes(source, start, end, this.#own, writeLengthTag(this.#own, 0, this.fieldNumber, end - start));
  }

  /** Takes a field that is encoded already, by reference. */
  setEncoded(encoded: Uint8Array): void {
    this.bytes = encoded;
    this.size = encoded.length;
  }
}
