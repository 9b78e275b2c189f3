// SPDX-License-Identifier: Apache-2.0

import { randomFillSync } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "@grpc-router/protocol";
import type { CallWatcher } from "@grpc-router/runtime";
import { OTLP_STOP_MS } from "../limits.js";
import { WallClock } from "../log/wall-clock.js";
import { ownVersion } from "../metrics/collect-process-metrics.js";
import { createOtlpReport } from "../otlp/otlp-report.js";
import {
  type Environment,
  otlpInvalid,
  readMilliseconds,
  readOtlpTarget,
  variableOf,
} from "../otlp/read-otlp-target.js";
import { CallSpans } from "./call-spans.js";
import { RandomIds } from "./random-ids.js";
import { SpanBatches, type SpanBatchLimits } from "./span-batches.js";

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
 * neither the options nor the environment name one. OpenTelemetry's exporter is loaded here only.
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
  const limits = readLimits(env);
  if (target === undefined) return undefined;
  const [{ createTraceSender }, { resourceOf }] = await Promise.all([
    import("./trace-sender.js"),
    import("../otlp/resource-of.js"),
  ]);
  const { url } = target;
  const report = createOtlpReport({ what: "spans", url, logger: options.logger });
  const sender = createTraceSender(target);
  const batches = new SpanBatches({
    ...limits,
    source: {
      resource: resourceOf(options.resource).attributes,
      scope: { name: "@grpc-router/node", version: ownVersion },
    },
    send: (request) => sender.send(request),
    report,
  });
  const spans = new CallSpans({
    ratio,
    add: (span) => batches.add(span),
    random: Math.random,
    ids: new RandomIds(randomFillSync),
    clock: new WallClock(),
  });
  const unwatch = server.watch(spans);
  return {
    url,
    flush: () => batches.flush(),
    async stop() {
      unwatch();
      const patience = setTimeout(OTLP_STOP_MS, undefined, { ref: false });
      await Promise.race([
        batches
          .flush()
          .then(() => sender.stop())
          .catch(report),
        patience,
      ]);
    },
  };
}

/** The standard variables; what they do not say is as the specification has it. */
function readLimits(env: Environment): SpanBatchLimits {
  return {
    scheduleDelayMs: readMilliseconds("traces", "OTEL_BSP_SCHEDULE_DELAY", env),
    maxQueueSize: readCount("OTEL_BSP_MAX_QUEUE_SIZE", env),
    maxExportBatchSize: readCount("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", env),
  };
}

function readCount(name: string, env: Environment): number | undefined {
  const text = variableOf(env, name);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw otlpInvalid("traces", `${name} must be a number of spans above 0, received ${text}`);
}

function readRatio(given: number | undefined, env: Environment): number {
  const text = variableOf(env, "OTEL_TRACES_SAMPLER_ARG");
  const ratio = given ?? (text === undefined ? defaultRatio : Number(text));
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw otlpInvalid("traces", `the share of calls must be 0 to 1, received ${given ?? text}`);
}
