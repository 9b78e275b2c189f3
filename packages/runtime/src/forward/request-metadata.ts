// SPDX-License-Identifier: Apache-2.0
import { FieldName } from "@grpc-router/http2";

/**
 * The field by which a caller asks to wait for an instance: `true` or `false`. It speaks to the router and goes no
 * further. Not `grpc-…`, since those names belong to gRPC itself and some clients refuse to send them.
 */
export const waitForReadyName = "x-grpc-router-wait-for-ready";

/**
 * Whether a well-known field stays behind: hop-by-hop, part of HTTP's framing, or a gRPC field that the channel carries
 * in a place of its own or that has no meaning in a request. What remains is the caller's metadata.
 */
export function isDroppedName(nameId: number): boolean {
  switch (nameId) {
    case FieldName.scheme:
    case FieldName.status:
    case FieldName.te:
    case FieldName.contentLength:
    case FieldName.connection:
    case FieldName.keepAlive:
    case FieldName.proxyConnection:
    case FieldName.transferEncoding:
    case FieldName.upgrade:
    case FieldName.trailer:
    case FieldName.grpcStatus:
    case FieldName.grpcMessage:
    case FieldName.grpcStatusDetailsBin:
    case FieldName.grpcMessageType:
      return true;
    default:
      return false;
  }
}
