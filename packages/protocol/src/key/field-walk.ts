// SPDX-License-Identifier: Apache-2.0
import { WireType } from "../frame/field-cursor.js";
import { MAX_GROUP_DEPTH, MAX_KEY_FIELDS } from "../limits.js";

/** Octets of the longest varint. */
const maxVarintBytes = 10;

/** What a walk through fields finds beside an offset; one for each walker. */
export class FieldWalk {
  /** The tag at hand as an int32: number << 3 | wire type. */
  tag = 0;
  /** Where the octets of a length-delimited value begin. */
  valueStart = 0;
  /** Fields seen since it was last set to 0, those in groups that were skipped among them. */
  count = 0;

  /** Reads a tag at `at`, which is before `limit`; answers the offset behind it, -1 if there is none. */
  readTag(bytes: Uint8Array, at: number, limit: number): number {
    const first = bytes[at] as number;
    this.tag = first;
    if (first < 0x80) return first < 8 ? -1 : at + 1; // there is no field 0
    const end = endOfVarint(bytes, at, limit);
    let tag = first & 0x7f;
    for (let index = at + 1, shift = 7; index < end; index++, shift += 7) {
      const bits = (bytes[index] as number) & 0x7f;
      // A tag has 32 bits; zeros may follow.
      if (shift >= 28 && bits > (shift === 28 ? 15 : 0)) return -1;
      if (shift <= 28) tag |= bits << shift;
    }
    this.tag = tag;
    return (tag & ~7) === 0 ? -1 : end;
  }

  /**
   * The offset behind the value of the field whose tag is at hand, -1 if it is cut off or none; its octets begin at
   * `valueStart`.
   */
  skipValue(bytes: Uint8Array, at: number, limit: number, depth: number): number {
    this.valueStart = at;
    let end = -1;
    switch (this.tag & 7) {
      case WireType.length:
        return this.#skipLength(bytes, at, limit);
      case WireType.varint:
        return endOfVarint(bytes, at, limit);
      case WireType.fixed64:
        end = at + 8;
        break;
      case WireType.fixed32:
        end = at + 4;
        break;
      case WireType.groupStart:
        return depth === MAX_GROUP_DEPTH ? -1 : this.#skipGroup(bytes, at, limit, depth + 1);
    }
    return end > limit ? -1 : end;
  }

  #skipLength(bytes: Uint8Array, at: number, limit: number): number {
    const end = endOfVarint(bytes, at, limit);
    let length = 0;
    for (let index = at, unit = 1; index < end; index++, unit *= 0x80) {
      length += ((bytes[index] as number) & 0x7f) * unit;
    }
    this.valueStart = end;
    return end < 0 || length > limit - end ? -1 : end + length;
  }

  /** Skips fields up to the end tag of the group whose tag is at hand. */
  #skipGroup(bytes: Uint8Array, start: number, limit: number, depth: number): number {
    const endTag = (this.tag & ~7) | WireType.groupEnd;
    for (let at = start; at < limit; ) {
      at = this.readTag(bytes, at, limit);
      if (at < 0 || ++this.count > MAX_KEY_FIELDS) return -1;
      if ((this.tag & 7) === WireType.groupEnd) return this.tag === endTag ? at : -1;
      at = this.skipValue(bytes, at, limit, depth);
      if (at < 0) return -1;
    }
    return -1;
  }
}

/** The offset behind the varint at `at`; -1 if it is cut off or has more than 64 bits. */
function endOfVarint(bytes: Uint8Array, at: number, limit: number): number {
  const last = Math.min(limit, at + maxVarintBytes);
  for (let index = at; index < last; index++) {
    const octet = bytes[index] as number;
    // The tenth octet has room for the last bit only: decoders do not agree on what more would mean.
    if (octet < 0x80) return index - at === maxVarintBytes - 1 && octet > 1 ? -1 : index + 1;
  }
  return -1;
}
