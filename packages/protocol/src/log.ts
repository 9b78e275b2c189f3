// SPDX-License-Identifier: Apache-2.0

/** How much a line of the log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where everything that people should see goes. An implementation must not throw. */
export interface Logger {
  /**
   * Takes one line: `event` is a stable word to search for, `message` a sentence for people, `fields` the facts in it.
   */
  log(level: LogLevel, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = { log: () => undefined };
