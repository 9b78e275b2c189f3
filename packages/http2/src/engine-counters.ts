// SPDX-License-Identifier: Apache-2.0
import { nameOfErrorCode } from "./frame/error-code.js";
import { defaultLimits, type Limits } from "./limits.js";

/** Slots of a count by error code: the 14 codes of RFC 9113 section 7, then one for all others. */
export const errorCodeSlots = 15;

/** Counts one more of `code`, an unsigned number of 32 bits. */
export function countByCode(counts: number[], code: number): void {
  const slot = Math.min(code, errorCodeSlots - 1);
  counts[slot] = (counts[slot] ?? 0) + 1;
}

/** Counts by code under the codes' names, `OTHER` for those without one; codes that never came are left out. */
export function countsByName(counts: readonly number[]): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [slot, count] of counts.entries()) {
    if (count > 0) named[slot === errorCodeSlots - 1 ? "OTHER" : nameOfErrorCode(slot)] = count;
  }
  return named;
}

/**
 * What the engine counts, for all connections that share the record (`ConnectionOptions.counters`): plain numbers that
 * only grow, so a reader takes differences. Counts by code have `errorCodeSlots` slots.
 */
export class EngineCounters {
  connectionsOpened = 0;
  connectionsClosed = 0;
  streamsOpened = 0;
  streamsClosed = 0;
  /** RST_STREAM by error code, by side. */
  readonly resetsSent: number[] = new Array<number>(errorCodeSlots).fill(0);
  readonly resetsReceived: number[] = new Array<number>(errorCodeSlots).fill(0);
  /** GOAWAY by error code, by side. */
  readonly goawaysSent: number[] = new Array<number>(errorCodeSlots).fill(0);
  readonly goawaysReceived: number[] = new Array<number>(errorCodeSlots).fill(0);
  /** How often each limit was hit, whatever its reaction: the end of a connection or stream, a refusal, or a pause. */
  readonly limitHits: Record<keyof Limits, number> = noHits();
  /** How often each time of `KeepaliveOptions` came to an end: peers given up, connections drained, drains cut short. */
  readonly keepaliveHits: Record<"timeoutMs" | "maxIdleMs" | "maxAgeMs" | "maxAgeGraceMs", number> = {
    timeoutMs: 0,
    maxIdleMs: 0,
    maxAgeMs: 0,
    maxAgeGraceMs: 0,
  };
}

function noHits(): Record<keyof Limits, number> {
  return Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, 0])) as Record<keyof Limits, number>;
}
