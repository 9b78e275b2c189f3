// SPDX-License-Identifier: Apache-2.0

import { nameOfErrorCode } from "@grpc-router/http2";
import { StatusCode, statusOfReset } from "@grpc-router/protocol";
import { type CallEnd, encodeBadMessage, encodeEnd, encodeReasonEnd, encodeTooLarge } from "../channel/call-end.js";
import type { ReplyFault } from "./reply-pipe.js";

/** There is no connection to the target, and the last attempt to make one has failed. */
export const TARGET_DOWN: CallEnd = encodeEnd({
  code: StatusCode.unavailable,
  message: "the server behind the bridge cannot be reached",
  notRun: true,
});

/** The target said that it has not looked at the call, and it cannot be sent again from here. */
export const NOT_PROCESSED: CallEnd = encodeEnd({
  code: StatusCode.unavailable,
  message: "the server behind the bridge did not take the call",
  notRun: true,
});

/** How a call ends whose stream is gone without trailers. */
export function encodeLoss(label: string, code: number, by: "end" | "peer" | "local" | "connection"): CallEnd {
  if (by === "connection") {
    const facts = { method: label, instance: "the server behind the bridge", execution: "started" };
    return encodeReasonEnd("INSTANCE_LOST", facts, "started");
  }
  if (by === "peer") {
    const message = `the server behind the bridge reset the call (${nameOfErrorCode(code)})`;
    return encodeEnd({ code: statusOfReset(code), message });
  }
  const message = `the server behind the bridge broke HTTP/2 (${nameOfErrorCode(code)})`;
  return encodeEnd({ code: StatusCode.internal, message });
}

/** The End of a call with a reply message that cannot go on. */
export function encodeReplyFault(fault: ReplyFault, label: string, limit: number): CallEnd {
  if (fault.kind === "tooLarge") {
    return encodeTooLarge({ direction: "a response", method: label, limit, size: fault.sizeBytes }, "started");
  }
  return encodeBadMessage(label, new Error(`its flags must be 0 or 1, received ${fault.flags}`), "started");
}

/** The End of a call whose last reply message broke off. */
export function encodeCutMessage(label: string): CallEnd {
  return encodeBadMessage(label, new Error("the call ended in the middle of it"), "started");
}
