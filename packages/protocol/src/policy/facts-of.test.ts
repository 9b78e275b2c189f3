// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import {
  MethodOptionsSchema,
  Priority,
  ServiceOptionsSchema,
  StatusCode,
  StickyFallback,
} from "../gen/grpcrouter/v1/options_pb.js";
import { fieldsOfFact } from "./fact-path.js";
import { methodFactsOf, millisecondsOf, serviceFactsOf } from "./facts-of.js";

const second = { seconds: 1n };

describe("methodFactsOf()", () => {
  test.each<[MessageInitShape<typeof MethodOptionsSchema>, object]>([
    [{}, {}],
    [{ channelNumber: 9 }, {}],
    [{ timeout: { seconds: 1n, nanos: 500_000_000 } }, { timeoutMs: 1500 }],
    [{ timeout: { nanos: 1 } }, { timeoutMs: 0.000001 }],
    [{ defaultTimeout: second }, { defaultTimeoutMs: 1000 }],
    [{ priority: Priority.LOW }, { priority: "low" }],
    [{ priority: 7 as Priority }, { priority: 7 }],
    [{ waitForReady: false }, { waitForReady: false }],
    [{ routeKey: "shelf.name" }, { routeKey: { path: "shelf.name", fields: [] } }],
    [{ retry: {} }, { retry: { maxAttempts: 0 } }],
    [
      { retry: { maxAttempts: 3, backoffMultiplier: 1.6, retryableStatusCodes: [StatusCode.UNAVAILABLE] } },
      { retry: { maxAttempts: 3, backoffMultiplier: 1.6, retryableStatusCodes: [14] } },
    ],
    [
      { retry: { backoffMultiplier: Number.POSITIVE_INFINITY } },
      { retry: { maxAttempts: 0, backoffMultiplier: Number.POSITIVE_INFINITY } },
    ],
    [{ balance: {} }, { balance: {} }],
    [{ balance: { policy: { case: "roundRobin", value: {} } } }, { balance: { roundRobin: {} } }],
    [
      { balance: { policy: { case: "sticky", value: { fallback: StickyFallback.FAIL } }, selector: { zone: "a" } } },
      { balance: { sticky: { fallback: "fail" }, selector: { zone: "a" } } },
    ],
    [
      { balance: { policy: { case: "custom", value: { name: "own", parameters: { depth: [1, null] } } } } },
      { balance: { custom: { name: "own", parameters: { depth: [1, null] } } } },
    ],
    [
      { balance: { policy: { case: "random", value: {} }, slowStart: { window: second, aggression: 1.1 } } },
      { balance: { random: {}, slowStart: { windowMs: 1000, aggression: 1.1 } } },
    ],
    [{ fallback: { action: { case: "failFast", value: true } } }, { fallback: { failFast: true } }],
    [{ fallback: { action: { case: "reply", value: {} } } }, { fallback: { reply: { code: 0 } } }],
    [
      {
        fallback: {
          action: { case: "reply", value: { payload: { kind: { case: "listValue", value: { values: [] } } } } },
        },
      },
      { fallback: { reply: { code: 0, payload: [] } } },
    ],
    [
      { fallback: { action: { case: "reply", value: { code: StatusCode.ABORTED, message: "m", payloadJson: "1" } } } },
      { fallback: { reply: { code: 10, message: "m", payloadJson: "1" } } },
    ],
  ])("of options (case %#)", (options, facts) => {
    expect(methodFactsOf(create(MethodOptionsSchema, options))).toEqual(facts);
  });
});

describe("serviceFactsOf()", () => {
  test("leaves out what is the generator's, and goes into defaults", () => {
    const options = create(ServiceOptionsSchema, {
      skip: true,
      defaults: { channelNumber: 8, timeout: second },
      retryThrottling: {},
      admissionControl: { window: second, successThreshold: 0.9 },
    });
    expect(serviceFactsOf(options)).toEqual({
      defaults: { timeoutMs: 1000 },
      retryThrottling: { maxTokens: 0, tokenRatio: 0 },
      admissionControl: { windowMs: 1000, successThreshold: 0.9 },
    });
  });
});

describe("millisecondsOf()", () => {
  test.each([
    [{ seconds: 0n, nanos: 0 }, 0],
    [{ seconds: 2n, nanos: 250_000 }, 2000.25],
    [{ seconds: -1n, nanos: -500_000_000 }, -1500],
    [{ seconds: 0n, nanos: -1 }, -0.000001],
    [{ seconds: 1n, nanos: -1 }, Number.NaN],
    [{ seconds: -1n, nanos: 1 }, Number.NaN],
    [{ seconds: 0n, nanos: 1_000_000_000 }, Number.NaN],
  ])("of a duration (case %#)", (duration, milliseconds) => {
    expect(millisecondsOf(create(DurationSchema, duration))).toBe(milliseconds);
  });
});

describe("fieldsOfFact()", () => {
  test.each([
    [[], []],
    [["timeoutMs"], [2]],
    [
      ["retry", "attemptTimeoutMs"],
      [3, 6],
    ],
    [
      ["balance", "selector", "zone"],
      [5, 20],
    ],
    [
      ["balance", "custom", "parameters", "depth"],
      [5, 100, 2],
    ],
    [
      ["retry", "retryableStatusCodes", "0"],
      [3, 5],
    ],
    [
      ["fallback", "reply", "payload", "user"],
      [17, 2, 3],
    ],
    [["unknown", "timeoutMs"], []],
  ])("of %j have the numbers %j", (path, numbers) => {
    expect(fieldsOfFact(MethodOptionsSchema, path).map(({ number }) => number)).toEqual(numbers);
  });
});
