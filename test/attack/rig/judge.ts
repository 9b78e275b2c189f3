// SPDX-License-Identifier: Apache-2.0
import type { TargetMemory } from "../targets/target.ts";

/** How many times its own baseline a victim's p99 may be. */
const mostRatio = 2;
/** Milliseconds up to which p99 is good whatever the baseline: the timers of a machine are no finer. */
const floorMs = 2;
/** Share of the time for which a target may wait for its processor; above it a p99 speaks of the machine, not of the target. */
const mostWaited = 0.02;
/** Tries on a quiet machine that a verdict on a p99 needs. */
const leastQuietTries = 5;
/** How much more memory than before is "back". */
const memoryShare = 0.05;
/**
 * Octets beyond the share that are noise: pages that V8 and malloc keep after tens of thousands of connections, and code
 * compiled meanwhile. They settle: from the fourth flood of 8,000 connections to the thirtieth, 1 MiB is added.
 */
const residentNoiseBytes = 24 * 1024 * 1024;
/** The same for what is in use after a collection: compiled code, caches of bounded size. */
const retainedNoiseBytes = 1024 * 1024;

/** Whether a victim was served as well as before, by its p99 in milliseconds. */
export function isServedWell(baselineMs: number, attackMs: number): boolean {
  return attackMs <= Math.max(floorMs, baselineMs * mostRatio);
}

/** Whether a target had its processor while it was measured. */
export function isQuiet(waitedMs: number, measuredMs: number): boolean {
  return waitedMs <= measuredMs * mostWaited;
}

/** Whether enough tries were quiet for a p99 that is too high to be the target's. */
export function canBeJudged(quietTries: number): boolean {
  return quietTries >= leastQuietTries;
}

/** Whether a target has given back what an attack made it take. */
export function isBack(before: TargetMemory, now: TargetMemory): boolean {
  const residentMost = before.residentBytes * (1 + memoryShare) + residentNoiseBytes;
  if (now.residentBytes > residentMost) return false;
  if (before.retainedBytes === undefined || now.retainedBytes === undefined) return true;
  return now.retainedBytes <= before.retainedBytes * (1 + memoryShare) + retainedNoiseBytes;
}
