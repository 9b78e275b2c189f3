// SPDX-License-Identifier: Apache-2.0
import { WireType } from "../frame/field-cursor.js";
import { MAX_KEY_BYTES } from "../limits.js";
import type { KeyBytes } from "./key-bytes.js";
import type { KeyKind } from "./key-kind.js";

/** The varint read last, in halves. */
const varint = { low: 0, high: 0 };
const floatBytes = new Uint8Array(8);
const floatView = new DataView(floatBytes.buffer);

/** How a field of this kind is laid out; one that comes in another way is an unknown field of the same number. */
export function wireTypeOfKind(kind: KeyKind): number {
  switch (kind) {
    case "string":
    case "bytes":
      return WireType.length;
    case "double":
    case "fixed64":
    case "sfixed64":
      return WireType.fixed64;
    case "float":
    case "fixed32":
    case "sfixed32":
      return WireType.fixed32;
    default:
      return WireType.varint;
  }
}

/**
 * Makes the encoded value `bytes[start, end)`, which is whole, a key. False for the kind's zero value: to a reader of the
 * message it is the same as none.
 */
export function readKeyValue(kind: KeyKind, bytes: Uint8Array, start: number, end: number, out: KeyBytes): boolean {
  switch (wireTypeOfKind(kind)) {
    case WireType.length:
      if (start === end || end - start > MAX_KEY_BYTES) return false;
      out.set(bytes, start, end);
      return true;
    case WireType.varint:
      readVarint(bytes, start, end);
      return setInteger(kind, varint.high, varint.low, out);
    case WireType.fixed32:
      if (kind === "float") return setFloat(bytes, start, end, out);
      return setInteger(kind, 0, readInt32(bytes, start), out);
    default:
      if (kind === "double") return setFloat(bytes, start, end, out);
      return setInteger(kind, readInt32(bytes, start + 4), readInt32(bytes, start), out);
  }
}

function setInteger(kind: KeyKind, high: number, low: number, out: KeyBytes): boolean {
  switch (kind) {
    case "bool":
      if (low === 0 && high === 0) return false;
      out.setText("true");
      return true;
    // Of 32-bit kinds only the lower half counts: encoders write negative ones with ten octets or with five.
    case "int32":
    case "sfixed32":
    case "enum":
      out.setInt64(low >> 31, low);
      return low !== 0;
    case "sint32": {
      const value = (low >>> 1) ^ -(low & 1);
      out.setInt64(value >> 31, value);
      return value !== 0;
    }
    case "uint32":
    case "fixed32":
      out.setUint64(0, low);
      return low !== 0;
    case "uint64":
    case "fixed64":
      out.setUint64(high, low);
      return low !== 0 || high !== 0;
    case "sint64": {
      const sign = -(low & 1);
      out.setInt64((high >>> 1) ^ sign, ((low >>> 1) | (high << 31)) ^ sign);
      return low !== 0 || high !== 0;
    }
    default:
      out.setInt64(high, low);
      return low !== 0 || high !== 0;
  }
}

/** 0 and -0 are one value to whoever compares, and so are all NaNs. The only kinds for which a short string is made. */
function setFloat(bytes: Uint8Array, start: number, end: number, out: KeyBytes): boolean {
  for (let at = start; at < end; at++) floatBytes[at - start] = bytes[at] as number;
  const value = end - start === 4 ? floatView.getFloat32(0, true) : floatView.getFloat64(0, true);
  out.setText(String(value));
  return value !== 0;
}

/** A varint that is known to be whole; its tenth octet has room for the last bit only. */
function readVarint(bytes: Uint8Array, start: number, end: number): void {
  let low = 0;
  let high = 0;
  let shift = 0;
  for (let at = start; at < end; at++, shift += 7) {
    const bits = (bytes[at] as number) & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift > 28) high |= bits << (shift - 32);
    else {
      low |= bits << 28;
      high = bits >> 4;
    }
  }
  varint.low = low;
  varint.high = high;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
