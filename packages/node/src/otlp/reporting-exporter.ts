// SPDX-License-Identifier: Apache-2.0

import { createBurstLog, type Logger } from "@grpc-router/protocol";
import { createConsoleLogger } from "../log/console-logger.js";
import { firstLine } from "../node-error.js";

/** What the exporters of OpenTelemetry's SDK have in common. */
export interface OtlpExporter<Batch> {
  export(batch: Batch, done: (result: { readonly code: 0 | 1; readonly error?: Error }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** What is sent, where to, and who hears of what is not. */
export interface OtlpReportOptions {
  readonly what: "metrics" | "spans";
  readonly url: string;
  /** Default: `createConsoleLogger()`. */
  readonly logger: Logger | undefined;
}

/** Tells of what could not be sent, once a minute at the most. */
export function createOtlpReport({ what, url, logger }: OtlpReportOptions): (error: unknown) => void {
  const log = createBurstLog(logger ?? createConsoleLogger(), { nowMs: () => performance.now() });
  return (error) => log.log("otlp", "otlp_failed", `Cannot send ${what} to ${url}: ${firstLine(error)}`, { url });
}

/** The same exporter, which tells us of what the SDK keeps in a log of its own, which nobody reads. */
export function createReportingExporter<Batch>(
  exporter: OtlpExporter<Batch>,
  report: (error: unknown) => void,
): OtlpExporter<Batch> {
  return {
    export: (batch, done) =>
      exporter.export(batch, ({ error }) => {
        if (error !== undefined) report(error);
        done({ code: 0 }); // it is told
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
