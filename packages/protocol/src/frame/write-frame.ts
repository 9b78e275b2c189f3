// SPDX-License-Identifier: Apache-2.0

import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../message-prefix.js";
import { HEAD_NUMBER } from "./read-frame.js";
import { sizeofVarint, writeVarint } from "./varint.js";
import { type CallHeadFields, sizeofCallHead, writeCallHead } from "./write-call-head.js";
import { sizeofLengthField, writeLengthTag } from "./write-field.js";
import { type ReplyHeadFields, sizeofReplyHead, writeReplyHead } from "./write-reply-head.js";

/**
 * Octets of a frame before its payload: gRPC message prefix, head, and the payload field's tag and length.
 * `payloadNumber` is 0 for a frame without payload, 2 for a fragment, else the member's number.
 */
export function sizeofFramePrefix(headSize: number, payloadNumber: number, payloadSize: number): number {
  return MESSAGE_PREFIX_BYTES + sizeofLengthField(headSize) + sizeofPayloadTag(payloadNumber, payloadSize);
}

/** Writes a Call up to its payload, and returns the offset where the `payloadSize` octets of payload go. */
export function writeCallFrame(
  target: Uint8Array,
  offset: number,
  fields: CallHeadFields,
  payloadNumber: number,
  payloadSize: number,
): number {
  const headSize = sizeofCallHead(fields);
  const head = writeFrameStart(target, offset, headSize, payloadNumber, payloadSize);
  return writePayloadTag(target, writeCallHead(target, head, fields), payloadNumber, payloadSize);
}

/** Writes a Reply up to its payload, and returns the offset where the `payloadSize` octets of payload go. */
export function writeReplyFrame(
  target: Uint8Array,
  offset: number,
  fields: ReplyHeadFields,
  payloadNumber: number,
  payloadSize: number,
): number {
  const headSize = sizeofReplyHead(fields);
  const head = writeFrameStart(target, offset, headSize, payloadNumber, payloadSize);
  return writePayloadTag(target, writeReplyHead(target, head, fields), payloadNumber, payloadSize);
}

function writeFrameStart(
  target: Uint8Array,
  offset: number,
  headSize: number,
  payloadNumber: number,
  payloadSize: number,
): number {
  const payload = payloadNumber === 0 ? 0 : sizeofPayloadTag(payloadNumber, payloadSize) + payloadSize;
  const at = writeMessagePrefix(target, offset, false, sizeofLengthField(headSize) + payload);
  return writeLengthTag(target, at, HEAD_NUMBER, headSize);
}

function sizeofPayloadTag(payloadNumber: number, payloadSize: number): number {
  return payloadNumber === 0 ? 0 : sizeofVarint(payloadNumber * 8) + sizeofVarint(payloadSize);
}

function writePayloadTag(target: Uint8Array, offset: number, payloadNumber: number, payloadSize: number): number {
  if (payloadNumber === 0) return offset;
  // Not a shift: the highest numbers, 2^29-1, would come out negative.
  return writeVarint(target, writeVarint(target, offset, payloadNumber * 8 + 2), payloadSize);
}
