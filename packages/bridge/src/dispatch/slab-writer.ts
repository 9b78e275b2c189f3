// SPDX-License-Identifier: Apache-2.0

import { protoInt64 } from "@bufbuild/protobuf";
import { ByteSlab, copyBytes, MAX_PIECE_BYTES, sizeofVarint, writeVarint } from "@grpc-router/protocol";
import { UNUSUAL } from "./unusual.js";

/** Up to here a loop over ASCII is faster than the encoder. */
const LOOP_CHARACTERS = 64;
const encoder = new TextEncoder();
const number = new DataView(new ArrayBuffer(8));
const numberBytes = new Uint8Array(number.buffer);

/**
 * Writes protobuf's scalars into a slab. Throws `UNUSUAL` for what is no value of its type, and when a message gets longer
 * than a piece of a slab may be.
 */
export class SlabWriter {
  readonly #slab = new ByteSlab();
  #bytes = this.#slab.bytes;
  #at = 0;
  #limit = 0;

  begin(): void {
    this.#slab.reserve(MAX_PIECE_BYTES);
    this.#bytes = this.#slab.bytes;
    this.#at = this.#slab.offset;
    this.#limit = this.#at + MAX_PIECE_BYTES;
  }

  /** All that was written since `begin()`. */
  finish(): Uint8Array {
    return this.#slab.take(this.#at);
  }

  /** Tags, sizes and whatever else is an unsigned integer. */
  uint32(value: unknown): void {
    if (typeof value !== "number" || value >>> 0 !== value) throw UNUSUAL;
    this.#room(5);
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  int32(value: unknown): void {
    if (typeof value !== "number" || (value | 0) !== value) throw UNUSUAL;
    if (value >= 0) this.uint32(value);
    else this.#varint64(value, -1);
  }

  sint32(value: unknown): void {
    if (typeof value !== "number" || (value | 0) !== value) throw UNUSUAL;
    this.uint32(((value << 1) ^ (value >> 31)) >>> 0);
  }

  bool(value: unknown): void {
    if (typeof value !== "boolean") throw UNUSUAL;
    this.uint32(value ? 1 : 0);
  }

  int64(value: unknown): void {
    const { lo, hi } = protoInt64.enc(bigintOf(value));
    this.#varint64(lo, hi);
  }

  uint64(value: unknown): void {
    const { lo, hi } = protoInt64.uEnc(bigintOf(value));
    this.#varint64(lo, hi);
  }

  sint64(value: unknown): void {
    const { lo, hi } = protoInt64.enc(bigintOf(value));
    const sign = hi >> 31;
    this.#varint64((lo << 1) ^ sign, ((hi << 1) | (lo >>> 31)) ^ sign);
  }

  fixed32(value: unknown): void {
    if (typeof value !== "number" || value >>> 0 !== value) throw UNUSUAL;
    number.setUint32(0, value, true);
    this.#number(4);
  }

  sfixed32(value: unknown): void {
    if (typeof value !== "number" || (value | 0) !== value) throw UNUSUAL;
    number.setInt32(0, value, true);
    this.#number(4);
  }

  fixed64(value: unknown): void {
    this.#fixed64(protoInt64.uEnc(bigintOf(value)));
  }

  sfixed64(value: unknown): void {
    this.#fixed64(protoInt64.enc(bigintOf(value)));
  }

  float(value: unknown): void {
    if (typeof value !== "number") throw UNUSUAL;
    // Too large for a float, though finite: an error.
    if (!Number.isFinite(Math.fround(value)) && Number.isFinite(value)) throw UNUSUAL;
    number.setFloat32(0, value, true);
    this.#number(4);
  }

  double(value: unknown): void {
    if (typeof value !== "number") throw UNUSUAL;
    number.setFloat64(0, value, true);
    this.#number(8);
  }

  bytes(value: unknown): void {
    if (!(value instanceof Uint8Array)) throw UNUSUAL;
    this.uint32(value.length);
    this.#room(value.length);
    this.#at = copyBytes(value, 0, value.length, this.#bytes, this.#at);
  }

  string(value: unknown): void {
    if (typeof value !== "string") throw UNUSUAL;
    this.uint32(value.length);
    this.#room(value.length);
    if (value.length <= LOOP_CHARACTERS && this.#ascii(value)) return;
    const start = this.#at;
    const { read, written } = encoder.encodeInto(value, this.#bytes.subarray(start, this.#limit));
    if (read < value.length) throw UNUSUAL;
    this.#at += written;
    // The size in front was that of ASCII.
    if (written !== value.length) this.#resize(start - sizeofVarint(value.length), start, written);
  }

  /** Begins what is preceded by its size; returns what `join` has to be given. */
  fork(): number {
    this.#room(1);
    return this.#at++;
  }

  /** Ends it. */
  join(fork: number): void {
    this.#resize(fork, fork + 1, this.#at - fork - 1);
  }

  /** Writes the size of the `size` octets at `start` to `at`, and moves them to where it ends. */
  #resize(at: number, start: number, size: number): void {
    const moved = at + sizeofVarint(size);
    if (moved !== start) {
      this.#room(moved - start);
      this.#bytes.copyWithin(moved, start, start + size);
    }
    writeVarint(this.#bytes, at, size);
    this.#at = moved + size;
  }

  #room(size: number): void {
    if (this.#at + size > this.#limit) throw UNUSUAL;
  }

  /** Writes `text`, for which there is room; false, and nothing written, if it is not ASCII. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[at + index] = code;
    }
    this.#at = at + text.length;
    return true;
  }

  #varint64(low: number, high: number): void {
    this.#room(10);
    let lo = low >>> 0;
    let hi = high >>> 0;
    while (hi > 0 || lo > 0x7f) {
      this.#bytes[this.#at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    this.#bytes[this.#at++] = lo;
  }

  #fixed64({ lo, hi }: { readonly lo: number; readonly hi: number }): void {
    number.setInt32(0, lo, true);
    number.setInt32(4, hi, true);
    this.#number(8);
  }

  #number(size: number): void {
    this.#room(size);
    this.#at = copyBytes(numberBytes, 0, size, this.#bytes, this.#at);
  }
}

/** Integers of 64 bits may be numbers and texts, too; out of range, they throw where they are encoded. */
function bigintOf(value: unknown): bigint {
  if (typeof value !== "bigint") throw UNUSUAL;
  return value;
}
