// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import { pino } from "pino";
import { LogLevels, type LogThreshold } from "./log-levels.js";
import { moduleOfEvent } from "./log-modules.js";

/** Where and what a JSON logger writes. */
export interface JsonLoggerOptions {
  /** The least level that is written, or levels that may change. Default `info`; `silent` writes nothing. */
  readonly level?: LogThreshold | LogLevels;
  /** Default: standard error, so that a program's output stays its own. */
  readonly stream?: { write(text: string): unknown };
  /** Wall clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** Names that every line has; a field of an event that is called so gets `_` behind its name. */
const ownNames: ReadonlySet<string> = new Set(["level", "time", "module", "event", "message"]);

/**
 * Writes one JSON object per event and line, by pino: `level`, `time` (RFC 3339), `module`, `event`, the event's fields, and
 * `message`. For machines that collect logs; people read those of `createConsoleLogger` more easily.
 */
export function createJsonLogger(options: JsonLoggerOptions = {}): Logger {
  const { level = "info", stream = process.stderr, now = Date.now } = options;
  const levels = level instanceof LogLevels ? level : new LogLevels(level);
  const logger = pino(
    {
      level: "debug",
      base: null,
      messageKey: "message",
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => void stream.write(line) },
  );
  return {
    log(lineLevel, event, message, fields) {
      if (!levels.passes(lineLevel, event)) return;
      logger[lineLevel]({ module: moduleOfEvent(event), event, ...plain(fields) }, message);
    },
  };
}

function plain(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    ownNames.has(name) ? `${name}_` : name,
    textOf(value),
  ]);
  return Object.fromEntries(entries);
}

/** What JSON has no form for. */
function textOf(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}`;
  if (value instanceof Error) return value.stack ?? value.message;
  return value;
}
