// SPDX-License-Identifier: Apache-2.0

import { create, type Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { MAX_METADATA_ENTRIES, type MetadataEntry } from "@grpc-router/protocol";
import { type Call, CallPhase } from "../channel/call.js";
import {
  type CallEnd,
  END_OK,
  encodeEnd,
  encodeReasonEnd,
  encodeTooLarge,
  metadataBytes,
} from "../channel/call-end.js";
import { settleCall } from "../channel/call-life.js";
import { encodeErrorEnd, INTERNAL_ERROR } from "./error-end.js";
import { encodeMessage } from "./message-encoder.js";
import { encodeHeader, toMetadataEntries } from "./reply-metadata.js";

/** User code has given its one response. */
export function settleMessage(call: Call, value: unknown): void {
  if (call.phase !== CallPhase.begun) {
    settleCall(call, undefined, END_OK);
    return;
  }
  let message: Uint8Array;
  try {
    message = encodeReply(call, value);
  } catch (error) {
    settleError(call, error);
    return;
  }
  const fault = takeHeader(call) ?? judgeSize(call, message);
  if (fault !== undefined) {
    settleCall(call, undefined, fault);
    return;
  }
  const end = endOfSuccess(call);
  settleCall(call, end.code === 0 ? message : undefined, end);
}

/** User code has come to the end of its response stream. */
export function settleStream(call: Call): void {
  const end = call.phase === CallPhase.begun ? (takeHeader(call) ?? endOfSuccess(call)) : END_OK;
  settleCall(call, undefined, end);
}

/** User code has thrown. Callers are told what a `ConnectError` says, and nothing of any other error. */
export function settleError(call: Call, error: unknown): void {
  if (call.phase !== CallPhase.begun) {
    settleCall(call, undefined, END_OK);
    return;
  }
  const fault = takeHeader(call);
  if (fault !== undefined) {
    settleCall(call, undefined, fault);
    return;
  }
  settleCall(call, undefined, endOfError(call, error));
}

/** The bytes of a response, from a message or from its initializer. Throws what protobuf-es throws. */
export function encodeReply(call: Call, value: unknown): Uint8Array {
  const { output } = call.method.desc;
  // `create` takes a message as it is, and checks an initializer.
  return encodeMessage(output, create(output, value as Message));
}

/** Moves the response header to where it is written from, once. The End of the call if it cannot be sent. */
export function takeHeader(call: Call): CallEnd | undefined {
  const headers = call.replyStarted ? undefined : call.context?.touchedHeader;
  call.replyStarted = true;
  if (headers === undefined) return undefined;
  const entries = entriesOf(call, headers);
  if (entries.length === 0) return undefined;
  const fault = judgeMetadata(call, entries, 0);
  if (fault === undefined) call.header = encodeHeader(entries);
  return fault;
}

/** The End of a call whose response is more than the router takes. */
export function judgeSize(call: Call, message: Uint8Array): CallEnd | undefined {
  const limit = call.port.maxReplyBytes;
  if (message.length <= limit) return undefined;
  const facts = { direction: "a response", method: call.method.label, limit, size: message.length };
  return encodeTooLarge(facts, "started");
}

function endOfSuccess(call: Call): CallEnd {
  const trailers = trailersOf(call);
  if (trailers.length === 0) return END_OK;
  return judgeMetadata(call, trailers, 0) ?? encodeEnd({ code: 0, trailers });
}

function endOfError(call: Call, error: unknown): CallEnd {
  const trailers = trailersOf(call);
  if (error instanceof ConnectError) {
    try {
      // What a client of the handler received is its own; only what the handler itself raised goes on.
      if (!isFromWire(error)) trailers.push(...entriesOf(call, error.metadata));
      const end = encodeErrorEnd(error, trailers);
      return judgeMetadata(call, trailers, end.bytes.length) ?? end;
    } catch (fault) {
      // A detail that is no message: the handler's mistake, like any other throw.
      call.port.handlerFailed(call, fault);
    }
  } else call.port.handlerFailed(call, error);
  return judgeMetadata(call, trailers, 0) ?? encodeEnd({ ...INTERNAL_ERROR, trailers });
}

function trailersOf(call: Call): MetadataEntry[] {
  const headers = call.context?.touchedTrailer;
  return headers === undefined ? [] : entriesOf(call, headers);
}

function entriesOf(call: Call, headers: Headers): MetadataEntry[] {
  return toMetadataEntries(headers, (name) => call.port.metadataDropped(call, name));
}

/** Message and details count, too: they become fields of the trailers. */
function judgeMetadata(call: Call, entries: readonly MetadataEntry[], endBytes: number): CallEnd | undefined {
  const limit = call.port.maxMetadataBytes;
  const size = Math.max(metadataBytes(entries), endBytes);
  const isOverCount = entries.length > MAX_METADATA_ENTRIES;
  if (size <= limit && !isOverCount) return undefined;
  const facts = isOverCount
    ? { limit: `${MAX_METADATA_ENTRIES} entries`, size: `${entries.length} entries` }
    : { limit: `${limit} bytes`, size: `${size} bytes` };
  return encodeReasonEnd("METADATA_TOO_LARGE", { ...facts, method: call.method.label }, "started");
}

function isFromWire(error: ConnectError): boolean {
  return "isWireError" in error && error.isWireError === true;
}
