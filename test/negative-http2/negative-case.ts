// SPDX-License-Identifier: Apache-2.0

/** The cases of gRPC's negative HTTP/2 interop tests, by the names that their clients take. */
export const negativeCases = [
  "goaway",
  "rst_after_header",
  "rst_during_data",
  "rst_after_data",
  "ping",
  "max_streams",
] as const;
export type NegativeCase = (typeof negativeCases)[number];

/** What a client asks for in every case: a unary call of these sizes. */
export const requestBodyBytes = 271_828;
export const responseBodyBytes = 314_159;
export const unaryPath = "/grpc.testing.TestService/UnaryCall";
