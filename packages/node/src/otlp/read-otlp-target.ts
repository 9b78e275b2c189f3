// SPDX-License-Identifier: Apache-2.0

import { NodeError } from "../node-error.js";

/** What is sent to a collector. */
export type OtlpSignal = "metrics" | "traces";

/** Where it goes. */
export interface OtlpTarget {
  readonly url: string;
  readonly timeoutMs: number;
}

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What OpenTelemetry's specification says where nothing else does. */
const defaultTimeoutMs = 10_000;

/**
 * Reads the standard variables of OpenTelemetry, after what is said in code; headers, certificates and compression are
 * read by the exporter itself. Undefined: the signal goes nowhere.
 *
 * @throws NodeError OTLP_INVALID for what cannot be.
 */
export function readOtlpTarget(
  signal: OtlpSignal,
  endpoint: string | undefined,
  env: Environment,
): OtlpTarget | undefined {
  const variable = signal.toUpperCase();
  const said = (name: string) => variableOf(env, name);
  if (endpoint === undefined) {
    if (said("OTEL_SDK_DISABLED") === "true" || said(`OTEL_${variable}_EXPORTER`) === "none") return undefined;
  }
  // That of one signal alone is taken as it is.
  const own = endpoint === undefined ? said(`OTEL_EXPORTER_OTLP_${variable}_ENDPOINT`) : undefined;
  const text = own ?? endpoint ?? said("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw otlpInvalid(signal, `the endpoint must be a URL such as http://localhost:4318, received ${text}`);
  }
  const name = "OTEL_EXPORTER_OTLP_PROTOCOL";
  const protocol = said(`OTEL_EXPORTER_OTLP_${variable}_PROTOCOL`) ?? said(name);
  if (protocol !== undefined && protocol !== "http/protobuf") {
    const remedy = "give the collector's HTTP port, usually 4318";
    throw otlpInvalid(signal, `${name} must be http/protobuf, received ${protocol}: ${remedy}`);
  }
  return {
    url: own ?? `${text.replace(/\/+$/, "")}/v1/${signal}`,
    timeoutMs:
      readMilliseconds(signal, `OTEL_EXPORTER_OTLP_${variable}_TIMEOUT`, env) ??
      readMilliseconds(signal, "OTEL_EXPORTER_OTLP_TIMEOUT", env) ??
      defaultTimeoutMs,
  };
}

/** A variable of milliseconds. @throws NodeError OTLP_INVALID if it is none. */
export function readMilliseconds(signal: OtlpSignal, name: string, env: Environment): number | undefined {
  const text = variableOf(env, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw otlpInvalid(signal, `${name} must be milliseconds above 0, received ${text}`);
}

/** The error for a setting that cannot be. */
export function otlpInvalid(signal: OtlpSignal, rule: string): NodeError {
  return new NodeError("OTLP_INVALID", `Cannot send ${signal} by OTLP: ${rule}`);
}

/** An empty variable is as good as none, by the specification. */
export function variableOf(env: Environment, name: string): string | undefined {
  return env[name] === "" ? undefined : env[name];
}
