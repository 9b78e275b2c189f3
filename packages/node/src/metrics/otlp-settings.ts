// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "../node-error.js";

/** Where metrics go, and how often. */
export interface OtlpSettings {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What OpenTelemetry's specification says where nothing else does. */
const defaultIntervalMs = 60_000;
const defaultTimeoutMs = 10_000;

/**
 * Reads the standard variables of OpenTelemetry, after what is said in code; headers, certificates and compression are
 * read by the exporter itself. Undefined: metrics go nowhere.
 *
 * @throws NodeError OTLP_INVALID for what cannot be.
 */
export function readOtlpSettings(
  { endpoint, intervalMs }: { readonly endpoint?: string | undefined; readonly intervalMs?: number | undefined },
  env: Environment,
): OtlpSettings | undefined {
  const said = readerOf(env);
  if (endpoint === undefined) {
    if (said("OTEL_SDK_DISABLED") === "true" || said("OTEL_METRICS_EXPORTER") === "none") return undefined;
  }
  const url = urlOf(endpoint, said);
  if (url === undefined) return undefined;
  checkProtocol(said);
  const interval = intervalMs ?? numberOf(said, "OTEL_METRIC_EXPORT_INTERVAL") ?? defaultIntervalMs;
  if (!(interval >= 1)) {
    throw invalid(`the interval must be 1 ms or more, received ${interval}`);
  }
  const timeout = numberOf(said, "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT") ?? numberOf(said, "OTEL_EXPORTER_OTLP_TIMEOUT");
  return { url, intervalMs: interval, timeoutMs: timeout ?? defaultTimeoutMs };
}

type Said = (name: string) => string | undefined;

/** An empty variable is as good as none, by the specification. */
function readerOf(env: Environment): Said {
  return (name) => (env[name] === "" ? undefined : env[name]);
}

function urlOf(endpoint: string | undefined, said: Said): string | undefined {
  // That of metrics alone is taken as it is.
  const own = endpoint === undefined ? said("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") : undefined;
  const base = endpoint ?? said("OTEL_EXPORTER_OTLP_ENDPOINT");
  const text = own ?? base;
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw invalid(`the endpoint must be a URL such as http://localhost:4318, received ${text}`);
  }
  return own ?? `${text.replace(/\/+$/, "")}/v1/metrics`;
}

function checkProtocol(said: Said): void {
  const name = "OTEL_EXPORTER_OTLP_PROTOCOL";
  const protocol = said("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") ?? said(name);
  if (protocol === undefined || protocol === "http/protobuf") return;
  throw invalid(`${name} must be http/protobuf, received ${protocol}: give the collector's HTTP port, usually 4318`);
}

function numberOf(said: Said, name: string): number | undefined {
  const text = said(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw invalid(`${name} must be milliseconds above 0, received ${text}`);
  return value;
}

function invalid(rule: string): NodeError {
  return new NodeError("OTLP_INVALID", `Cannot send metrics by OTLP: ${rule}`);
}
