// SPDX-License-Identifier: Apache-2.0
import {
  type Connection,
  createHeaderTemplate,
  ErrorCode,
  type HeaderTemplate,
  type Stream,
  writeLiteralField,
} from "@grpc-router/http2";
import type { RouterStatus } from "../status/router-status.js";
import { asciiBytes } from "./ascii.js";
import type { CallRecord } from "./call-record.js";
import { ContentType } from "./request-head.js";
import type { StreamUser } from "./stream-user.js";

// Three response heads and two ends are nearly all that is ever sent; each is a template, encoded once per connection.

const headGrpc = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const headGrpcProto = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc+proto"],
]);
const headStatusOnly = createHeaderTemplate([[":status", "200"]]);

/** Trailers of a call that ended well. */
export const trailersOk: HeaderTemplate = createHeaderTemplate([["grpc-status", "0"]]);

/** Trailers whose fields are all literals. */
export const noTemplate: HeaderTemplate = createHeaderTemplate([]);

const contentTypeName = asciiBytes("content-type");

/** The response head for a request of this content type, which the response repeats; the status is always 200. */
export function headTemplate(contentType: ContentType): HeaderTemplate {
  if (contentType === ContentType.grpcProto) return headGrpcProto;
  return contentType === ContentType.grpcSubtype ? headStatusOnly : headGrpc;
}

/** What `headTemplate` leaves to be said: the content type with a rare subtype. Answers the offset behind it. */
export function writeContentType(target: Uint8Array, offset: number, call: CallRecord): number {
  if (call.contentType !== ContentType.grpcSubtype) return offset;
  return writeLiteralField(target, offset, contentTypeName, asciiBytes(call.contentTypeText));
}

/** Octets that `writeContentType` may write. */
export const contentTypeRoom = 192;

/**
 * Ends the client's stream with a status of the router: Trailers-Only, or trailers if headers went out already. The
 * stream may be closed when this returns.
 */
export function sendStatus(call: CallRecord, status: Pick<RouterStatus, "literals">): void {
  const { connection, stream } = call;
  if (connection === undefined || stream === undefined) return;
  const { literals } = status;
  if (call.headersSent) connection.writeHead(stream, noTemplate, literals, 0, literals.length, true);
  else {
    call.headersSent = true;
    const head = withContentType(call, literals);
    connection.writeHead(stream, headTemplate(call.contentType), head, 0, head.length, true);
  }
  endEarly(call);
}

/** After the answer to a call: if its request has not ended, the rest of it is not wanted (RFC 9113 section 8.1). */
export function endEarly({ connection, stream }: CallRecord): void {
  // A call whose stream is over has none any more.
  if (connection !== undefined && stream !== undefined && !stream.remoteEnded) {
    connection.reset(stream, ErrorCode.noError);
  }
}

/**
 * Ends a stream with this head, or these trailers, whether its request has ended or not. The stream may be closed when
 * this returns, and its record be another's.
 */
export function endStream(
  connection: Connection<StreamUser>,
  stream: Stream<StreamUser>,
  template: HeaderTemplate,
  literals: Uint8Array,
): void {
  const { remoteEnded } = stream;
  connection.writeHead(stream, template, literals, 0, literals.length, true);
  if (!remoteEnded && !connection.closed) connection.reset(stream, ErrorCode.noError);
}

/**
 * What a request whose head is too large to be read is told beside HTTP's 431: the status in gRPC's words, for a client
 * that looks there first.
 */
export function tooLargeFields(status: RouterStatus): Uint8Array {
  const fields = new Uint8Array(contentTypeRoom + status.literals.length);
  const at = writeLiteralField(fields, 0, contentTypeName, asciiBytes("application/grpc"));
  fields.set(status.literals, at);
  return fields.subarray(0, at + status.literals.length);
}

function withContentType(call: CallRecord, literals: Uint8Array): Uint8Array {
  if (call.contentType !== ContentType.grpcSubtype) return literals;
  const head = new Uint8Array(contentTypeRoom + literals.length);
  const at = writeContentType(head, 0, call);
  head.set(literals, at);
  return head.subarray(0, at + literals.length);
}
