// SPDX-License-Identifier: Apache-2.0

import {
  type Environment,
  type OtlpTarget,
  otlpInvalid,
  readMilliseconds,
  readOtlpTarget,
} from "../otlp/read-otlp-target.js";

/** Where metrics go, and how often. */
export interface OtlpSettings extends OtlpTarget {
  readonly intervalMs: number;
}

/** What OpenTelemetry's specification says where nothing else does. */
const defaultIntervalMs = 60_000;

/**
 * Where metrics go by the options, else by the standard variables of OpenTelemetry. Undefined: nowhere.
 *
 * @throws NodeError OTLP_INVALID for what cannot be.
 */
export function readOtlpSettings(
  { endpoint, intervalMs }: { readonly endpoint?: string | undefined; readonly intervalMs?: number | undefined },
  env: Environment,
): OtlpSettings | undefined {
  const target = readOtlpTarget("metrics", endpoint, env);
  if (target === undefined) return undefined;
  const interval = intervalMs ?? readMilliseconds("metrics", "OTEL_METRIC_EXPORT_INTERVAL", env) ?? defaultIntervalMs;
  if (!(interval >= 1)) throw otlpInvalid("metrics", `the interval must be 1 ms or more, received ${interval}`);
  return { ...target, intervalMs: interval };
}
