// SPDX-License-Identifier: Apache-2.0
import { ratiosOf, type Spread, spreadOf } from "../measure/statistics.ts";
import { type BenchReport, type CpuResult, type CpuSeries, findCase } from "./bench-report.ts";

/** What one entry of a case costs in terms of another: the median of the rounds' ratios. Undefined where either is missing. */
export function cpuRatio(result: CpuResult | undefined, numerator: string, denominator: string): Spread | undefined {
  const above = microsOf(result, numerator);
  const below = microsOf(result, denominator);
  const ratios = ratiosOf(above, below);
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** The same of a case of a report. */
export function ratioIn(report: BenchReport, id: string, numerator: string, denominator: string): Spread | undefined {
  return cpuRatio(findCase(report, "cpu", id), numerator, denominator);
}

/** CPU time per unit of one entry. */
export function microsSpread({ samples }: CpuSeries): Spread {
  return spreadOf(samples.map(({ microsPerUnit }) => microsPerUnit));
}

function microsOf(result: CpuResult | undefined, label: string): number[] {
  const series = result?.series.find((one) => one.label === label);
  return (series?.samples ?? []).map(({ microsPerUnit }) => microsPerUnit);
}
