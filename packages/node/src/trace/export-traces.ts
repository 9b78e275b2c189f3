// SPDX-License-Identifier: Apache-2.0

import { setTimeout } from "node:timers/promises";
import type { Logger } from "@grpc-router/protocol";
import type { CallWatcher } from "@grpc-router/runtime";
import { OTLP_STOP_MS } from "../limits.js";
import { WallClock } from "../log/wall-clock.js";
import { ownVersion } from "../metrics/collect-process-metrics.js";
import {
  type Environment,
  otlpInvalid,
  readMilliseconds,
  readOtlpTarget,
  variableOf,
} from "../otlp/read-otlp-target.js";
import { createOtlpReport, createReportingExporter } from "../otlp/reporting-exporter.js";

/** How spans are sent; what is not said here is taken from the standard variables, `OTEL_EXPORTER_OTLP_ENDPOINT` and so on. */
export interface ExportTracesOptions {
  /** Base URL of the collector, such as `http://localhost:4318`; `/v1/traces` is added. Default: by the environment. */
  readonly endpoint?: string | undefined;
  /**
   * Share of the calls that are traced, 0 to 1, of those whose clients do not say. Default: `OTEL_TRACES_SAMPLER_ARG`, else
   * 0.01.
   */
  readonly ratio?: number | undefined;
  /** What the spans are of, beside `OTEL_RESOURCE_ATTRIBUTES`. Default: `service.name` is `OTEL_SERVICE_NAME`, else `grpc-router`. */
  readonly resource?: Readonly<Record<string, string>> | undefined;
  /** Hears of exports that failed. Default: `createConsoleLogger()`. */
  readonly logger?: Logger | undefined;
  /** The environment. Default: `process.env`. */
  readonly env?: Environment | undefined;
}

/** Spans that are being sent. */
export interface TracesExport {
  /** Where to, in full. */
  readonly url: string;
  /** Sends what there is now. */
  flush(): Promise<void>;
  /** Follows no more calls, sends a last time, and ends. */
  stop(): Promise<void>;
}

/** What tells of calls. */
export interface WatchableServer {
  watch(watcher: CallWatcher): () => void;
}

const defaultRatio = 0.01;

/**
 * Sends spans of a server's calls to an OpenTelemetry collector: OTLP over HTTP in protobuf, in batches. Undefined if
 * neither the options nor the environment name one. OpenTelemetry's SDK is loaded here only.
 *
 * @throws NodeError OTLP_INVALID for settings that cannot be.
 */
export async function exportTraces(
  server: WatchableServer,
  options: ExportTracesOptions = {},
): Promise<TracesExport | undefined> {
  const env = options.env ?? process.env;
  const target = readOtlpTarget("traces", options.endpoint, env);
  const ratio = readRatio(options.ratio, env);
  const batches = readBatches(env);
  if (target === undefined) return undefined;
  const [
    { AlwaysOnSampler, BatchSpanProcessor, TracerProvider },
    { OTLPTraceExporter },
    { resourceOf },
    { CallSpans },
  ] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-proto"),
    import("../otlp/resource-of.js"),
    import("./call-spans.js"),
  ]);
  const { url, timeoutMs } = target;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs });
  const report = createOtlpReport({ what: "spans", url, logger: options.logger });
  const provider = new TracerProvider({
    resource: resourceOf(options.resource),
    // What is followed is sampled: CallSpans has chosen.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [new BatchSpanProcessor({ exporter: createReportingExporter(exporter, report), ...batches })],
  });
  const tracer = provider.getTracer("@grpc-router/node", ownVersion);
  const unwatch = server.watch(new CallSpans({ tracer, ratio, random: Math.random, clock: new WallClock() }));
  return {
    url,
    flush: () => provider.forceFlush(),
    async stop() {
      unwatch();
      const patience = setTimeout(OTLP_STOP_MS, undefined, { ref: false });
      await Promise.race([provider.shutdown().catch(report), patience]);
    },
  };
}

/** How spans are collected, by the standard variables; what they do not say is as the specification has it. */
function readBatches(env: Environment): Partial<Record<"scheduledDelayMillis" | "maxQueueSize", number>> {
  const delayMs = readMilliseconds("traces", "OTEL_BSP_SCHEDULE_DELAY", env);
  const text = variableOf(env, "OTEL_BSP_MAX_QUEUE_SIZE");
  const size = Number(text);
  if (text !== undefined && !(Number.isInteger(size) && size > 0)) {
    throw otlpInvalid("traces", `OTEL_BSP_MAX_QUEUE_SIZE must be a number of spans above 0, received ${text}`);
  }
  return {
    ...(delayMs === undefined ? {} : { scheduledDelayMillis: delayMs }),
    ...(text === undefined ? {} : { maxQueueSize: size }),
  };
}

function readRatio(given: number | undefined, env: Environment): number {
  const text = variableOf(env, "OTEL_TRACES_SAMPLER_ARG");
  const ratio = given ?? (text === undefined ? defaultRatio : Number(text));
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw otlpInvalid("traces", `the share of calls must be 0 to 1, received ${given ?? text}`);
}
