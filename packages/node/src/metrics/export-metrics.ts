// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import { OTLP_STOP_MS } from "../limits.js";
import { createOtlpReport } from "../otlp/otlp-report.js";
import type { Environment } from "../otlp/read-otlp-target.js";
import type { MeteredServer } from "./metrics-page.js";
import { readOtlpSettings } from "./otlp-settings.js";

/** How metrics are sent; what is not said here is taken from the standard variables, `OTEL_EXPORTER_OTLP_ENDPOINT` and so on. */
export interface ExportMetricsOptions {
  /** Base URL of the collector, such as `http://localhost:4318`; `/v1/metrics` is added. Default: by the environment. */
  readonly endpoint?: string | undefined;
  /** Milliseconds between two exports. Default: `OTEL_METRIC_EXPORT_INTERVAL`, else 60,000. */
  readonly intervalMs?: number | undefined;
  /** What the metrics are of, beside `OTEL_RESOURCE_ATTRIBUTES`. Default: `service.name` is `OTEL_SERVICE_NAME`, else `grpc-router`. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
  /** Hears of exports that failed. Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
  /** The environment. Default: `process.env`. */
  readonly env?: Environment | undefined;
}

/** Metrics that are being sent. */
export interface MetricsExport {
  /** Where to, in full. */
  readonly url: string;
  /** Sends what there is now. */
  flush(): Promise<void>;
  /** Sends a last time, and ends. */
  stop(): Promise<void>;
}

/**
 * Sends a server's metrics to an OpenTelemetry collector: OTLP over HTTP in protobuf, histograms exponential, all values
 * since the start. Undefined if neither the options nor the environment name one. OpenTelemetry's SDK is loaded here only.
 *
 * @throws NodeError OTLP_INVALID for settings that cannot be.
 */
export async function exportMetrics(
  server: MeteredServer,
  options: ExportMetricsOptions = {},
): Promise<MetricsExport | undefined> {
  const settings = readOtlpSettings(options, options.env ?? process.env);
  if (settings === undefined) return undefined;
  const { url, intervalMs, timeoutMs } = settings;
  const startMs = performance.timeOrigin;
  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }, { resourceOf }, producers] =
    await Promise.all([
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/exporter-metrics-otlp-proto"),
      import("../otlp/resource-of.js"),
      import("./otel-producer.js"),
    ]);
  const otlp = new OTLPMetricExporter({ url, timeoutMillis: timeoutMs });
  const report = createOtlpReport({ what: "metrics", url, logger: options.logger });
  const reader = new PeriodicExportingMetricReader({
    exporter: reporting(otlp, report),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
    metricProducers: [producers.createMetricProducer(server, { startMs, nowMs: Date.now })],
  });
  const provider = new MeterProvider({ resource: resourceOf(options.resource), readers: [reader] });
  return {
    url,
    flush: () => provider.forceFlush(),
    stop: () => provider.shutdown({ timeoutMillis: OTLP_STOP_MS }).catch(report),
  };
}

/** The same exporter, which tells us of what the SDK keeps in a log of its own, which nobody reads. */
function reporting(exporter: PushMetricExporter, report: (error: unknown) => void): PushMetricExporter {
  return {
    export: (metrics, done) =>
      exporter.export(metrics, ({ error }) => {
        if (error !== undefined) report(error);
        done({ code: 0 }); // it is told
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
