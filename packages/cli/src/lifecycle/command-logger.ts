// SPDX-License-Identifier: Apache-2.0

import {
  createConsoleLogger,
  createJsonLogger,
  EventLog,
  type Logger,
  LogLevels,
  type LogThreshold,
} from "@grpc-router/node";
import type { Io } from "../io.js";
import { StatusLine } from "./status-line.js";

/** What a command that runs for long says to people. */
export interface CommandLogger {
  readonly logger: Logger;
  /** What it writes; may be changed. */
  readonly levels: LogLevels;
  /** Stands below the log; undefined where standard error is no terminal. */
  readonly line: StatusLine | undefined;
}

/** The log on standard error, and on a terminal the line below it. */
export function createCommandLogger(level: LogThreshold, io: Io, format: "json" | "text" = "text"): CommandLogger {
  const line = io.isTerminal && format === "text" ? new StatusLine(io.err) : undefined;
  const write = (text: string): void => (line === undefined ? io.err(text) : line.above(text));
  const levels = new LogLevels(level);
  const stream = { write, isTTY: io.isTerminal };
  const create = format === "json" ? createJsonLogger : createConsoleLogger;
  const logger = create({ level: levels, stream });
  return { logger: new EventLog(logger, Date.now), levels, line };
}
