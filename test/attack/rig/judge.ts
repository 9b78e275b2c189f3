// SPDX-License-Identifier: Apache-2.0
import type { TargetMemory } from "../targets/target.ts";
import type { VictimSummary } from "./victim.ts";

/** How many times its own baseline a victim's p99 may be. */
const mostRatio = 2;
/** Milliseconds up to which p99 is good whatever the baseline: the timers of a machine are no finer. */
const floorMs = 2;
/** How much more memory than before is "back". */
const memoryShare = 0.05;
/**
 * Octets beyond the share that are noise: pages that V8 and malloc keep after tens of thousands of connections, and code
 * compiled meanwhile. They settle: from the fourth flood of 8,000 connections to the thirtieth, 1 MiB is added.
 */
const residentNoiseBytes = 24 * 1024 * 1024;
/** The same for what is in use after a collection: compiled code, caches of bounded size. */
const retainedNoiseBytes = 1024 * 1024;

/** The summaries that a verdict on a victim needs. */
export interface VictimTimes {
  /** With an idle attacker: just before, else whenever this target was measured so. */
  readonly baseline: VictimSummary;
  readonly attacked: VictimSummary;
  /** The victim of an equal target that nobody attacks, at the same time; undefined where it was not needed. */
  readonly bystander: VictimSummary | undefined;
}

/** Whether a victim was served as well as before, by its p99 in milliseconds. */
export function isServedWell(baselineMs: number, attackMs: number): boolean {
  return attackMs <= Math.max(floorMs, baselineMs * mostRatio);
}

/** What a victim's p99 is compared with, in milliseconds: its own without the attack, or a bystander's beside it if that is more. */
export function comparedMs({ baseline, bystander }: VictimTimes): number {
  return Math.max(baseline.p99Ms, bystander?.p99Ms ?? 0);
}

/** Whether the attack cost the victim no more than it cost the machine. */
export function isVictimServedWell(victim: VictimTimes): boolean {
  return isServedWell(comparedMs(victim), victim.attacked.p99Ms);
}

/** Whether a target has given back what an attack made it take. */
export function isBack(before: TargetMemory, now: TargetMemory): boolean {
  const residentMost = before.residentBytes * (1 + memoryShare) + residentNoiseBytes;
  if (now.residentBytes > residentMost) return false;
  if (before.retainedBytes === undefined || now.retainedBytes === undefined) return true;
  return now.retainedBytes <= before.retainedBytes * (1 + memoryShare) + retainedNoiseBytes;
}
