// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";

const internal = 13;
const unavailable = 14;
const cancelled = 1;
const resourceExhausted = 8;
const permissionDenied = 7;
const unknown = 2;

/** Statuses by the error code of RST_STREAM, where they are not INTERNAL. */
const statuses: Readonly<Record<number, number>> = {
  [ErrorCode.refusedStream]: unavailable,
  [ErrorCode.cancel]: cancelled,
  [ErrorCode.enhanceYourCalm]: resourceExhausted,
  [ErrorCode.inadequateSecurity]: permissionDenied,
};

/** The gRPC status of a call that its server reset (gRPC over HTTP/2, section "Errors"). */
export function statusOfReset(code: number): number {
  if (code > ErrorCode.http11Required) return unknown;
  return statuses[code] ?? internal;
}
