// SPDX-License-Identifier: Apache-2.0

import { MAX_GROUP_DEPTH } from "../limits.js";
import { UNSAFE_UINT64 } from "./varint.js";

/** How a field's value is laid out (https://protobuf.dev/programming-guides/encoding). */
export const WireType = { varint: 0, fixed64: 1, length: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

const NO_BYTES = new Uint8Array(0);

/**
 * Walks the fields of one encoded protobuf message without making an object. Everything that reads channel bytes stands
 * on `next`: it never throws, never reads outside of [start, end), and takes varints of up to ten octets.
 */
export class FieldCursor {
  bytes: Uint8Array = NO_BYTES;
  /** Offset of the next field. */
  offset = 0;
  /** End of the message. */
  end = 0;
  /** Wire type of the field at hand. */
  wireType = 0;
  /** Lower half of a varint as a signed 32-bit integer. */
  low = 0;
  /** Upper half of a varint as a signed 32-bit integer. */
  high = 0;
  /** Where the value of a length-delimited field begins … */
  valueStart = 0;
  /** … and ends. */
  valueEnd = 0;

  /** Puts the cursor before the first field of `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  /** Moves to the next field and returns its number; 0 behind the last one, -1 if what follows is not a field. */
  next(): number {
    if (this.offset >= this.end) return 0;
    let tag = this.bytes[this.offset] as number;
    if (tag < 0x80) this.offset++;
    else {
      if (!this.readVarint() || this.high !== 0) return -1;
      tag = this.low >>> 0;
    }
    const number = tag >>> 3;
    if (number === 0) return -1;
    this.wireType = tag & 7;
    return this.readValue(number, MAX_GROUP_DEPTH) ? number : -1;
  }

  /** The varint at hand as an uint64; `UNSAFE_UINT64` if it is above 2^53-1. */
  uint64(): number {
    if (this.high === 0) return this.low >>> 0;
    const high = this.high >>> 0;
    return high < 0x200000 ? high * 0x100000000 + (this.low >>> 0) : UNSAFE_UINT64;
  }

  /** The varint at hand as an uint32: protobuf drops the upper half. */
  uint32(): number {
    return this.low >>> 0;
  }

  /** The varint at hand as a bool. */
  bool(): boolean {
    return this.low !== 0 || this.high !== 0;
  }

  private readValue(number: number, depth: number): boolean {
    switch (this.wireType) {
      case WireType.varint:
        return this.readVarint();
      case WireType.length:
        return this.readLength();
      case WireType.fixed64:
        this.offset += 8;
        return this.offset <= this.end;
      case WireType.fixed32:
        this.offset += 4;
        return this.offset <= this.end;
      case WireType.groupStart:
        return depth > 0 && this.skipGroup(number, depth);
      default:
        return false;
    }
  }

  private readLength(): boolean {
    if (!this.readVarint()) return false;
    const length = this.low;
    // A length of 2^31 or more shows as negative.
    if (this.high !== 0 || length < 0 || length > this.end - this.offset) return false;
    this.valueStart = this.offset;
    this.offset += length;
    this.valueEnd = this.offset;
    return true;
  }

  /** Reads a varint at `offset` into `low` and `high`; false if it is cut off or has more than 64 bits. */
  private readVarint(): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let offset = this.offset;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (offset >= end) return false;
      const octet = bytes[offset++] as number;
      low |= (octet & 0x7f) << shift;
      if (octet < 0x80) {
        this.offset = offset;
        this.low = low;
        this.high = 0;
        return true;
      }
    }
    return this.readLongVarint(offset, low);
  }

  /** The fifth to tenth octet of a varint. */
  private readLongVarint(from: number, lowBits: number): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let offset = from;
    if (offset >= end) return false;
    let octet = bytes[offset++] as number;
    this.low = lowBits | ((octet & 0x0f) << 28);
    let high = (octet & 0x7f) >> 4;
    for (let shift = 3; octet >= 0x80; shift += 7) {
      if (shift > 31 || offset >= end) return false;
      octet = bytes[offset++] as number;
      // The tenth octet has room for the last bit only: decoders do not agree on what more would mean.
      if (shift === 31 && octet > 1) return false;
      high |= (octet & 0x7f) << shift;
    }
    this.high = high;
    this.offset = offset;
    return true;
  }

  /** Skips the fields of an unknown group up to its end tag, which must have the same number. */
  private skipGroup(group: number, depth: number): boolean {
    for (;;) {
      if (this.offset >= this.end || !this.readVarint() || this.high !== 0) return false;
      const number = this.low >>> 3;
      this.wireType = this.low & 7;
      if (number === 0) return false;
      if (this.wireType === WireType.groupEnd) {
        this.wireType = WireType.groupStart;
        return number === group;
      }
      if (!this.readValue(number, depth - 1)) return false;
    }
  }
}
