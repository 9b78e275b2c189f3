// SPDX-License-Identifier: Apache-2.0

import type { MetricDefinition } from "@grpc-router/runtime";

/** Units as Prometheus names them; what is counted in braces has none. */
const units: Readonly<Record<string, string>> = { s: "seconds", By: "bytes", "1": "ratio" };

/** A metric in the words of Prometheus. */
export interface PrometheusName {
  /** `grpc_server_call_duration_seconds`; of a counter without `_total`. */
  readonly family: string;
  /** `seconds`; empty: none. */
  readonly unit: string;
}

/**
 * The name by OpenTelemetry's rules for Prometheus (specification, "Prometheus and OpenMetrics compatibility"): `_` for what
 * is no letter or digit, then the unit. Counters add `_total`.
 */
export function prometheusName({ name, unit: ucum }: MetricDefinition): PrometheusName {
  const plain = prometheusLabel(name);
  const unit = units[ucum] ?? "";
  return { family: unit === "" || plain.endsWith(`_${unit}`) ? plain : `${plain}_${unit}`, unit };
}

/** Name of the samples: that of a counter ends in `_total`. */
export function prometheusSample(definition: MetricDefinition): string {
  const { family } = prometheusName(definition);
  return definition.type === "counter" ? `${family}_total` : family;
}

/** A label's name. */
export function prometheusLabel(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
