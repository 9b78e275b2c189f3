// SPDX-License-Identifier: Apache-2.0

/**
 * Well-known field names as small integers, so that readers compare numbers and never bytes. The order matters: pseudo
 * fields first, then the names that RFC 9113 section 8 has rules for, then those that no cache may hold.
 */
export const FieldName = {
  /** Any other name. */
  none: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  status: 5,
  host: 6,
  te: 7,
  contentLength: 8,
  connection: 9,
  keepAlive: 10,
  proxyConnection: 11,
  transferEncoding: 12,
  upgrade: 13,
  authorization: 14,
  proxyAuthorization: 15,
  cookie: 16,
  setCookie: 17,
  contentType: 18,
  userAgent: 19,
  grpcTimeout: 20,
  grpcEncoding: 21,
  grpcAcceptEncoding: 22,
  grpcStatus: 23,
  grpcMessage: 24,
  grpcStatusDetailsBin: 25,
  grpcPreviousRpcAttempts: 26,
  grpcRetryPushbackMs: 27,
  grpcMessageType: 28,
  grpcTraceBin: 29,
  grpcTagsBin: 30,
  acceptEncoding: 31,
  contentEncoding: 32,
  traceparent: 33,
  tracestate: 34,
  accept: 35,
  date: 36,
  server: 37,
  trailer: 38,
  location: 39,
  xForwardedFor: 40,
} as const;
export type FieldName = (typeof FieldName)[keyof typeof FieldName];

/** The last pseudo field; every id from 1 to here is one. */
export const lastPseudoName = FieldName.status;
/** Ids above this are free of rules: nothing to check about them beyond what every field is checked for. */
export const lastRuledName = FieldName.setCookie;
