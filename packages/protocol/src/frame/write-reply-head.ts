// SPDX-License-Identifier: Apache-2.0

import { sizeofLengthField, sizeofVarintField, writeLengthField, writeVarintField } from "./write-field.js";

/** What a ReplyHead is to say, except control (see `encodeInstanceControl`). One record is reused for all frames of a writer. */
export class ReplyHeadFields {
  callId = 0;
  hasHeader = false;
  /** `header[headerStart, headerEnd)`: an encoded Header. */
  header: Uint8Array = new Uint8Array(0);
  headerStart = 0;
  headerEnd = 0;
  hasEnd = false;
  /** `end[endStart, endEnd)`: an encoded End. */
  end: Uint8Array = new Uint8Array(0);
  endStart = 0;
  endEnd = 0;
  /** Cost units. */
  credit = 0;
  acceptedThrough = 0;
}

/** Octets of the ReplyHead that `writeReplyHead` writes. */
export function sizeofReplyHead(fields: ReplyHeadFields): number {
  let size =
    sizeofVarintField(fields.callId) + sizeofVarintField(fields.credit) + sizeofVarintField(fields.acceptedThrough);
  if (fields.hasHeader) size += sizeofLengthField(fields.headerEnd - fields.headerStart);
  if (fields.hasEnd) size += sizeofLengthField(fields.endEnd - fields.endStart);
  return size;
}

/** Writes a ReplyHead as the reference encoder would, and returns the offset behind it. */
export function writeReplyHead(target: Uint8Array, offset: number, fields: ReplyHeadFields): number {
  let at = writeVarintField(target, offset, 1, fields.callId);
  if (fields.hasHeader) {
    at = writeLengthField(target, at, 2, fields.header, fields.headerStart, fields.headerEnd);
  }
  if (fields.hasEnd) at = writeLengthField(target, at, 3, fields.end, fields.endStart, fields.endEnd);
  at = writeVarintField(target, at, 4, fields.credit);
  return writeVarintField(target, at, 5, fields.acceptedThrough);
}
