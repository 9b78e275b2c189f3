// SPDX-License-Identifier: Apache-2.0

/** `counter` only grows; `gauge` is what is now; `histogram` is a distribution since the start. */
export type MetricType = "counter" | "gauge" | "histogram";

/** What a metric is called and what it means. */
export interface MetricDefinition {
  /** In the way of OpenTelemetry: `grpc.server.call.duration`. */
  readonly name: string;
  readonly type: MetricType;
  /** UCUM: `s`, `By`, `1`, or what is counted in braces, `{call}`. */
  readonly unit: string;
  /** Names of the labels, in the order of `MetricPoint.labels`. */
  readonly labels: readonly string[];
  /** One sentence. */
  readonly description: string;
  /** Of histograms: where their buckets may be cut for formats without exponential ones. */
  readonly bounds?: HistogramBounds | undefined;
}

/** Bounds for formats with explicit buckets: powers of the square root of two, so that each is a bound of exponential buckets, too. */
export interface HistogramBounds {
  /** Of the first and the last bound, as powers of two. */
  readonly firstExponent: number;
  readonly lastExponent: number;
  /** Powers of two from one bound to the next. Default 1. */
  readonly step?: number | undefined;
  /** The square roots between, too, from one power of two to another. Default: none. */
  readonly halves?: readonly [from: number, to: number] | undefined;
}

/** A distribution as it is now (OpenTelemetry's exponential histogram). Buckets without a sample at both ends are left out. */
export interface HistogramSnapshot {
  readonly count: number;
  readonly sum: number;
  /** Bucket `i` holds what is above 2^(i / 2^scale) and at most 2^((i + 1) / 2^scale). */
  readonly scale: number;
  /** What is at most this is counted in `zeroCount`. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Number of the first bucket of `buckets`. */
  readonly offset: number;
  readonly buckets: readonly number[];
}

/** One series of a metric. */
export interface MetricPoint {
  /** Values of the labels; an empty one is as good as none. */
  readonly labels: readonly string[];
  readonly value: number | HistogramSnapshot;
}

/** A metric and what it says now. */
export interface MetricFamily {
  readonly definition: MetricDefinition;
  readonly points: readonly MetricPoint[];
}

/** A family without labels. */
export function familyOf(definition: MetricDefinition, value: number | HistogramSnapshot): MetricFamily {
  return { definition, points: [{ labels: [], value }] };
}

/** A family with one label, whose values are the names in `values`. */
export function familyByName(definition: MetricDefinition, values: Readonly<Record<string, number>>): MetricFamily {
  return { definition, points: Object.entries(values).map(([name, value]) => ({ labels: [name], value })) };
}
