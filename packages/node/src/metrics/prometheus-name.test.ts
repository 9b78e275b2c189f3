// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { metricDefinitions } from "./metric-definitions.js";
import { prometheusSample } from "./prometheus-name.js";

describe("prometheusSample()", () => {
  it.each([
    ["grpc.server.call.started", "counter", "{call}", "grpc_server_call_started_total"],
    ["grpc.server.call.duration", "histogram", "s", "grpc_server_call_duration_seconds"],
    ["grpcrouter.io", "counter", "By", "grpcrouter_io_bytes_total"],
    ["grpcrouter.memory.pressure", "gauge", "1", "grpcrouter_memory_pressure_ratio"],
    ["a.seconds", "gauge", "s", "a_seconds"],
    ["a-b.ü", "gauge", "{x}", "a_b__"],
  ] as const)("of %s, a %s in %s, is %s", (name, type, unit, expected) => {
    expect(prometheusSample({ name, type, unit, labels: [], description: "" })).toBe(expected);
  });

  it("is another for each metric, and each is described", () => {
    expect(new Set(metricDefinitions.map(prometheusSample)).size).toBe(metricDefinitions.length);
    for (const { name, description, type, bounds } of metricDefinitions) {
      expect([name, description]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
      expect([name, bounds !== undefined]).toEqual([name, type === "histogram"]);
    }
  });
});
