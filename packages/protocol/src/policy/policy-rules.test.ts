// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { MethodOptionsSchema, ServiceOptionsSchema } from "../gen/grpcrouter/v1/options_pb.js";
import type { FactRules } from "./fact-rule.js";
import { factName } from "./facts-of.js";
import { type FaultRow, methodFaults, serviceFaults } from "./policy-faults.suite.js";
import { findPolicyFaults, policyRules } from "./policy-rules.js";

const ofMethods: readonly FaultRow[] = [
  [{ timeoutMs: 0 }, "timeoutMs", "it must be longer than 0 s, received 0 s"],
  [{ timeoutMs: -1500 }, "timeoutMs", "it must be longer than 0 s, received -1.5 s"],
  [{ timeoutMs: "2s" }, "timeoutMs", 'it must be a number of milliseconds, received "2s"'],
  [
    { timeoutMs: Number.NaN },
    "timeoutMs",
    "it must be longer than 0 s, received NaN (seconds and nanos that disagree)",
  ],
  [{ timeoutMs: 4e14 }, "timeoutMs", "it must be at most 315576000000 s, received 400000000000 s"],
  [{ defaultTimeoutMs: 0 }, "defaultTimeoutMs", "it must be longer than 0 s, received 0 s"],
  [{ timeoutMs: 5, defaultTimeoutMs: 6 }, "defaultTimeoutMs", "it must be at most timeout, received 6 ms of 5 ms"],
  [{ waitForReady: 1 }, "waitForReady", "it must be true or false, received 1"],
  [{ priority: "urgent" }, "priority", 'it must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH, received "urgent"'],
  [{ maxRequestMessageBytes: 0 }, "maxRequestMessageBytes", "it must be at least 1, received 0"],
  [{ maxResponseMessageBytes: 1.5 }, "maxResponseMessageBytes", "it must be a whole number, at least 1, received 1.5"],
  [
    { maxResponseMessageBytes: 2 ** 32 },
    "maxResponseMessageBytes",
    "it must be at least 1 and below 2^32, received 4294967296",
  ],
  [{ retry: { maxAttempts: 2 }, hedging: { maxAttempts: 2 } }, "hedging", "it excludes retry; one of the two must go"],
  [
    { routeKey: { path: "a", fields: [1] }, routeKeyMetadata: "x-key" },
    "routeKeyMetadata",
    "it excludes route_key; one of the two must go",
  ],
  [{ routeKey: { path: 1, fields: [1] } }, "routeKey.path", "path must be a path of field names, received 1"],
  [{ routeKey: { path: "a", fields: [0] } }, "routeKey.fields", "fields must be field numbers, received a list"],
  [
    { routeKeyMetadata: "X-Key" },
    "routeKeyMetadata",
    'it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "X-Key"',
  ],
  [{ timeout: 5 }, "timeout", 'there is no "timeout"; did you mean "timeoutMs"?'],
  [{ fallback: {} }, "fallback", "it must set one of service, reply and fail_fast, received 0 of them"],
  [
    { fallback: { failFast: true, service: "a.B" } },
    "fallback",
    "it must set one of service, reply and fail_fast, received 2 of them",
  ],
  [{ fallback: { failFast: false } }, "fallback.failFast", "fail_fast must be true or absent, received false"],
  [
    { fallback: { service: "/a.B" } },
    "fallback.service",
    'service must be a service\'s full name, such as acme.user.v1.UserArchive, received "/a.B"',
  ],
  [{ fallback: { reply: {} } }, "fallback.reply.code", "reply.code must be a code from 0 to 16, received none"],
  [{ fallback: { reply: { code: 17 } } }, "fallback.reply.code", "reply.code must be a code from 0 to 16, received 17"],
  [
    { fallback: { reply: { code: 0, message: "m" } } },
    "fallback.reply.message",
    "reply.message must not be set where code is OK, because OK has no message",
  ],
  [
    { fallback: { reply: { code: 14, payload: {} } } },
    "fallback.reply.payload",
    "reply.payload must not be set where code is not OK, because an error has no response",
  ],
  [
    { fallback: { reply: { code: 0, payload: {}, payloadJson: "{}" } } },
    "fallback.reply.payloadJson",
    "reply.payload_json excludes payload; one of the two must go",
  ],
  [
    { fallback: { reply: { code: 0, payloadBase64: "a" } } },
    "fallback.reply.payloadBase64",
    'reply.payload_base64 must be base64, received "a"',
  ],
  [
    { fallback: { reply: { code: 0, payloadJson: {} } } },
    "fallback.reply.payloadJson",
    "reply.payload_json must be the response message as JSON text, received an object",
  ],
  [
    { fallback: { reply: { code: 0, payload: Number.NaN } } },
    "fallback.reply.payload",
    "reply.payload must be JSON, received a value without content",
  ],
  [{ fallback: "none" }, "fallback", 'it must be an object, received "none"'],
];

const ofServices: readonly FaultRow[] = [
  [{ balance: {} }, "balance", "it must name a strategy, such as round_robin: {}"],
  [{ defaults: { timeoutMs: 0 } }, "defaults.timeoutMs", "it must be longer than 0 s, received 0 s"],
  [
    { defaults: { retry: { maxAttempts: 9 } } },
    "defaults.retry.maxAttempts",
    "max_attempts must be 2 to 5, received 9",
  ],
  [{ defaults: 5 }, "defaults", "it must be an object, received 5"],
  [
    { timeoutMs: 5 },
    "timeoutMs",
    'there is no "timeoutMs" (there is balance, defaults, outlierDetection, retryThrottling, retryBudget, circuitBreaker, concurrencyLimit, admissionControl)',
  ],
];

describe("findPolicyFaults()", () => {
  test.each(ofMethods)("refuses %j", (facts, path, reason) => {
    expect(methodFaults(facts)).toEqual([{ path, reason }]);
  });

  test.each([[null], [5], [[]]])("refuses %j as facts", (facts) => {
    expect(methodFaults(facts)).toHaveLength(1);
  });

  test("tells what is no JSON with the words of the engine", () => {
    const [fault] = findPolicyFaults({ fallback: { reply: { code: 0, payloadJson: "{" } } });
    expect(fault?.path).toEqual(["fallback", "reply", "payloadJson"]);
    expect(fault?.reason).toMatch(/^reply\.payload_json must be JSON: ./);
  });

  test("tells everything at once", () => {
    const facts = { timeoutMs: 0, retry: { maxAttempts: 9, backoffMultiplier: 0 }, hedging: { maxAttempts: 1 } };
    expect(findPolicyFaults(facts).map(({ path }) => path.join("."))).toEqual([
      "timeoutMs",
      "retry.maxAttempts",
      "retry.backoffMultiplier",
      "hedging.maxAttempts",
      "hedging",
    ]);
  });

  test.each([
    [{}],
    [{ timeoutMs: Number.POSITIVE_INFINITY, defaultTimeoutMs: 0.25 }],
    [{ timeoutMs: 5, defaultTimeoutMs: 5 }],
    [{ fallback: { reply: { code: 0, payload: null } } }],
    [{ fallback: { reply: { code: 0, payloadBase64: "" } } }],
    [{ fallback: { reply: { code: 0, payloadBase64: "CgVsb2JieQ==" } } }],
    [{ fallback: { service: "Archive" } }],
    [{ routeKey: { path: "user_id", fields: [] } }],
  ])("finds nothing in %j, with the number of generated code or without", (facts) => {
    expect(methodFaults(facts)).toEqual([]);
    expect(methodFaults({ number: 9, ...facts })).toEqual([]);
  });
});

describe("findServicePolicyFaults()", () => {
  test.each(ofServices)("refuses %j", (facts, path, reason) => {
    expect(serviceFaults(facts)).toEqual([{ path, reason }]);
  });

  test("refuses what is no object", () => {
    expect(serviceFaults(null)).toEqual([{ path: "", reason: "it must be an object, received null" }]);
  });
});

describe("policyRules", () => {
  test.each([
    ["method", policyRules.method, MethodOptionsSchema],
    ["service", policyRules.service, ServiceOptionsSchema],
  ] as const)("have each field of a %s's options, in depth", (_, rules, schema) => {
    const differing: string[] = [];
    const compare = (desc: DescMessage, inner: FactRules) => {
      for (const field of desc.fields) {
        const name = factName(field);
        const rule = inner[name];
        if (rule === undefined) differing.push(`${desc.typeName}.${field.name}`);
        else if (rule.fields !== undefined && field.message !== undefined) compare(field.message, rule.fields);
      }
    };
    compare(schema, rules);
    const known = ["grpcrouter.v1.MethodOptions.channel_number", "grpcrouter.v1.ServiceOptions.skip"];
    expect(differing.filter((name) => !known.includes(name))).toEqual([]);
  });
});
