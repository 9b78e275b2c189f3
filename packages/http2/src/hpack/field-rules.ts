// SPDX-License-Identifier: Apache-2.0
import { FieldName, lastRuledName } from "./field-name.js";
import { fieldBytes } from "./field-text.js";
import { HeadFault } from "./head-fault.js";

const nameAllowed = 1;
const nameUppercase = 2;
const colon = 0x3a;
const trailers: ByteRange = { bytes: fieldBytes("trailers"), start: 0, end: 8 };

/** Octets of a field name: lower-case token characters (RFC 9110 section 5.6.2), or an upper-case letter, or neither. */
const nameClasses = new Uint8Array(256);
for (const octet of fieldBytes("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) {
  nameClasses[octet] = nameAllowed;
}
for (const octet of fieldBytes("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
  nameClasses[octet] = nameUppercase;
}

/** What is wrong with the field name `bytes[start, end)` in any block; `nameId` is what `findFieldName` says of it. */
export function checkFieldName(nameId: number, bytes: Uint8Array, start: number, end: number): HeadFault {
  if (nameId !== FieldName.none) {
    return nameId >= FieldName.connection && nameId <= FieldName.upgrade
      ? HeadFault.connectionSpecific
      : HeadFault.none;
  }
  if (start === end) {
    return HeadFault.nameEmpty;
  }
  if (bytes[start] === colon) {
    return HeadFault.pseudoUnknown;
  }
  for (let at = start; at < end; at++) {
    const octetClass = nameClasses[bytes[at] ?? 0];
    if (octetClass !== nameAllowed) {
      return octetClass === nameUppercase ? HeadFault.nameUppercase : HeadFault.nameInvalid;
    }
  }
  return HeadFault.none;
}

/** What is wrong with the value `bytes[start, end)` of a field with this name in any block. */
export function checkFieldValue(nameId: number, bytes: Uint8Array, start: number, end: number): HeadFault {
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    if (octet <= 0x0d && (octet === 0 || octet === 0x0a || octet === 0x0d)) {
      return HeadFault.valueInvalid;
    }
  }
  if (start < end && (isBlank(bytes[start]) || isBlank(bytes[end - 1]))) {
    return HeadFault.valuePadded;
  }
  return nameId === FieldName.none || nameId > lastRuledName
    ? HeadFault.none
    : checkRuledValue(nameId, bytes, start, end);
}

/** `bytes[start, end)` as a number of at most 15 digits; -1 for anything else. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > 15) {
    return -1;
  }
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) {
      return -1;
    }
    number = number * 10 + digit;
  }
  return number;
}

/** A part of some bytes. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** True if two ranges say the same, upper and lower case aside. */
export function equalIgnoringCase(a: ByteRange, b: ByteRange): boolean {
  if (a.end - a.start !== b.end - b.start) {
    return false;
  }
  for (let at = a.start, other = b.start; at < a.end; at++, other++) {
    if (toLower(a.bytes[at] ?? 0) !== toLower(b.bytes[other] ?? 0)) {
      return false;
    }
  }
  return true;
}

function checkRuledValue(nameId: number, bytes: Uint8Array, start: number, end: number): HeadFault {
  switch (nameId) {
    case FieldName.method:
      return isToken(bytes, start, end) ? HeadFault.none : HeadFault.methodInvalid;
    case FieldName.scheme:
      return isScheme(bytes, start, end) ? HeadFault.none : HeadFault.schemeInvalid;
    case FieldName.authority:
    case FieldName.host:
      return isAuthority(bytes, start, end) ? HeadFault.none : HeadFault.authorityInvalid;
    case FieldName.path:
      return start < end && isVisible(bytes, start, end) ? HeadFault.none : HeadFault.pathInvalid;
    case FieldName.status:
      return isStatus(bytes, start, end) ? HeadFault.none : HeadFault.statusInvalid;
    case FieldName.te:
      return equalIgnoringCase({ bytes, start, end }, trailers) ? HeadFault.none : HeadFault.teInvalid;
    case FieldName.contentLength:
      return parseDigits(bytes, start, end) < 0 ? HeadFault.contentLengthInvalid : HeadFault.none;
    default:
      return HeadFault.none;
  }
}

function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (nameClasses[bytes[at] ?? 0] === 0) {
      return false;
    }
  }
  return start < end;
}

/** A letter, then letters, digits, `+`, `-`, `.` (RFC 3986 section 3.1). */
function isScheme(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const octet = toLower(bytes[at] ?? 0);
    const isLetter = octet >= 0x61 && octet <= 0x7a;
    const isOther = (octet >= 0x30 && octet <= 0x39) || octet === 0x2b || octet === 0x2d || octet === 0x2e;
    if (!isLetter && (at === start || !isOther)) {
      return false;
    }
  }
  return start < end;
}

/** No user information, and nothing that could be read as the start of a path: `@`, `/`, `\`, `?`, `#`. */
function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    if (octet === 0x40 || octet === 0x2f || octet === 0x5c || octet === 0x3f || octet === 0x23) {
      return false;
    }
  }
  return isVisible(bytes, start, end);
}

function isVisible(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const octet = bytes[at] ?? 0;
    if (octet <= 0x20 || octet === 0x7f) {
      return false;
    }
  }
  return true;
}

function isStatus(bytes: Uint8Array, start: number, end: number): boolean {
  const status = end - start === 3 ? parseDigits(bytes, start, end) : -1;
  return status >= 100 && status !== 101;
}

function isBlank(octet: number | undefined): boolean {
  return octet === 0x20 || octet === 0x09;
}

function toLower(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
