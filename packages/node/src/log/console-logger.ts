// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import { LOG_VALUE_CHARS } from "../limits.js";
import { escapeControls } from "./escape-controls.js";
import { LogLevels, type LogThreshold } from "./log-levels.js";

/** Where and what a console logger writes. */
export interface ConsoleLoggerOptions {
  /** The least level that is written, or levels that may change. Default `info`; `silent` writes nothing. */
  readonly level?: LogThreshold | LogLevels;
  /** Default: standard error, so that a program's output stays its own. */
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  /** Wall clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

const COLOUR = { debug: "\u001b[90m", info: "\u001b[36m", warn: "\u001b[33m", error: "\u001b[31m" } as const;
const RESET = "\u001b[0m";

/**
 * Writes one line per event: time, level, message, then `event=` and the event's fields in the order given. Control
 * characters are escaped, so no peer can forge a line. A terminal gets colour, and a stack gets lines of its own.
 */
export function createConsoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const { level = "info", stream = process.stderr, now = Date.now } = options;
  const levels = level instanceof LogLevels ? level : new LogLevels(level);
  const terminal = stream.isTTY === true;
  return {
    log(level, event, message, fields) {
      if (!levels.passes(level, event)) return;
      const time = new Date(now()).toISOString();
      const shown = level.padEnd(5);
      const words = [
        time,
        terminal ? `${COLOUR[level]}${shown}${RESET}` : shown,
        escapeControls(message),
        `event=${event}`,
      ];
      let below = "";
      for (const [name, value] of Object.entries(fields ?? {})) {
        if (value === undefined) continue;
        const text = textOf(value);
        if (terminal && text.includes("\n")) below += indent(text);
        else words.push(`${name}=${quote(text)}`);
      }
      stream.write(`${words.join(" ")}\n${below}`);
    },
  };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return `${Math.round(value * 1_000) / 1_000}`; // clocks give more than anybody reads
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return `[${value.join(",")}]`;
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}` : inner)) ?? "";
  }
  return String(value);
}

function quote(text: string): string {
  const short = text.length > LOG_VALUE_CHARS && !text.includes("\n") ? `${text.slice(0, LOG_VALUE_CHARS)}…` : text;
  return /^[\w.:/@+,\-[\]]+$/.test(short) ? short : escapeControls(JSON.stringify(short));
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${escapeControls(line)}\n`)
    .join("");
}
