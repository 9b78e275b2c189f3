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

/** Cases of the same client that ask the server for load reports (gRFC A51), by what the server must have. */
export const orcaCases = {
  /** It reports the load with the call, as `recordLoad` does. */
  perCall: ["orca_per_rpc"],
  /** It has the service `xds.service.orca.v3.OpenRcaService`, too. */
  outOfBand: ["orca_oob"],
} as const;

/** Arguments with which the client runs a case. */
export function interopArgs(host: string, port: string | number, name: string): readonly string[] {
  const args = [`--server_host=${host}`, `--server_port=${port}`, `--test_case=${name}`];
  // Reports are for balancers: this one of the client's keeps what it gets.
  const config = { loadBalancingConfig: [{ test_backend_metrics_load_balancer: {} }] };
  return name.startsWith("orca_") ? [...args, `--service_config_json=${JSON.stringify(config)}`] : args;
}
