// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { durationShape, sizeShape } from "./call-series.js";
import { toExplicitBuckets } from "./explicit-buckets.js";
import { ExponentialHistogram, type HistogramShape } from "./exponential-histogram.js";
import type { HistogramBounds } from "./metric-definition.js";
import { routerMetricDefinitions } from "./router-metric-definitions.js";

function explicit(shape: HistogramShape, bounds: HistogramBounds, values: readonly number[]) {
  const histogram = new ExponentialHistogram(shape);
  for (const value of values) histogram.record(value * (shape.perUnit ?? 1));
  return toExplicitBuckets(histogram.snapshot(), bounds);
}

describe("toExplicitBuckets()", () => {
  test("counts up to each bound, which is in", () => {
    const bounds = { firstExponent: 0, lastExponent: 3, halves: [1, 2] } as const;
    expect(explicit(sizeShape, bounds, [0, 1, 2, 2.5, 4, 4.5, 8, 9])).toEqual([
      { bound: 1, count: 2 },
      { bound: 2, count: 3 },
      { bound: 2 * Math.SQRT2, count: 4 },
      { bound: 4, count: 5 },
      { bound: 8, count: 7 },
    ]);
  });

  test("of sizes are those of gRFC A66", () => {
    const bounds = routerMetricDefinitions.find(({ type, unit }) => type === "histogram" && unit === "By")?.bounds;
    if (bounds === undefined) throw new Error("Cannot find a histogram of sizes");
    const own = explicit(sizeShape, bounds, []).map(({ bound }) => bound);
    const a66 = [
      1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456, 1073741824, 4294967296,
    ];
    expect(own).toEqual([64, 256, ...a66]);
  });

  test("of what has no sample, or only smaller and larger ones, is as it should be", () => {
    const bounds = { firstExponent: -2, lastExponent: 0 };
    expect(explicit(durationShape, bounds, [])).toEqual([0.25, 0.5, 1].map((bound) => ({ bound, count: 0 })));
    expect(explicit(durationShape, bounds, [1e-9, 7])).toEqual([0.25, 0.5, 1].map((bound) => ({ bound, count: 1 })));
  });

  test("says of no sample another side than it has", () => {
    const { seed, random } = createSeededRandom(5);
    const definitions = routerMetricDefinitions.filter(
      ({ unit, bounds }) => bounds !== undefined && unit !== "{retry}",
    );
    expect(definitions.length).toBeGreaterThan(6);
    for (const { name, unit, bounds } of definitions) {
      if (bounds === undefined) continue;
      const values = Array.from({ length: 300 }, () => 2 ** (bounds.firstExponent - 1 + random() * 25));
      for (const { bound, count } of explicit(unit === "s" ? durationShape : sizeShape, bounds, values)) {
        expect([seed, name, bound, count]).toEqual([
          seed,
          name,
          bound,
          values.filter((value) => value <= bound).length,
        ]);
      }
    }
  });
});
