// SPDX-License-Identifier: Apache-2.0

import { copyBytes } from "./copy-bytes.js";
import { sizeofLengthField, sizeofVarintField, writeLengthTag, writeVarintField } from "./write-field.js";

/** What a CallHead is to say, except control (see `encodeRouterControl`). One record is reused for all frames of a writer. */
export class CallHeadFields {
  callId = 0;
  /** Whether there is a CallStart: `method`, `timeoutUs`, `attempt` and `rest`. */
  hasStart = false;
  method = 0;
  /** Microseconds left, rounded up, at least 1; 0: no deadline. */
  timeoutUs = 0;
  attempt = 0;
  /** `rest[restStart, restEnd)`: encoded fields 3 to 7 of the CallStart, in order. */
  rest: Uint8Array = new Uint8Array(0);
  restStart = 0;
  restEnd = 0;
  halfClose = false;
  /** Cost units. */
  credit = 0;
  /** -1: absent; else a Cancel.Mode. */
  cancel = -1;
}

/** Octets of the CallHead that `writeCallHead` writes. */
export function sizeofCallHead(fields: CallHeadFields): number {
  let size = sizeofVarintField(fields.callId) + sizeofVarintField(fields.credit);
  if (fields.hasStart) size += sizeofLengthField(sizeofStart(fields));
  if (fields.halfClose) size += 2;
  if (fields.cancel >= 0) size += fields.cancel === 0 ? 2 : 4;
  return size;
}

/** Writes a CallHead as the reference encoder would, and returns the offset behind it. */
export function writeCallHead(target: Uint8Array, offset: number, fields: CallHeadFields): number {
  let at = writeVarintField(target, offset, 1, fields.callId);
  if (fields.hasStart) at = writeStart(target, writeLengthTag(target, at, 2, sizeofStart(fields)), fields);
  if (fields.halfClose) {
    target[at++] = 3 << 3;
    target[at++] = 1;
  }
  at = writeVarintField(target, at, 4, fields.credit);
  if (fields.cancel >= 0) {
    at = writeLengthTag(target, at, 5, fields.cancel === 0 ? 0 : 2);
    at = writeVarintField(target, at, 1, fields.cancel);
  }
  return at;
}

function sizeofStart(fields: CallHeadFields): number {
  return (
    sizeofVarintField(fields.method) +
    sizeofVarintField(fields.timeoutUs) +
    (fields.restEnd - fields.restStart) +
    sizeofVarintField(fields.attempt)
  );
}

function writeStart(target: Uint8Array, offset: number, fields: CallHeadFields): number {
  let at = writeVarintField(target, offset, 1, fields.method);
  at = writeVarintField(target, at, 2, fields.timeoutUs);
  at = copyBytes(fields.rest, fields.restStart, fields.restEnd, target, at);
  return writeVarintField(target, at, 8, fields.attempt);
}
