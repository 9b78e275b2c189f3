// SPDX-License-Identifier: Apache-2.0

import type { HistogramSnapshot, MetricFamily } from "@grpc-router/runtime";
import { type HrTime, ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import { ownVersion } from "./collect-process-metrics.js";
import type { MeteredServer } from "./metrics-page.js";

/** Options of `createMetricProducer`. */
export interface MetricProducerOptions {
  /** Since when it is counted, in milliseconds since 1970. */
  readonly startMs: number;
  /** Now, likewise. */
  readonly nowMs: () => number;
}

/**
 * The metrics of a server for a reader of OpenTelemetry's SDK: sums and exponential histograms since the start
 * (cumulative), and gauges.
 */
export function createMetricProducer(server: MeteredServer, { startMs, nowMs }: MetricProducerOptions): MetricProducer {
  const startTime = hrTimeOf(startMs);
  const scope = { name: "grpc-router", version: ownVersion };
  return {
    collect(): Promise<CollectionResult> {
      const endTime = hrTimeOf(nowMs());
      const metrics = server
        .metrics()
        .filter(({ points }) => points.length > 0)
        .map((family) => toMetricData(family, startTime, endTime));
      return Promise.resolve({
        resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics }] },
        errors: [],
      });
    },
  };
}

function toMetricData({ definition, points }: MetricFamily, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, type, unit, description, labels } = definition;
  const common = {
    // Counts are whole, seconds are not: one type for all.
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const pointsOf = <Value>(read: (value: number | HistogramSnapshot) => Value): DataPoint<Value>[] =>
    points.map((point) => ({
      startTime,
      endTime,
      attributes: attributesOf(labels, point.labels),
      value: read(point.value),
    }));
  if (type === "histogram") {
    return { ...common, dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM, dataPoints: pointsOf(toExponential) };
  }
  const dataPoints = pointsOf((value) => (typeof value === "number" ? value : value.count));
  if (type === "gauge") return { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

function toExponential(value: number | HistogramSnapshot) {
  if (typeof value === "number") throw new Error(`Cannot export a histogram: it must have buckets, received ${value}`);
  const { count, sum, scale, zeroCount, offset, buckets } = value;
  return {
    count,
    sum,
    scale,
    zeroCount,
    positive: { offset, bucketCounts: [...buckets] },
    negative: { offset: 0, bucketCounts: [] },
  };
}

/** Labels without a value are left out. */
function attributesOf(names: readonly string[], values: readonly string[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? "";
    if (value !== "") attributes[name] = value;
  }
  return attributes;
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
