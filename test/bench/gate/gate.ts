// SPDX-License-Identifier: Apache-2.0
import { mostStarved } from "../measure/sample-cpu.ts";
import { medianOf, ratiosOf } from "../measure/statistics.ts";
import type { CpuResult } from "../report/bench-report.ts";

/** What the gate says after some attempts at a case. */
export type Verdict =
  | { readonly kind: "passed"; readonly ratio: number }
  | { readonly kind: "again"; readonly why: string }
  | { readonly kind: "busy"; readonly why: string }
  | { readonly kind: "failed"; readonly ratio: number; readonly limit: number };

/** What is compared, and with what. */
export interface GateRule {
  /** The committed value. */
  readonly baseline: number;
  /** By how much of it a value may be worse. */
  readonly tolerance: number;
  readonly numerator: string;
  readonly denominator: string;
}

/** Attempts before the gate gives its verdict: a regression is there in each of them. */
export const mostAttempts = 4;
/** Attempts on a machine with time for them that must be worse for the gate to fail. */
const failingAttempts = 2;

/**
 * Judges what was measured so far. One good attempt is enough: noise makes a ratio worse in one run and better in
 * another, a regression in none better. Rounds in which the processor was taken away from a measured process say
 * nothing, and an attempt with half of its rounds like that says nothing either.
 *
 * @param hasTime false: there will be no other attempt.
 */
export function judgeGate(rule: GateRule, attempts: readonly CpuResult[], hasTime = true): Verdict {
  const limit = rule.baseline * (1 + rule.tolerance);
  const ratios = attempts.map((attempt) => attemptRatio(rule, attempt)).filter((ratio) => ratio !== undefined);
  const best = Math.min(...ratios);
  if (best <= limit) return { kind: "passed", ratio: best };
  if (hasTime && attempts.length < mostAttempts) {
    const why = ratios.length === 0 ? "the machine is busy" : `${best.toFixed(3)} is above ${limit.toFixed(3)}`;
    return { kind: "again", why };
  }
  if (ratios.length >= failingAttempts) return { kind: "failed", ratio: best, limit };
  return {
    kind: "busy",
    why: `the measured processes had their processor in ${ratios.length} of ${attempts.length} attempts`,
  };
}

function attemptRatio({ numerator, denominator }: GateRule, attempt: CpuResult): number | undefined {
  const above = clean(attempt, numerator);
  const below = clean(attempt, denominator);
  const ratios = ratiosOf(above, below);
  return ratios.length * 2 <= above.length ? undefined : medianOf(ratios);
}

/** One value a round, none for a round that does not count. */
function clean({ series }: CpuResult, label: string): (number | undefined)[] {
  const samples = series.find((one) => one.label === label)?.samples ?? [];
  return samples.map(({ starvedShare = 0, microsPerUnit }) => (starvedShare > mostStarved ? undefined : microsPerUnit));
}
