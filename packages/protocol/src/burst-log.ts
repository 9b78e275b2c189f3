// SPDX-License-Identifier: Apache-2.0

import { LOG_BURST_MS } from "./limits.js";
import type { Logger, LogLevel } from "./log.js";

/** A logger for what comes in floods. */
export interface BurstLog {
  /** Logs an event of a kind. Kinds are named by code, never by a peer: each takes an entry. */
  log(kind: string, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** How floods are logged. */
export interface BurstLogOptions {
  /** Level of the first event of a burst. Default `warn`. */
  readonly level?: LogLevel;
  /** Milliseconds, monotonic. */
  readonly nowMs: () => number;
}

interface Burst {
  readonly sinceMs: number;
  more: number;
}

/**
 * Logs the first event of a kind in a minute at `level` and the others at `debug`; the next burst's first line tells how
 * many they were.
 */
export function createBurstLog(logger: Logger, options: BurstLogOptions): BurstLog {
  const { level = "warn", nowMs } = options;
  const bursts = new Map<string, Burst>();
  return {
    log(kind, event, message, fields) {
      const now = nowMs();
      const burst = bursts.get(kind);
      if (burst !== undefined && now - burst.sinceMs < LOG_BURST_MS) {
        burst.more++;
        logger.log("debug", event, message, fields);
        return;
      }
      const more = burst?.more ?? 0;
      bursts.set(kind, { sinceMs: now, more: 0 });
      logger.log(level, event, more === 0 ? message : `${message} (and ${more} more before it)`, fields);
    },
  };
}
