// SPDX-License-Identifier: Apache-2.0
import { fillEvenly } from "./fill-evenly.js";

/** One channel as the plan sees it. */
export interface ShareFacts {
  /** Calls that it needs room for: those open, and those that wait. */
  readonly needed: number;
  /** Calls open on it now. */
  readonly open: number;
  /** What it was to have by the plan before. */
  readonly kept: number;
  /** Most that it may have. */
  readonly cap: number;
}

/** What there is to share, and how. */
export interface SharePlanOptions {
  /** Calls that all together may have open. */
  readonly total: number;
  /** Nobody keeps what it does not need. */
  readonly even: boolean;
}

/**
 * How many calls each channel may have open; never more than `total` together. First what is needed, evenly if
 * it is too much; then everybody keeps of what it had, so that little moves; then the rest, evenly above what is open.
 * Where something cannot be divided, those that come first in `shares` get it.
 */
export function planShares(shares: readonly ShareFacts[], { total, even }: SharePlanOptions): number[] {
  const needs = shares.map((share) => ({ level: 0, cap: Math.min(share.cap, share.needed) }));
  let rest = fillEvenly(needs, total);
  const kept = needs.map(({ level }, index) => {
    const { kept: before = 0, cap = 0 } = shares[index] ?? {};
    return { level, cap: even ? level : Math.min(cap, Math.max(level, before)) };
  });
  rest = fillEvenly(kept, rest);
  // As headroom above what is open: idle channels get equal shares, busy ones no less room for more.
  const spare = kept.map(({ level }, index) => {
    const { open = 0, cap = 0 } = shares[index] ?? {};
    return { level: level - open, cap: cap - open };
  });
  fillEvenly(spare, rest);
  return spare.map(({ level }, index) => level + (shares[index]?.open ?? 0));
}
