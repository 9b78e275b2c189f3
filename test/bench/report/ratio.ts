// SPDX-License-Identifier: Apache-2.0
import { ratiosOf, type Spread, spreadOf } from "../measure/statistics.ts";
import type { BenchReport, CpuResult, CpuSeries, InstructionsResult, InstructionsSeries } from "./bench-report.ts";

/** A result of which each entry has a cost per unit, round by round. */
export type CostResult = CpuResult | InstructionsResult;

/** What one entry of a case costs in terms of another: the median of the rounds' ratios. Undefined where either is missing. */
export function costRatio(result: CostResult | undefined, numerator: string, denominator: string): Spread | undefined {
  const seriesOf = (label: string) => result?.series.find((one) => one.label === label);
  const above = seriesOf(numerator);
  const below = seriesOf(denominator);
  if (above === undefined || below === undefined) return undefined;
  const ratios = ratiosOf(costsOf(above), costsOf(below));
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** The same of a case of a report. */
export function ratioIn(report: BenchReport, id: string, numerator: string, denominator: string): Spread | undefined {
  const result = report.cases.find(
    (one): one is CostResult => one.id === id && (one.kind === "cpu" || one.kind === "instructions"),
  );
  return costRatio(result, numerator, denominator);
}

/** What a unit of one entry costs: CPU time in microseconds, or instructions. */
export function costSpread(series: CpuSeries | InstructionsSeries): Spread {
  return spreadOf(costsOf(series));
}

function costsOf(series: CpuSeries | InstructionsSeries): readonly number[] {
  return "perCall" in series ? series.perCall : series.samples.map(({ microsPerUnit }) => microsPerUnit);
}
