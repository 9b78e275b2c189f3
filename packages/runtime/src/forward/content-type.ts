// SPDX-License-Identifier: Apache-2.0
import { printable } from "./ascii.js";
import { ContentType } from "./request-head.js";

/** A `content-type` and what it means for the call. */
export interface ParsedContentType {
  readonly contentType: ContentType;
  /** The subtype as the channel carries it; empty for protobuf, whether written or not. */
  readonly subtype: string;
}

/** Octets of a content type that are looked at: none that is longer is gRPC's. */
const maxLength = 128;

const prefix = "application/grpc";

const notGrpc: ParsedContentType = { contentType: ContentType.other, subtype: "" };

/**
 * Reads `bytes[start, end)` as a content type of gRPC: `application/grpc`, then nothing, `+subtype`, or `;parameters`,
 * in any case (RFC 9110 section 8.3.1). `application/grpc-web` is another protocol.
 */
export function parseContentType(bytes: Uint8Array, start: number, end: number): ParsedContentType {
  if (end - start < prefix.length || end - start > maxLength) return notGrpc;
  const text = printable(bytes, start, end, maxLength).toLowerCase();
  if (!text.startsWith(prefix)) return notGrpc;
  const [type = "", ...parameters] = text.split(";");
  const rest = type.slice(prefix.length).trimEnd();
  if (rest === "") return { contentType: ContentType.grpc, subtype: "" };
  if (!/^\+[a-z0-9!#$&^_.+-]+$/.test(rest)) return notGrpc;
  if (rest === "+proto" && parameters.length === 0) return { contentType: ContentType.grpcProto, subtype: "" };
  return rest === "+proto"
    ? { contentType: ContentType.grpc, subtype: "" }
    : { contentType: ContentType.grpcSubtype, subtype: rest.slice(1) };
}
