// SPDX-License-Identifier: Apache-2.0
import { sizeofLiteralField, writeLiteralField } from "@grpc-router/http2";
import { percentEncode, sizeofBase64, writeBase64 } from "@grpc-router/protocol";

/** A status as a call's trailers hold it. */
export interface StatusFields {
  /** gRPC status code. */
  readonly code: number;
  /** Plain text; "" sends no grpc-message. */
  readonly message: string;
  /** A serialized google.rpc.Status; empty or absent sends no grpc-status-details-bin. */
  readonly details?: Uint8Array;
  /** Milliseconds after which a client may try the call again (gRFC A6); absent sends no grpc-retry-pushback-ms. */
  readonly pushbackMs?: number;
}

const encoder = new TextEncoder();
const statusName = encoder.encode("grpc-status");
const messageName = encoder.encode("grpc-message");
const detailsName = encoder.encode("grpc-status-details-bin");
const pushbackName = encoder.encode("grpc-retry-pushback-ms");

/**
 * The fields of a status as HPACK literals that no table knows, so the bytes serve every connection: for trailers, or
 * behind the template of a Trailers-Only head (gRPC over HTTP/2, "Responses").
 */
export function encodeStatusLiterals({ code, message, details, pushbackMs }: StatusFields): Uint8Array {
  const fields: (readonly [name: Uint8Array, value: Uint8Array])[] = [[statusName, encoder.encode(String(code))]];
  if (message !== "") fields.push([messageName, encoder.encode(percentEncode(message))]);
  if (details !== undefined && details.length > 0) fields.push([detailsName, base64(details)]);
  if (pushbackMs !== undefined) fields.push([pushbackName, encoder.encode(String(pushbackMs))]);
  let size = 0;
  for (const [name, value] of fields) size += sizeofLiteralField(name.length, value.length);
  const literals = new Uint8Array(size);
  let offset = 0;
  for (const [name, value] of fields) offset = writeLiteralField(literals, offset, name, value);
  return literals.subarray(0, offset);
}

function base64(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(sizeofBase64(bytes.length));
  writeBase64(text, 0, bytes, 0, bytes.length);
  return text;
}
