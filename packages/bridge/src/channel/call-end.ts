// SPDX-License-Identifier: Apache-2.0

import { create, toBinary } from "@bufbuild/protobuf";
import {
  EndSchema,
  ERROR_DOMAIN,
  encodeStatusDetails,
  formatReason,
  METADATA_ENTRY_OVERHEAD,
  type MetadataEntry,
  percentEncode,
  type Reason,
  type ReasonFacts,
  reasons,
  StatusCode,
} from "@grpc-router/protocol";
import { MAX_SHOWN_CHARS } from "../limits.js";

/** How a call ends: what the log and the signal say, and the encoded End. */
export interface CallEnd {
  readonly code: number;
  /** For people; not percent-encoded. */
  readonly message: string;
  readonly bytes: Uint8Array;
  /** Proof that user code did not and will not run. */
  readonly notRun: boolean;
}

/** What an End says; everything else is absent. */
export interface EndFacts {
  readonly code: number;
  readonly message?: string;
  /** An encoded google.rpc.Status. */
  readonly details?: Uint8Array;
  readonly trailers?: MetadataEntry[];
  /** Proof that user code did not and will not run. */
  readonly notRun?: boolean;
}

/** Whether user code may have run, as callers are told. */
export type Execution = "none" | "unknown" | "started";

/** OK without trailers: an End with nothing in it. */
export const END_OK: CallEnd = { code: StatusCode.ok, message: "", bytes: new Uint8Array(0), notRun: false };
/** The caller has gone. */
export const END_CANCELLED: CallEnd = encodeEnd({ code: StatusCode.cancelled, message: "the call was cancelled" });
/** Its deadline has passed. */
export const END_DEADLINE: CallEnd = encodeEnd({
  code: StatusCode.deadlineExceeded,
  message: "the deadline has passed",
});
/** The caller had gone before user code began. */
export const END_CANCELLED_NOT_RUN: CallEnd = encodeEnd({ ...END_CANCELLED, notRun: true });
/** The deadline had passed before user code began. */
export const END_DEADLINE_NOT_RUN: CallEnd = encodeEnd({ ...END_DEADLINE, notRun: true });
/** Given back when the router asked for it. */
export const END_REVOKED: CallEnd = encodeEnd({ code: StatusCode.aborted, message: "given back", notRun: true });
/** A Start that crossed a lowered capacity, or one more than a channel may have open. */
export const END_NO_CAPACITY: CallEnd = encodeEnd({
  code: StatusCode.resourceExhausted,
  message: "the instance has no room for the call",
  notRun: true,
});

/** Encodes an End. */
export function encodeEnd(facts: EndFacts): CallEnd {
  const { code, message = "", details, trailers = [], notRun = false } = facts;
  const end = create(EndSchema, { code, message: percentEncode(message), trailers, notRun });
  if (details !== undefined) end.details = details;
  return { code, message, bytes: toBinary(EndSchema, end), notRun };
}

/** The End of a call that the bridge itself ends, with the ErrorInfo that tells programs why (docs/channel.md section 8). */
export function encodeReasonEnd<R extends Reason>(reason: R, facts: ReasonFacts<R>, execution: Execution): CallEnd {
  const { code } = reasons[reason];
  const message = formatReason(reason, facts);
  const errorInfo = { reason, domain: ERROR_DOMAIN, metadata: { execution } };
  return encodeEnd({ code, message, details: encodeStatusDetails({ code, message, errorInfo }) });
}

/** The End of a call whose own deadline passed while user code ran; user code is told in fewer words. */
export function encodeExpired(method: string, instance: string): CallEnd {
  return { ...END_DEADLINE, bytes: encodeReasonEnd("CALL_DEADLINE", { method, instance }, "started").bytes };
}

/** The End of a call that asks for something nobody here understands. */
export function encodeUnsupported(method: string, what: string, accepted: string, execution: Execution): CallEnd {
  const detail = `${shorten(what)} is not supported here, only ${accepted}`;
  return encodeReasonEnd("CALL_UNSUPPORTED", { method, detail }, execution);
}

/** The End of a call of one request message with `received` of them (gRPC's cardinality rule). */
export function encodeNotOneRequest(method: string, received: string, execution: Execution): CallEnd {
  const detail = `the method takes one request message, received ${received}`;
  return encodeReasonEnd("CALL_UNSUPPORTED", { method, detail }, execution);
}

/** The End of a call with a message that cannot be read. */
export function encodeBadMessage(method: string, error: unknown, execution: Execution): CallEnd {
  const detail = error instanceof Error ? error.message : String(error);
  return encodeReasonEnd("BAD_MESSAGE", { method, detail }, execution);
}

/** The End of a call with a message over its limit. */
export function encodeTooLarge(facts: ReasonFacts<"MESSAGE_TOO_LARGE">, execution: Execution): CallEnd {
  return encodeReasonEnd("MESSAGE_TOO_LARGE", facts, execution);
}

/** A peer's text as a status shows it. */
export function shorten(text: string): string {
  return text.length <= MAX_SHOWN_CHARS ? text : `${text.slice(0, MAX_SHOWN_CHARS)}…`;
}

/** What a metadata list counts towards the limit that the router's Welcome states. */
export function metadataBytes(entries: readonly MetadataEntry[]): number {
  let size = 0;
  for (const { name, value } of entries) size += name.length + value.length + METADATA_ENTRY_OVERHEAD;
  return size;
}
