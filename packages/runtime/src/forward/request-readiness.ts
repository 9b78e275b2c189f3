// SPDX-License-Identifier: Apache-2.0
import { MAX_PAYLOAD_BYTES, MESSAGE_PREFIX_BYTES, readMessageFlags, readMessageLength } from "@grpc-router/protocol";
import { minSliceBytes } from "../limits.js";
import type { CallRecord } from "./call-record.js";
import { ContentType } from "./request-head.js";

/**
 * Whether what a call that has not started holds is worth its first frame: a whole small message, or the first slice of
 * another. A unary or server-streaming call has no use for an earlier Start, and is one frame this way; others start at
 * the end of the turn anyway. A request that has ended is always ready: what is wrong with it shows when it is sent.
 */
export function isRequestReady(call: CallRecord): boolean {
  if (call.requestEnded) return true;
  const { log } = call;
  const { bytes, sent, end } = log;
  if (end - sent < MESSAGE_PREFIX_BYTES) return false;
  const length = readMessageLength(bytes, sent);
  // Too large or malformed: to be refused at once.
  if (length > call.route.maxRequestMessageBytes || readMessageFlags(bytes, sent) > 1) return true;
  if (call.route.key?.needsMessage === true) return log.held - sent - MESSAGE_PREFIX_BYTES >= length;
  const mayBeWhole = length <= MAX_PAYLOAD_BYTES && readMessageFlags(bytes, sent) === 0;
  const isTyped = mayBeWhole && call.contentType !== ContentType.grpcSubtype;
  return end - sent - MESSAGE_PREFIX_BYTES >= (isTyped ? length : Math.min(length, minSliceBytes));
}
