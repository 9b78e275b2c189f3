// SPDX-License-Identifier: Apache-2.0
import { mergeHistograms, percentileOf } from "../measure/histogram.ts";
import { medianOf } from "../measure/statistics.ts";
import type {
  CaseResult,
  CpuResult,
  InstructionsResult,
  LatencyResult,
  ProfileResult,
} from "../report/bench-report.ts";
import { addedNanos } from "../report/goals.ts";
import { type CostResult, costRatio, costSpread } from "../report/ratio.ts";
import { short } from "../report/svg/theme.ts";
import { crossCheckText, garbageText, withSpread } from "../report/tables.ts";

/** What a case came to, for the terminal. */
export function resultLines(result: CaseResult): string[] {
  switch (result.kind) {
    case "cpu":
      return cpuLines(result);
    case "instructions":
      return instructionsLines(result);
    case "latency":
      return latencyLines(result);
    case "memory":
      return result.series.map(
        ({ label, count, residentBytes, retainedBytes }) =>
          `  ${label}: ${short(residentBytes / 1_024)} KiB resident${retainedBytes === undefined ? "" : `, ${short(retainedBytes / 1_024)} KiB in use`}, of ${count}`,
      );
    case "garbage":
      return [`  ${garbageText(result)}`];
    case "profile":
      return profileLines(result);
    case "cross-check":
      return [`  ${crossCheckText(result)}`];
  }
}

function cpuLines(result: CpuResult): string[] {
  return result.series.map((series) => {
    const rate = medianOf(series.samples.map(({ perSecond }) => perSecond));
    const starved = Math.max(...series.samples.map(({ starvedShare = 0 }) => starvedShare));
    const busy = starved > 0.1 ? `; busy machine, ${Math.round(starved * 100)} %` : "";
    return `  ${series.label}: ${withSpread(costSpread(series))} µs, ${short(rate)}/s${beside(result, series.label)}${busy}`;
  });
}

function instructionsLines(result: InstructionsResult): string[] {
  return result.series.map(
    (series) =>
      `  ${series.label}: ${withSpread(costSpread(series))} instructions, ${series.perCall.length} processes${beside(result, series.label)}`,
  );
}

/** The first entry beside another one. */
function beside(result: CostResult, label: string): string {
  const first = result.series[0]?.label;
  const ratio = first === undefined || first === label ? undefined : costRatio(result, first, label);
  return ratio === undefined ? "" : `; ${first} is ${withSpread(ratio)} of it`;
}

function latencyLines({ series }: LatencyResult): string[] {
  return series.flatMap(({ label, points }) =>
    points.map((point) => {
      const all = mergeHistograms(point.rounds);
      const of = [50, 99, 99.9].map(
        (percent) =>
          `p${percent} ${short(percentileOf(all, percent) / 1e6)} (added ${short(addedNanos(point, percent) / 1e6)})`,
      );
      return `  ${label} at ${point.share * 100} %, ${short(point.rate)}/s: ${of.join(", ")} ms`;
    }),
  );
}

function profileLines({ stages, functions, file }: ProfileResult): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(1).padStart(5)} %`;
  return [
    ...stages.map(({ stage, share }) => `  ${percent(share)}  ${stage}`),
    "",
    ...functions.map(({ name, place, share }) => `  ${percent(share)}  ${name}  ${place}`),
    `  ${file}`,
  ];
}
