// SPDX-License-Identifier: Apache-2.0

import { createBurstLog, type Logger } from "@grpc-router/protocol";
import { createConsoleLogger } from "../log/console-logger.js";
import { firstLine } from "../node-error.js";

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
