// SPDX-License-Identifier: Apache-2.0
import { spreadOf } from "../measure/statistics.ts";
import type { BenchReport } from "./bench-report.ts";
import { type CostResult, costRatio } from "./ratio.ts";
import { short } from "./svg/theme.ts";

/** A figure of two runs. */
export interface Change {
  readonly figure: string;
  readonly before: number;
  readonly after: number;
  /** `after / before`. */
  readonly factor: number;
}

/**
 * What two runs have in common, the worst change first: ratios of each case's first entry to its others, memory,
 * garbage. Absolute times are left out, since they are of two machines or two hours.
 */
export function compareReports(before: BenchReport, after: BenchReport): Change[] {
  const earlier = figuresOf(before);
  const changes: Change[] = [];
  for (const [figure, value] of figuresOf(after)) {
    const old = earlier.get(figure);
    if (old !== undefined && old > 0) changes.push({ figure, before: old, after: value, factor: value / old });
  }
  return changes.sort((one, other) => other.factor - one.factor);
}

/** A line for each change. */
export function formatChanges(changes: readonly Change[]): string {
  if (changes.length === 0) return "nothing that both runs have measured";
  return changes
    .map(({ figure, before, after, factor }) => {
      const percent = (factor - 1) * 100;
      return `${percent >= 0 ? "+" : ""}${percent.toFixed(1)} %\t${short(before)} → ${short(after)}\t${figure}`;
    })
    .join("\n");
}

function figuresOf({ cases }: BenchReport): Map<string, number> {
  const figures = new Map<string, number>();
  for (const one of cases) {
    if (one.kind === "cpu" || one.kind === "instructions") addRatios(one, figures);
    else if (one.kind === "garbage") figures.set(`${one.id}: bytes per call`, spreadOf(one.bytesPerCall).median);
    else if (one.kind === "memory") {
      for (const { label, residentBytes } of one.series) figures.set(`${one.id}: ${label}, bytes`, residentBytes);
    }
  }
  return figures;
}

function addRatios(result: CostResult, figures: Map<string, number>): void {
  const [first, ...others] = result.series;
  if (first === undefined) return;
  for (const { label } of others) {
    const ratio = costRatio(result, first.label, label);
    if (ratio !== undefined) figures.set(`${result.id}: ${first.label} / ${label}`, ratio.median);
  }
}
