// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, test } from "vitest";
import { bodyOf, runPlugin, serviceSource } from "./run-plugin.suite.js";

/** Each row is one method, all in one service: its options and the message, from the field's name on. */
const mistakes: readonly (readonly [options: string, message: string])[] = [
  ["channel_number: 7", "channel_number of #: it must be 8 to 18999 or 20000 to 536870911, received 7"],
  ["channel_number: 19000", "channel_number of #: it must be 8 to 18999 or 20000 to 536870911, received 19000"],
  ["timeout: {}", "timeout of #: it must be longer than 0 s, received 0 s"],
  ["timeout: {seconds: -1}", "timeout of #: it must be longer than 0 s, received -1 s"],
  [
    "timeout: {seconds: 1, nanos: -5}",
    "timeout of #: it must be longer than 0 s, received NaN (seconds and nanos that disagree)",
  ],
  ["retry: {}", "retry of #: max_attempts must be 2 to 5, received 0"],
  ["retry: {max_attempts: 6}", "retry of #: max_attempts must be 2 to 5, received 6"],
  [
    "retry: {max_attempts: 2, initial_backoff: {}}",
    "retry of #: initial_backoff must be longer than 0 s, received 0 s",
  ],
  [
    "retry: {max_attempts: 2, max_backoff: {seconds: -2}}",
    "retry of #: max_backoff must be longer than 0 s, received -2 s",
  ],
  [
    "retry: {max_attempts: 2, initial_backoff: {seconds: 2}, max_backoff: {seconds: 1}}",
    "retry of #: max_backoff must be at least initial_backoff, received 1000 ms of 2000 ms",
  ],
  [
    "retry: {max_attempts: 2, backoff_multiplier: 0}",
    "retry of #: backoff_multiplier must be greater than 0, received 0",
  ],
  [
    "retry: {max_attempts: 2, backoff_multiplier: inf}",
    "retry of #: backoff_multiplier must be greater than 0, received Infinity",
  ],
  [
    "retry: {max_attempts: 2, retryable_status_codes: [STATUS_CODE_UNAVAILABLE, STATUS_CODE_UNSPECIFIED]}",
    "retry of #: retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
  ],
  [
    "hedging: {max_attempts: 2}",
    "hedging of #: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run",
  ],
  ["balance: {}", "balance of #: it must name a strategy, such as round_robin: {}"],
  ["balance: {least_request: {choice_count: 1}}", "balance of #: choice_count must be 2 to 10, received 1"],
  ["balance: {least_request: {choice_count: 11}}", "balance of #: choice_count must be 2 to 10, received 11"],
  [
    "balance: {ring_hash: {min_ring_size: 0}}",
    "balance of #: 1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 0 and 4096",
  ],
  [
    "balance: {ring_hash: {max_ring_size: 1000}}",
    "balance of #: 1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received 1024 and 1000",
  ],
  ["balance: {custom: {}}", 'balance of #: custom.name must not be empty, received ""'],
  ['route_key: "tags"', 'route_key "tags" of #: message acme.v1.M has no field "tags" (it has user_id)'],
  [
    'route_key_metadata: "X-Tenant"',
    'route_key_metadata of #: it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "X-Tenant"',
  ],
  [
    'route_key_metadata: "grpc-tenant"',
    'route_key_metadata of #: it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "grpc-tenant"',
  ],
  [
    'route_key_metadata: "tenant-bin"',
    'route_key_metadata of #: it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "tenant-bin"',
  ],
  [
    'route_key: "user_id", route_key_metadata: "x-tenant"',
    "route_key_metadata of #: it excludes route_key; one of the two must go",
  ],
  ["priority: 7", "priority of #: it must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH, received 7"],
  ["max_request_message_bytes: 0", "max_request_message_bytes of #: it must be at least 1, received 0"],
  ["max_response_message_bytes: 0", "max_response_message_bytes of #: it must be at least 1, received 0"],
];

const firstLine = 6;

describe("options of methods", () => {
  let lines: string[];

  beforeAll(() => {
    const rpcs = mistakes.map(
      ([options], i) => `  rpc M${i}(M) returns (M) { option (grpcrouter.v1.method) = {${options}}; }`,
    );
    const source = `syntax = "proto3";
package acme.v1;
import "grpcrouter/v1/options.proto";
message M { string user_id = 1; }
service TestService {
${rpcs.join("\n")}
}
`;
    const run = runPlugin({ "acme/v1/test.proto": source });
    expect(run.files).toEqual({});
    lines = run.error.split("\n");
  });

  test.each(mistakes.map(([options, message], i) => [options, message, i] as const))("refuses %s", (_, message, i) => {
    const text = `Cannot use ${message.replace("#", `acme.v1.TestService/M${i}`)}`;
    const found = lines.find((line) => line.endsWith(`: ${text}`));
    expect(found, lines.join("\n")).toMatch(new RegExp(`^acme/v1/test\\.proto:${firstLine + i}:\\d+: `));
  });

  test("tells each mistake once and nothing else", () => {
    expect(lines).toHaveLength(mistakes.length);
  });
});

describe("options of methods and services", () => {
  test("are placed at the field, inside braces and out, with both mistakes of one field told", () => {
    const { error } = runPlugin({
      "acme/v1/test.proto": `syntax = "proto3";
package acme.v1;
import "grpcrouter/v1/options.proto";
message M {}
service TestService {
  rpc A(M) returns (M) {
    option (grpcrouter.v1.method) = {
      retry: {
        max_attempts: 9
      }
      hedging: {max_attempts: 1, hedging_delay: {seconds: -1}, non_fatal_status_codes: [STATUS_CODE_UNSPECIFIED]}
    };
  }
  rpc B(M) returns (M) {
    option deprecated = true;
    option (grpcrouter.v1.method).timeout.nanos = -1;
      option (grpcrouter.v1.method).route_key = "a.b";
  }
}
`,
    });
    expect(error.split("\n")).toEqual([
      "acme/v1/test.proto:9:9: Cannot use retry of acme.v1.TestService/A: max_attempts must be 2 to 5, received 9",
      "acme/v1/test.proto:11:17: Cannot use hedging of acme.v1.TestService/A: max_attempts must be 2 to 5, received 1",
      "acme/v1/test.proto:11:17: Cannot use hedging of acme.v1.TestService/A: it excludes retry; one of the two must go",
      "acme/v1/test.proto:11:17: Cannot use hedging of acme.v1.TestService/A: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run",
      "acme/v1/test.proto:11:50: Cannot use hedging of acme.v1.TestService/A: hedging_delay must be 0 s or longer, received -1 s",
      "acme/v1/test.proto:11:64: Cannot use hedging of acme.v1.TestService/A: non_fatal_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
      "acme/v1/test.proto:16:5: Cannot use timeout of acme.v1.TestService/B: it must be longer than 0 s, received -1e-9 s",
      'acme/v1/test.proto:17:7: Cannot use route_key "a.b" of acme.v1.TestService/B: message acme.v1.M has no field "a" (it has none)',
    ]);
  });

  test("are checked once in the defaults of a service, and per method where the method decides", () => {
    const { error } = runPlugin(
      serviceSource(`  option (grpcrouter.v1.service) = {
    balance: {least_request: {choice_count: 99}}
    defaults: {timeout: {}, channel_number: 8, route_key: "x", hedging: {max_attempts: 2}}
  };
  rpc A(M) returns (M);
  rpc B(M) returns (M) {
    option idempotency_level = IDEMPOTENT;
    option (grpcrouter.v1.method).route_key_metadata = "x-key";
  }`),
    );
    expect(error.split("\n")).toEqual([
      "acme/v1/test.proto:5:10: Cannot use defaults.timeout of acme.v1.TestService: it must be longer than 0 s, received 0 s",
      "acme/v1/test.proto:6:31: Cannot use balance of acme.v1.TestService: choice_count must be 2 to 10, received 99",
      "acme/v1/test.proto:7:29: Cannot use defaults.channel_number of acme.v1.TestService: a number belongs to one method; write it there",
      'acme/v1/test.proto:7:48: Cannot use route_key "x" of acme.v1.TestService/A: message acme.v1.M has no field "x" (it has none)',
      "acme/v1/test.proto:7:74: Cannot use hedging of acme.v1.TestService/A: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run",
    ]);
  });

  test("merge: a method's own field replaces that of the defaults, and one of a pair replaces the other", () => {
    const { error, files } = runPlugin(
      serviceSource(`  option (grpcrouter.v1.service) = {
    balance: {round_robin: {}}
    defaults: {timeout: {seconds: 9}, retry: {max_attempts: 4}, route_key_metadata: "x-key", priority: PRIORITY_LOW}
  };
  rpc A(M) returns (M);
  rpc B(M) returns (M) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (grpcrouter.v1.method) = {
      hedging: {max_attempts: 3, non_fatal_status_codes: [STATUS_CODE_INTERNAL]}
      timeout: {nanos: 250000}
      balance: {ring_hash: {min_ring_size: 8, max_ring_size: 16}}
      priority: PRIORITY_NORMAL
    };
  }
  rpc C(M) returns (M) {
    option (grpcrouter.v1.method).retry = {
      max_attempts: 2, initial_backoff: {nanos: 5000000}, max_backoff: {seconds: 2}, backoff_multiplier: 1.5
    };
  }`),
    );
    expect(error).toBe("");
    expect(bodyOf(files["acme/v1/test_router.ts"]).slice(-4, -1)).toEqual([
      '    a: { number: 96460, timeoutMs: 9000, retry: { maxAttempts: 4 }, balance: { roundRobin: {} }, routeKeyMetadata: "x-key", priority: "low" },',
      '    b: { number: 63365, timeoutMs: 0.25, hedging: { maxAttempts: 3, nonFatalStatusCodes: [13] }, balance: { ringHash: { minRingSize: 8, maxRingSize: 16 } }, routeKeyMetadata: "x-key", priority: "normal" },',
      '    c: { number: 235826, timeoutMs: 9000, retry: { maxAttempts: 2, initialBackoffMs: 5, maxBackoffMs: 2000, backoffMultiplier: 1.5 }, balance: { roundRobin: {} }, routeKeyMetadata: "x-key", priority: "low" },',
    ]);
  });

  test("leave out a service with skip, its mistakes included", () => {
    const run = runPlugin(
      serviceSource(`  option (grpcrouter.v1.service) = {skip: true, defaults: {timeout: {}}};
  rpc A(M) returns (M);`),
    );
    expect(run).toEqual({ files: {}, error: "", warnings: [] });
  });

  test("are nobody's if another organisation's option has their number", () => {
    const { error, files } = runPlugin({
      "acme/v1/options.proto": `syntax = "proto3";
package acme.v1;
import "google/protobuf/descriptor.proto";
message Scope { extend google.protobuf.MethodOptions { string scope = 51870; } }
`,
      "acme/v1/test.proto": `syntax = "proto3";
package acme.v1;
import "acme/v1/options.proto";
message M {}
service TestService { rpc A(M) returns (M) { option (acme.v1.Scope.scope) = "admin"; } }
`,
    });
    expect(error).toBe("");
    expect(files["acme/v1/test_router.ts"]).toContain("    a: { number: 96460 },");
  });
});
