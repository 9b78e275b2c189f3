// SPDX-License-Identifier: Apache-2.0

import { type HistogramSnapshot, type MetricFamily, toExplicitBuckets } from "@grpc-router/runtime";
import { prometheusLabel, prometheusName, prometheusSample } from "./prometheus-name.js";

/** Prometheus's text format 0.0.4, or OpenMetrics 1.0.0. */
export type ExpositionFormat = "text" | "openmetrics";

/**
 * Writes metrics for Prometheus to scrape. Histograms get explicit buckets, whose bounds are bounds of the exponential
 * ones, so nothing is guessed; OTLP has the exponential ones themselves.
 */
export function writeExposition(families: readonly MetricFamily[], format: ExpositionFormat): string {
  const parts: string[] = [];
  for (const family of families) if (family.points.length > 0) writeFamily(parts, family, format === "openmetrics");
  if (format === "openmetrics") parts.push("# EOF\n");
  return parts.join("");
}

function writeFamily(parts: string[], { definition, points }: MetricFamily, isOpenMetrics: boolean): void {
  const { type, description, bounds } = definition;
  const { family, unit } = prometheusName(definition);
  const sample = prometheusSample(definition);
  // In the older format the name of a counter is that of its samples.
  const named = isOpenMetrics ? family : sample;
  parts.push(`# TYPE ${named} ${type}\n`);
  if (isOpenMetrics && unit !== "") parts.push(`# UNIT ${named} ${unit}\n`);
  parts.push(`# HELP ${named} ${escapeText(description, isOpenMetrics)}\n`);
  const names = definition.labels.map(prometheusLabel);
  for (const { labels, value } of points) {
    const pairs = pairsOf(names, labels);
    if (typeof value === "number") parts.push(`${sample}${braced(pairs)} ${formatNumber(value)}\n`);
    else writeHistogram(parts, sample, pairs, { value, bounds, isOpenMetrics });
  }
}

interface HistogramParts {
  readonly value: HistogramSnapshot;
  readonly bounds: MetricFamily["definition"]["bounds"];
  readonly isOpenMetrics: boolean;
}

function writeHistogram(parts: string[], name: string, pairs: string, histogram: HistogramParts): void {
  const { value, bounds, isOpenMetrics } = histogram;
  const before = pairs === "" ? "" : `${pairs},`;
  for (const { bound, count } of bounds === undefined ? [] : toExplicitBuckets(value, bounds)) {
    // OpenMetrics wants the canonical form of a float.
    const le = isOpenMetrics && Number.isInteger(bound) ? `${bound}.0` : formatNumber(bound);
    parts.push(`${name}_bucket{${before}le="${le}"} ${count}\n`);
  }
  parts.push(`${name}_bucket{${before}le="+Inf"} ${value.count}\n`);
  parts.push(`${name}_sum${braced(pairs)} ${formatNumber(value.sum)}\n`);
  parts.push(`${name}_count${braced(pairs)} ${value.count}\n`);
}

/** Labels without a value are left out: Prometheus makes no difference. */
function pairsOf(names: readonly string[], values: readonly string[]): string {
  const pairs: string[] = [];
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? "";
    if (value !== "") pairs.push(`${name}="${escapeText(value, true)}"`);
  }
  return pairs.join(",");
}

function braced(pairs: string): string {
  return pairs === "" ? "" : `{${pairs}}`;
}

function escapeText(text: string, withQuotes: boolean): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return withQuotes ? escaped.replaceAll('"', '\\"') : escaped;
}

function formatNumber(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
