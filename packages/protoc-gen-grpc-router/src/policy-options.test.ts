// SPDX-License-Identifier: Apache-2.0
import { beforeAll, describe, expect, test } from "vitest";
import { runPlugin } from "./run-plugin.suite.js";

/**
 * What is written, with a § where the message must point, and the message from the field's name on; # is the subject.
 * buf knows the places of fields with a value of their own, so it points into a message, and at the option for an empty one.
 */
type Row = readonly [options: string, message: string];

const breaker = "failure_status_codes must not name NOT_FOUND: it is the caller's doing, whichever instance answers";
const bounded = "1 <= min_ring_size <= max_ring_size <= 8388608 must hold, received";
const prime = "table_size must be a prime of at most 5000011, such as 65537, received";

const ofMethods: readonly Row[] = [
  ["timeout: {§seconds: -1}", "timeout of #: it must be longer than 0 s, received -1 s"],
  ["default_timeout: {}", "default_timeout of #: it must be longer than 0 s, received 0 s"],
  [
    "timeout: {seconds: 1}, default_timeout: {§seconds: 2}",
    "default_timeout of #: it must be at most timeout, received 2000 ms of 1000 ms",
  ],
  ["retry: {§max_attempts: 7}", "retry of #: max_attempts must be 2 to 5, received 7"],
  [
    "retry: {max_attempts: 2, attempt_timeout: {}}",
    "retry of #: attempt_timeout must be longer than 0 s, received 0 s",
  ],
  [
    "retry: {max_attempts: 2, §retryable_status_codes: [STATUS_CODE_UNSPECIFIED]}",
    "retry of #: retryable_status_codes must name codes from 1 to 16 (0 is OK or unspecified), received 0",
  ],
  [
    "balance: {least_request: {choice_count: 3, §full_scan: true}}",
    "balance of #: full_scan excludes choice_count; one of the two must go",
  ],
  [
    "balance: {least_request: {§active_request_bias: -1}}",
    "balance of #: active_request_bias must be at least 0, received -1",
  ],
  [
    "balance: {weighted_round_robin: {update: {§nanos: 1000000}}}",
    "balance of #: update must be at least 0.1 s, received 0.001 s",
  ],
  [
    "balance: {weighted_round_robin: {blackout: {§seconds: -1}}}",
    "balance of #: blackout must be 0 s or longer, received -1 s",
  ],
  [
    "balance: {weighted_round_robin: {§error_penalty: -0.5}}",
    "balance of #: error_penalty must be at least 0, received -0.5",
  ],
  ["balance: {peak_ewma: {decay: {}}}", "balance of #: decay must be longer than 0 s, received 0 s"],
  ["balance: {peak_ewma: {§choice_count: 1}}", "balance of #: choice_count must be 2 to 10, received 1"],
  ["balance: {ring_hash: {§min_ring_size: 9, max_ring_size: 8}}", `balance of #: ${bounded} 9 and 8`],
  ["balance: {ring_hash: {§max_ring_size: 8388609}}", `balance of #: ${bounded} 1024 and 8388609`],
  [
    "balance: {ring_hash: {§bounded_load_factor: 0.5}}",
    "balance of #: bounded_load_factor must be at least 1, received 0.5",
  ],
  ["balance: {maglev: {§table_size: 65536}}", `balance of #: ${prime} 65536`],
  ["balance: {maglev: {§table_size: 5000077}}", `balance of #: ${prime} 5000077`],
  [
    "balance: {sticky: {§fallback: 9}}",
    "balance of #: fallback must be STICKY_FALLBACK_REBALANCE or STICKY_FALLBACK_FAIL, received 9",
  ],
  [
    'balance: {random: {}, §selector: {key: "", value: "x"}}',
    'balance of #: selector must have labels that are not empty, received ""',
  ],
  [
    'balance: {random: {}, §priority_label: ""}',
    'balance of #: priority_label must be a text of 1 to 63 bytes, received ""',
  ],
  [
    'balance: {random: {}, locality: {§zone: ""}}',
    'balance of #: locality.zone must be a text of 1 to 256 bytes, received ""',
  ],
  [
    'balance: {random: {}, locality: {zone: "a", §overprovisioning_percent: 99}}',
    "balance of #: locality.overprovisioning_percent must be at least 100, received 99",
  ],
  ["balance: {random: {}, §subset_size: 0}", "balance of #: subset_size must be at least 1, received 0"],
  ["balance: {random: {}, slow_start: {}}", "balance of #: slow_start.window must be longer than 0 s, received none"],
  [
    "balance: {random: {}, slow_start: {window: {seconds: 1}, §min_weight_percent: 0}}",
    "balance of #: slow_start.min_weight_percent must be 1 to 100, received 0",
  ],
  ["balance: {§subset_size: 5}", "balance of #: it must name a strategy, such as round_robin: {}"],
  [
    "circuit_breaker: {§consecutive_failures: 0}",
    "circuit_breaker of #: consecutive_failures must be at least 1, received 0",
  ],
  [
    "circuit_breaker: {§failure_rate: 1.5}",
    "circuit_breaker of #: failure_rate must be greater than 0 and at most 1, received 1.5",
  ],
  ["circuit_breaker: {§min_calls: 0}", "circuit_breaker of #: min_calls must be at least 1, received 0"],
  ["circuit_breaker: {window: {}}", "circuit_breaker of #: window must be longer than 0 s, received 0 s"],
  [
    "circuit_breaker: {penalty: {seconds: 2}, max_penalty: {§seconds: 1}}",
    "circuit_breaker of #: max_penalty must be at least penalty, received 1 s of 2 s",
  ],
  ["circuit_breaker: {§jitter: -0.1}", "circuit_breaker of #: jitter must be 0 to 1, received -0.1"],
  ["circuit_breaker: {§failure_status_codes: STATUS_CODE_NOT_FOUND}", `circuit_breaker of #: ${breaker}`],
  [
    "concurrency_limit: {}",
    "concurrency_limit of #: it must set max_concurrent, max_concurrent_per_instance or adaptive",
  ],
  ["concurrency_limit: {§max_concurrent: 0}", "concurrency_limit of #: max_concurrent must be at least 1, received 0"],
  [
    "concurrency_limit: {adaptive: {min_limit: 3, §max_limit: 2}}",
    "concurrency_limit of #: adaptive.max_limit must be at least min_limit, received 2 of 3",
  ],
  [
    "concurrency_limit: {adaptive: {§percentile: 101}}",
    "concurrency_limit of #: adaptive.percentile must be greater than 0 and at most 100, received 101",
  ],
  ["fallback: {}", "fallback of #: it must set one of service, reply and fail_fast, received 0 of them"],
  ["fallback: {§fail_fast: false}", "fallback of #: fail_fast must be true or absent, received false"],
  [
    'fallback: {§service: "acme.v1.TestService"}',
    "fallback of #: service must be another service than the method's own",
  ],
  [
    'fallback: {§service: "a b"}',
    'fallback of #: service must be a service\'s full name, such as acme.user.v1.UserArchive, received "a b"',
  ],
  [
    'fallback: {reply: {§message: "m"}}',
    "fallback of #: reply.message must not be set where code is OK, because OK has no message",
  ],
  [
    'fallback: {reply: {code: STATUS_CODE_ABORTED, §payload_json: "{}"}}',
    "fallback of #: reply.payload_json must not be set where code is not OK, because an error has no response",
  ],
  [
    'fallback: {reply: {payload: {struct_value: {}}, §payload_json: "{}"}}',
    "fallback of #: reply.payload_json excludes payload; one of the two must go",
  ],
  ["fallback: {reply: {payload: {}}}", "fallback of #: reply.payload must be JSON, received a value without content"],
  [
    'balance: {custom: {name: "own", parameters: {§fields: {key: "a", value: {number_value: nan}}}}}',
    "balance of #: custom.parameters must be JSON, received a value without content",
  ],
  [
    'fallback: {reply: {§payload_json: "{\\"user\\": 1}"}}',
    'fallback of #: reply.payload_json must be the JSON of acme.v1.M: key "user" is unknown',
  ],
  [
    'fallback: {reply: {payload: {struct_value: {§fields: {key: "user_id", value: {bool_value: true}}}}}}',
    "fallback of #: reply.payload must be the JSON of acme.v1.M: cannot decode field acme.v1.M.user_id from JSON: expected string, got true",
  ],
];

const ofServices: readonly Row[] = [
  ["balance: {maglev: {§table_size: 4}}", `balance of #: ${prime} 4`],
  [
    "defaults: {retry: {max_attempts: 3, §backoff_multiplier: -1}}",
    "defaults.retry of #: backoff_multiplier must be greater than 0, received -1",
  ],
  ["defaults: {circuit_breaker: {§jitter: 2}}", "defaults.circuit_breaker of #: jitter must be 0 to 1, received 2"],
  ["outlier_detection: {interval: {}}", "outlier_detection of #: interval must be longer than 0 s, received 0 s"],
  [
    "outlier_detection: {base_ejection: {seconds: 9}, max_ejection: {§seconds: 8}}",
    "outlier_detection of #: max_ejection must be at least base_ejection, received 8 s of 9 s",
  ],
  [
    "outlier_detection: {§max_ejection_percent: 101}",
    "outlier_detection of #: max_ejection_percent must be 0 to 100, received 101",
  ],
  [
    "outlier_detection: {success_rate: {§min_hosts: 0}}",
    "outlier_detection of #: success_rate.min_hosts must be at least 1, received 0",
  ],
  [
    "outlier_detection: {failure_percentage: {§threshold: 101}}",
    "outlier_detection of #: failure_percentage.threshold must be 0 to 100, received 101",
  ],
  ["outlier_detection: {§failure_status_codes: STATUS_CODE_NOT_FOUND}", `outlier_detection of #: ${breaker}`],
  [
    "retry_throttling: {§max_tokens: 1001, token_ratio: 1}",
    "retry_throttling of #: max_tokens must be 1 to 1000, received 1001",
  ],
  [
    "retry_throttling: {max_tokens: 9, §token_ratio: 0.0001}",
    "retry_throttling of #: token_ratio must be 0.001 to 1000, received 0.0001",
  ],
  ["retry_budget: {§share: 1.5}", "retry_budget of #: share must be greater than 0 and at most 1, received 1.5"],
  [
    "circuit_breaker: {§failure_rate: 0}",
    "circuit_breaker of #: failure_rate must be greater than 0 and at most 1, received 0",
  ],
  [
    "concurrency_limit: {}",
    "concurrency_limit of #: it must set max_concurrent, max_concurrent_per_instance or adaptive",
  ],
  [
    "admission_control: {§success_threshold: 2}",
    "admission_control of #: success_threshold must be greater than 0 and at most 1, received 2",
  ],
  ["admission_control: {§aggression: 0.9}", "admission_control of #: aggression must be at least 1, received 0.9"],
  [
    "admission_control: {window: {§seconds: -5}}",
    "admission_control of #: window must be longer than 0 s, received -5 s",
  ],
  [
    "admission_control: {§max_rejection_share: 1.1}",
    "admission_control of #: max_rejection_share must be greater than 0 and at most 1, received 1.1",
  ],
];

const methodPrefix = "  option (grpcrouter.v1.method) = {";
const servicePrefix = "option (grpcrouter.v1.service) = {";
const head = `syntax = "proto3";
package acme.v1;
import "grpcrouter/v1/options.proto";
message M { string user_id = 1; }
`;

/** One method or service for each row, whose options stand in a line of their own. */
const methods = ofMethods.map(
  ([text], i) => `rpc M${i}(M) returns (M) {\n${methodPrefix}${text.replace("§", "")}};\n}`,
);
const services = ofServices.map(
  ([text], i) => `service S${i}Service {\n${servicePrefix}${text.replace("§", "")}};\nrpc A(M) returns (M);\n}`,
);

let lines: string[];

beforeAll(() => {
  const source = `${head}service TestService {\n${methods.join("\n")}\n}\n${services.join("\n")}\n`;
  const run = runPlugin({ "acme/v1/test.proto": source });
  expect(run.files).toEqual({});
  lines = run.error.split("\n");
});

/** `acme/v1/test.proto:12:34: Cannot use …` for the row whose options are in this line behind this prefix. */
function expectedOf([text, message]: Row, line: number, prefix: string, subject: string): string {
  const column = text.includes("§") ? prefix.length + text.indexOf("§") : prefix.indexOf("(");
  return `acme/v1/test.proto:${line}:${column + 1}: Cannot use ${message.replace("#", subject)}`;
}

describe("policies of a method", () => {
  test.each(ofMethods.map((row, i) => [...row, i] as const))("refuse %s", (text, message, i) => {
    expect(lines).toContain(expectedOf([text, message], 5 + 3 * i + 2, methodPrefix, `acme.v1.TestService/M${i}`));
  });
});

describe("policies of a service", () => {
  const first = 6 + 3 * ofMethods.length + 1;

  test.each(ofServices.map((row, i) => [...row, i] as const))("refuse %s", (text, message, i) => {
    expect(lines).toContain(expectedOf([text, message], first + 4 * i + 1, servicePrefix, `acme.v1.S${i}Service`));
  });

  test("and of methods are refused once each, with nothing else", () => {
    expect(lines).toHaveLength(ofMethods.length + ofServices.length);
  });
});

describe("policies that only the method can judge", () => {
  test("are judged for each kind of method, also where the service says them", () => {
    const source = `${head}service TestService {
  option (grpcrouter.v1.service).defaults = {
    hedging: {max_attempts: 2}
    fallback: {reply: {payload_json: "{}"}}
  };
  rpc A(M) returns (M) { option idempotency_level = IDEMPOTENT; }
  rpc B(stream M) returns (M) { option idempotency_level = IDEMPOTENT; }
  rpc C(stream M) returns (stream M) {
    option (grpcrouter.v1.method).hedging.max_attempts = 3;
    option (grpcrouter.v1.method).fallback.fail_fast = true;
  }
  rpc D(M) returns (stream M) { option (grpcrouter.v1.method).retry.max_attempts = 3; }
}
`;
    const streams =
      "the method must take one request, because each attempt needs the whole of it, and it takes a stream";
    const level = "its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run";
    const answers = "reply.payload_json must not be set, because the method answers with a stream";
    expect(runPlugin({ "acme/v1/test.proto": source }).error.split("\n")).toEqual([
      `acme/v1/test.proto:7:15: Cannot use hedging of acme.v1.TestService/B: ${streams}`,
      `acme/v1/test.proto:8:24: Cannot use fallback of acme.v1.TestService/D: ${answers}`,
      `acme/v1/test.proto:13:5: Cannot use hedging of acme.v1.TestService/C: ${streams}`,
      `acme/v1/test.proto:13:5: Cannot use hedging of acme.v1.TestService/C: ${level}`,
    ]);
  });
});
