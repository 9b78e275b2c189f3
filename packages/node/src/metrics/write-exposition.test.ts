// SPDX-License-Identifier: Apache-2.0

import { ExponentialHistogram, familyOf, type MetricFamily } from "@grpc-router/runtime";
import { describe, expect, it } from "vitest";
import { writeExposition } from "./write-exposition.js";

const delays = new ExponentialHistogram({ scale: 3, minExponent: -10, maxExponent: 10 });
for (const seconds of [0.5, 1, 3, 70]) delays.record(seconds);

const families: readonly MetricFamily[] = [
  {
    definition: {
      name: "a.calls",
      type: "counter",
      unit: "{call}",
      labels: ["b.name", "c"],
      description: 'Of "calls"\n\\.',
    },
    points: [
      { labels: ['x"y\\z\n', ""], value: 3 },
      { labels: ["", ""], value: 0.5 },
    ],
  },
  familyOf({ name: "a.time", type: "gauge", unit: "s", labels: [], description: "T." }, Number.POSITIVE_INFINITY),
  {
    definition: {
      name: "a.delay",
      type: "histogram",
      unit: "s",
      labels: ["k"],
      description: "D.",
      bounds: { firstExponent: -1, lastExponent: 2 },
    },
    points: [{ labels: ["v"], value: delays.snapshot() }],
  },
  { definition: { name: "a.nothing", type: "gauge", unit: "1", labels: ["k"], description: "N." }, points: [] },
];

describe("writeExposition()", () => {
  it("writes Prometheus's text format", () => {
    expect(writeExposition(families, "text")).toBe(`# TYPE a_calls_total counter
# HELP a_calls_total Of "calls"\\n\\\\.
a_calls_total{b_name="x\\"y\\\\z\\n"} 3
a_calls_total 0.5
# TYPE a_time_seconds gauge
# HELP a_time_seconds T.
a_time_seconds +Inf
# TYPE a_delay_seconds histogram
# HELP a_delay_seconds D.
a_delay_seconds_bucket{k="v",le="0.5"} 1
a_delay_seconds_bucket{k="v",le="1"} 2
a_delay_seconds_bucket{k="v",le="2"} 2
a_delay_seconds_bucket{k="v",le="4"} 3
a_delay_seconds_bucket{k="v",le="+Inf"} 4
a_delay_seconds_sum{k="v"} 74.5
a_delay_seconds_count{k="v"} 4
`);
  });

  it("writes OpenMetrics", () => {
    expect(writeExposition(families, "openmetrics")).toBe(`# TYPE a_calls counter
# HELP a_calls Of \\"calls\\"\\n\\\\.
a_calls_total{b_name="x\\"y\\\\z\\n"} 3
a_calls_total 0.5
# TYPE a_time_seconds gauge
# UNIT a_time_seconds seconds
# HELP a_time_seconds T.
a_time_seconds +Inf
# TYPE a_delay_seconds histogram
# UNIT a_delay_seconds seconds
# HELP a_delay_seconds D.
a_delay_seconds_bucket{k="v",le="0.5"} 1
a_delay_seconds_bucket{k="v",le="1.0"} 2
a_delay_seconds_bucket{k="v",le="2.0"} 2
a_delay_seconds_bucket{k="v",le="4.0"} 3
a_delay_seconds_bucket{k="v",le="+Inf"} 4
a_delay_seconds_sum{k="v"} 74.5
a_delay_seconds_count{k="v"} 4
# EOF
`);
  });
});
