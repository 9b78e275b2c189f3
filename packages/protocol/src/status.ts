// SPDX-License-Identifier: Apache-2.0

/** gRPC status codes (https://grpc.io/docs/guides/status-codes). */
export const StatusCode = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** A status code's name in gRPC's documents, such as "NOT_FOUND". */
export type StatusName = (typeof NAMES)[number];

/** Whether `code` is one of gRPC's seventeen. */
export function isStatusCode(code: number): code is StatusCode {
  return Number.isInteger(code) && code >= 0 && code < NAMES.length;
}

/** The name of a status code; one that gRPC does not know gives "UNKNOWN", as gRPC's libraries read it. */
export function statusName(code: number): StatusName {
  return NAMES[code] ?? "UNKNOWN";
}

/** The code with this name; undefined if there is none. */
export function parseStatusName(name: string): StatusCode | undefined {
  const code = (NAMES as readonly string[]).indexOf(name);
  return isStatusCode(code) ? code : undefined;
}

/**
 * The status of a stream that the peer reset with this HTTP/2 error code (gRPC over HTTP/2, "Errors"). A call whose
 * deadline has passed is DEADLINE_EXCEEDED whatever the code; that is for the caller to judge.
 */
export function statusOfReset(errorCode: number): StatusCode {
  switch (errorCode) {
    case 0x7: // REFUSED_STREAM: nothing was processed
      return StatusCode.unavailable;
    case 0x8: // CANCEL
      return StatusCode.cancelled;
    case 0xb: // ENHANCE_YOUR_CALM
      return StatusCode.resourceExhausted;
    case 0xc: // INADEQUATE_SECURITY
      return StatusCode.permissionDenied;
    default:
      return StatusCode.internal;
  }
}

/**
 * The status of a response without grpc-status, by its HTTP status (grpc/grpc doc/http-grpc-status-mapping.md). Never
 * to be used the other way round.
 */
export function statusOfHttp(httpStatus: number): StatusCode {
  switch (httpStatus) {
    case 400:
    case 431:
      return StatusCode.internal;
    case 401:
      return StatusCode.unauthenticated;
    case 403:
      return StatusCode.permissionDenied;
    case 404:
      return StatusCode.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode.unavailable;
    default:
      return StatusCode.unknown;
  }
}
