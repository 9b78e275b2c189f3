// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { readOtlpSettings } from "./otlp-settings.js";

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
const own = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";

describe("readOtlpSettings()", () => {
  it.each([
    [{}, {}, undefined],
    [{}, { [endpoint]: "" }, undefined],
    [{}, { [endpoint]: "http://c:4318" }, { url: "http://c:4318/v1/metrics", intervalMs: 60_000, timeoutMs: 10_000 }],
    [{}, { [endpoint]: "http://c:4318/x/" }, { url: "http://c:4318/x/v1/metrics" }],
    [{}, { [endpoint]: "http://c:4318", [own]: "http://m:1/own" }, { url: "http://m:1/own" }],
    [{ endpoint: "https://o" }, { [endpoint]: "http://c", [own]: "http://m" }, { url: "https://o/v1/metrics" }],
    [{}, { [endpoint]: "http://c", OTEL_SDK_DISABLED: "true" }, undefined],
    [{}, { [endpoint]: "http://c", OTEL_METRICS_EXPORTER: "none" }, undefined],
    [{ endpoint: "http://o" }, { OTEL_SDK_DISABLED: "true" }, { url: "http://o/v1/metrics" }],
    [{ intervalMs: 5 }, { [endpoint]: "http://c", OTEL_METRIC_EXPORT_INTERVAL: "7" }, { intervalMs: 5 }],
    [{}, { [endpoint]: "http://c", OTEL_METRIC_EXPORT_INTERVAL: "7" }, { intervalMs: 7 }],
    [{}, { [endpoint]: "http://c", OTEL_EXPORTER_OTLP_TIMEOUT: "8" }, { timeoutMs: 8 }],
    [
      {},
      { [endpoint]: "http://c", OTEL_EXPORTER_OTLP_TIMEOUT: "8", OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "9" },
      { timeoutMs: 9 },
    ],
    [{}, { [endpoint]: "http://c", OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, { url: "http://c/v1/metrics" }],
  ])("of %j and %j is %j", (options, env: Record<string, string>, expected) => {
    const settings = readOtlpSettings(options, env);
    if (expected === undefined) expect(settings).toBeUndefined();
    else expect(settings).toMatchObject(expected);
  });

  it.each([
    [{ endpoint: "c:4318" }, {}, "must be a URL such as http://localhost:4318, received c:4318"],
    [{}, { [endpoint]: "ftp://c" }, "must be a URL"],
    [{ endpoint: "http://c" }, { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "must be http/protobuf, received grpc"],
    [
      { endpoint: "http://c" },
      { OTEL_METRIC_EXPORT_INTERVAL: "1m" },
      "OTEL_METRIC_EXPORT_INTERVAL must be milliseconds",
    ],
    [{ endpoint: "http://c", intervalMs: 0 }, {}, "the interval must be 1 ms or more, received 0"],
  ])("refuses %j and %j", (options, env, problem) => {
    expect(() => readOtlpSettings(options, env)).toThrow(problem);
  });
});
