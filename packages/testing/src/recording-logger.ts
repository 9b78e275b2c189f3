// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "@grpc-router/protocol";

/** One call of `Logger.log`. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that remembers. */
export interface RecordingLogger extends Logger {
  /** Everything logged, in order. */
  readonly entries: readonly LogEntry[];
  /** The entries of one event. */
  of(event: string): readonly LogEntry[];
  /** Forgets everything. */
  clear(): void;
}

/** Creates a logger whose entries a test can look at. */
export function createRecordingLogger(): RecordingLogger {
  const entries: LogEntry[] = [];
  return {
    entries,
    log: (level, event, message, fields = {}) => void entries.push({ level, event, message, fields }),
    of: (event) => entries.filter((entry) => entry.event === event),
    clear: () => void entries.splice(0),
  };
}
