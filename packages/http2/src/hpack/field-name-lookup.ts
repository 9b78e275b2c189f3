// SPDX-License-Identifier: Apache-2.0
import { FieldName } from "./field-name.js";
import { fieldBytes } from "./field-text.js";

/** The names on the wire, for every member of `FieldName` but `none`. */
const wireNames: Readonly<Record<Exclude<keyof typeof FieldName, "none">, string>> = {
  method: ":method",
  scheme: ":scheme",
  authority: ":authority",
  path: ":path",
  status: ":status",
  host: "host",
  te: "te",
  contentLength: "content-length",
  connection: "connection",
  keepAlive: "keep-alive",
  proxyConnection: "proxy-connection",
  transferEncoding: "transfer-encoding",
  upgrade: "upgrade",
  authorization: "authorization",
  proxyAuthorization: "proxy-authorization",
  cookie: "cookie",
  setCookie: "set-cookie",
  contentType: "content-type",
  userAgent: "user-agent",
  grpcTimeout: "grpc-timeout",
  grpcEncoding: "grpc-encoding",
  grpcAcceptEncoding: "grpc-accept-encoding",
  grpcStatus: "grpc-status",
  grpcMessage: "grpc-message",
  grpcStatusDetailsBin: "grpc-status-details-bin",
  grpcPreviousRpcAttempts: "grpc-previous-rpc-attempts",
  grpcRetryPushbackMs: "grpc-retry-pushback-ms",
  grpcMessageType: "grpc-message-type",
  grpcTraceBin: "grpc-trace-bin",
  grpcTagsBin: "grpc-tags-bin",
  acceptEncoding: "accept-encoding",
  contentEncoding: "content-encoding",
  traceparent: "traceparent",
  tracestate: "tracestate",
  accept: "accept",
  date: "date",
  server: "server",
  trailer: "trailer",
  location: "location",
  xForwardedFor: "x-forwarded-for",
};

const nameBytes: Uint8Array[] = [new Uint8Array(0)];
const bucketHeads = new Uint8Array(128);
const bucketNext = new Uint8Array(Object.keys(FieldName).length);

for (const [key, name] of Object.entries(wireNames)) {
  const id = FieldName[key as keyof typeof wireNames];
  const bytes = fieldBytes(name);
  const bucket = bucketOf(bytes, 0, bytes.length);
  nameBytes[id] = bytes;
  bucketNext[id] = bucketHeads[bucket] ?? 0;
  bucketHeads[bucket] = id;
}

/** The id of the name `bytes[start, end)`; `FieldName.none` if it is not well known. */
export function findFieldName(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) {
    return FieldName.none;
  }
  let id = bucketHeads[bucketOf(bytes, start, end)] ?? 0;
  while (id !== FieldName.none && !equalBytes(nameBytes[id], bytes, start, end)) {
    id = bucketNext[id] ?? 0;
  }
  return id;
}

/** The bytes of a well-known name, shared by all who need them; empty for `FieldName.none`. Never write to them. */
export function fieldNameBytes(id: number): Uint8Array {
  return nameBytes[id] ?? new Uint8Array(0);
}

function bucketOf(bytes: Uint8Array, start: number, end: number): number {
  return (
    ((end - start) * 9 + (bytes[start] ?? 0) * 5 + (bytes[(start + end) >> 1] ?? 0) * 3 + (bytes[end - 1] ?? 0)) & 127
  );
}

function equalBytes(name: Uint8Array | undefined, bytes: Uint8Array, start: number, end: number): boolean {
  if (name === undefined || name.length !== end - start) {
    return false;
  }
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== bytes[start + at]) {
      return false;
    }
  }
  return true;
}
