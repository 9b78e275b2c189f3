// SPDX-License-Identifier: Apache-2.0

import { createBurstLog, type Logger } from "@grpc-router/protocol";
import type { PushMetricExporter, ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { OTLP_STOP_MS } from "../limits.js";
import { createConsoleLogger } from "../log/console-logger.js";
import { firstLine } from "../node-error.js";
import { ownVersion } from "./collect-process-metrics.js";
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
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
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
  const [{ MeterProvider, PeriodicExportingMetricReader }, { OTLPMetricExporter }, resources, producers] =
    await Promise.all([
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/exporter-metrics-otlp-proto"),
      import("@opentelemetry/resources"),
      import("./otel-producer.js"),
    ]);
  const otlp = new OTLPMetricExporter({ url, timeoutMillis: timeoutMs });
  const report = createReport(url, options.logger ?? createConsoleLogger());
  const exporter = reporting(otlp, report);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
    metricProducers: [producers.createMetricProducer(server, { startMs, nowMs: Date.now })],
  });
  const detected = resources.detectResources({ detectors: [resources.envDetector] });
  const attributes = { "service.name": "grpc-router", "service.version": ownVersion };
  const resource = resources.resourceFromAttributes(attributes).merge(detected);
  const provider = new MeterProvider({
    resource: resource.merge(resources.resourceFromAttributes({ ...options.resource })),
    readers: [reader],
  });
  return {
    url,
    flush: () => provider.forceFlush(),
    stop: () => provider.shutdown({ timeoutMillis: OTLP_STOP_MS }).catch((error) => report(error)),
  };
}

/** Tells of what could not be sent, once a minute at the most. */
function createReport(url: string, logger: Logger): (error: unknown) => void {
  const log = createBurstLog(logger, { nowMs: () => performance.now() });
  return (error) => log.log("otlp", "otlp_failed", `Cannot send metrics to ${url}: ${firstLine(error)}`, { url });
}

/** The same exporter, which tells us of what the SDK keeps in a log of its own, which nobody reads. */
function reporting(exporter: PushMetricExporter, report: (error: unknown) => void): PushMetricExporter {
  return {
    export(metrics: ResourceMetrics, done) {
      exporter.export(metrics, ({ error }) => {
        if (error !== undefined) report(error);
        done({ code: 0 }); // it is told
      });
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
