// SPDX-License-Identifier: Apache-2.0
import { FieldName, lastPseudoName, lastRuledName } from "./field-name.js";
import { equalIgnoringCase, parseDigits } from "./field-rules.js";
import { HeadFault } from "./head-fault.js";
import { type FieldView, HeadKind } from "./head-reader.js";

const noBytes = new Uint8Array(0);
const connect = [0x43, 0x4f, 0x4e, 0x4e, 0x45, 0x43, 0x54] as const;

const methodBit = 1 << FieldName.method;
const schemeBit = 1 << FieldName.scheme;
const authorityBit = 1 << FieldName.authority;
const pathBit = 1 << FieldName.path;
const statusBit = 1 << FieldName.status;
const hostBit = 1 << FieldName.host;
const contentLengthBit = 1 << FieldName.contentLength;
/** Any field that is not a pseudo field. */
const regularBit = 1 << 30;

const requestPseudoBits = methodBit | schemeBit | authorityBit | pathBit;

/**
 * The rules of RFC 9113 section 8 that look at more than one field of a head: order, repetition, presence, agreement.
 * What is wrong with a field by itself is found by `checkFieldName` and `checkFieldValue`. A hot record: reused for
 * every block.
 */
export class HeadRules {
  /** The number in `content-length`, -1 without one. */
  contentLength = -1;
  /** The number in `:status`, -1 without one. */
  status = -1;
  /** A field was seen that no cache may hold. */
  secret = false;

  #kind: HeadKind = HeadKind.request;
  /** Bits `1 << nameId` of the names seen, up to content-length, and `regularBit`. */
  #seen = 0;
  #isConnect = false;
  #authorityBytes: Uint8Array = noBytes;
  #authorityStart = 0;
  #authorityEnd = 0;

  /** A head begins. */
  begin(kind: HeadKind): void {
    this.contentLength = -1;
    this.status = -1;
    this.secret = false;
    this.#kind = kind;
    this.#seen = 0;
    this.#isConnect = false;
  }

  /** What is wrong with this field at this place in the head. */
  admit(field: FieldView): HeadFault {
    const nameId = field.nameId;
    if (nameId === FieldName.none || nameId > lastRuledName) {
      this.#seen |= regularBit;
      return HeadFault.none;
    }
    return nameId <= lastPseudoName ? this.#admitPseudo(field) : this.#admitRuled(field);
  }

  /** What is missing in the head, now that it is whole. */
  finish(): HeadFault {
    this.#authorityBytes = noBytes;
    switch (this.#kind) {
      case HeadKind.request:
        return this.#finishRequest();
      case HeadKind.response:
        return (this.#seen & statusBit) === 0 ? HeadFault.statusMissing : HeadFault.none;
      case HeadKind.trailers:
        return HeadFault.none;
    }
  }

  #admitPseudo(field: FieldView): HeadFault {
    const bit = 1 << field.nameId;
    if ((this.#pseudoBits() & bit) === 0) {
      return HeadFault.pseudoMisplaced;
    }
    if ((this.#seen & (bit | regularBit)) !== 0) {
      return (this.#seen & bit) === 0 ? HeadFault.pseudoLate : HeadFault.pseudoRepeated;
    }
    this.#seen |= bit;
    if (bit === methodBit) {
      this.#isConnect = isConnect(field);
    } else if (bit === statusBit) {
      this.status = parseDigits(field.valueBytes, field.valueStart, field.valueEnd);
    } else if (bit === authorityBit) {
      this.#authorityBytes = field.valueBytes;
      this.#authorityStart = field.valueStart;
      this.#authorityEnd = field.valueEnd;
    }
    return HeadFault.none;
  }

  #admitRuled(field: FieldView): HeadFault {
    const seen = this.#seen;
    this.#seen |= regularBit;
    switch (field.nameId) {
      case FieldName.host:
        this.#seen |= hostBit;
        if ((seen & hostBit) !== 0) {
          return HeadFault.hostRepeated;
        }
        return (seen & authorityBit) === 0 || this.#isAuthority(field) ? HeadFault.none : HeadFault.hostMismatch;
      case FieldName.contentLength:
        this.#seen |= contentLengthBit;
        this.contentLength = parseDigits(field.valueBytes, field.valueStart, field.valueEnd);
        return (seen & contentLengthBit) === 0 ? HeadFault.none : HeadFault.contentLengthRepeated;
      case FieldName.authorization:
      case FieldName.proxyAuthorization:
      case FieldName.cookie:
      case FieldName.setCookie:
        this.secret = true;
        return HeadFault.none;
      default:
        return HeadFault.none;
    }
  }

  #finishRequest(): HeadFault {
    const seen = this.#seen;
    if (this.#isConnect) {
      return (seen & requestPseudoBits) === (methodBit | authorityBit) ? HeadFault.none : HeadFault.connectInvalid;
    }
    if ((seen & methodBit) === 0) {
      return HeadFault.methodMissing;
    }
    if ((seen & schemeBit) === 0) {
      return HeadFault.schemeMissing;
    }
    return (seen & pathBit) === 0 ? HeadFault.pathMissing : HeadFault.none;
  }

  #pseudoBits(): number {
    switch (this.#kind) {
      case HeadKind.request:
        return requestPseudoBits;
      case HeadKind.response:
        return statusBit;
      case HeadKind.trailers:
        return 0;
    }
  }

  #isAuthority(field: FieldView): boolean {
    return equalIgnoringCase(
      { bytes: field.valueBytes, start: field.valueStart, end: field.valueEnd },
      { bytes: this.#authorityBytes, start: this.#authorityStart, end: this.#authorityEnd },
    );
  }
}

function isConnect(field: FieldView): boolean {
  if (field.valueEnd - field.valueStart !== connect.length) {
    return false;
  }
  return connect.every((octet, at) => field.valueBytes[field.valueStart + at] === octet);
}
