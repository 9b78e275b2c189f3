// SPDX-License-Identifier: Apache-2.0

/** The test cases of grpc-go's interop client (google.golang.org/grpc/interop/client), installed as `grpc-go-interop`. */
export const interopCases: readonly string[] = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
];
