// SPDX-License-Identifier: Apache-2.0
import type { BenchCase } from "../cases/bench-case.ts";
import { countOf, mergeHistograms, percentileOf } from "../measure/histogram.ts";
import type { Spread } from "../measure/statistics.ts";
import { spreadOf } from "../measure/statistics.ts";
import type {
  BenchReport,
  CrossCheckResult,
  GarbageResult,
  LatencyResult,
  MemoryResult,
  ProfileResult,
} from "./bench-report.ts";
import { addedNanos, judgeGoals } from "./goals.ts";
import { type CostResult, costRatio, costSpread } from "./ratio.ts";
import { short } from "./svg/theme.ts";

/** A Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Goals, what they came to, and whether they are met. */
export function goalTable(report: BenchReport): string {
  const rows = judgeGoals(report).map(({ text, of, atMost, unit, value, met }) => [
    text,
    of,
    withUnit(`${atMost}`, unit),
    value === undefined ? "–" : withUnit(short(value), unit),
    met === undefined ? "not measured" : met ? "met" : "**not met**",
  ]);
  return markdownTable(["case", "of", "at most", "measured", ""], rows);
}

/** Cost per unit of each entry, a row a case, and the first entry's ratio to the second one. */
export function costTable(unit: string, results: readonly CostResult[], cases: readonly BenchCase[]): string {
  const labels = [...new Set(results.flatMap(({ series }) => series.map(({ label }) => label)))];
  const rows = results.map((result) => {
    const cells = labels.map((label) => {
      const series = result.series.find((one) => one.label === label);
      return series === undefined ? "–" : withSpread(costSpread(series));
    });
    const [first, second] = result.series;
    const ratio =
      first === undefined || second === undefined ? undefined : costRatio(result, first.label, second.label);
    return [titleOf(result.id, cases), ...cells, ratio === undefined ? "–" : withSpread(ratio)];
  });
  return markdownTable([unit, ...labels, `${labels[0]} / ${labels[1]}`], rows);
}

export function latencyTable({ series }: LatencyResult): string {
  const rows = series.flatMap(({ label, points }) =>
    points.map((point) => {
      const all = mergeHistograms(point.rounds);
      const at = (percent: number) => short(percentileOf(all, percent) / 1e6);
      const added = (percent: number) => short(addedNanos(point, percent) / 1e6);
      return [
        label,
        `${point.share * 100} %`,
        short(point.rate),
        at(50),
        at(99),
        at(99.9),
        added(50),
        added(99),
        added(99.9),
      ];
    }),
  );
  const head = ["ms", "of own peak", "calls/s", "p50", "p99", "p99.9", "added p50", "added p99", "added p99.9"];
  return markdownTable(head, rows);
}

export function memoryTable(results: readonly MemoryResult[], cases: readonly BenchCase[]): string {
  const rows = results.flatMap(({ id, series }) =>
    series.map(({ label, count, residentBytes, retainedBytes }) => [
      titleOf(id, cases),
      label,
      `${count}`,
      short(residentBytes / 1_024),
      retainedBytes === undefined ? "–" : short(retainedBytes / 1_024),
    ]),
  );
  return markdownTable(["KiB", "of", "held", "resident", "in use after a collection"], rows);
}

export function garbageText({ bytesPerCall, calls, pauses }: GarbageResult): string {
  const { median, low, high } = spreadOf(bytesPerCall);
  const made = calls * bytesPerCall.length;
  return [
    `${short(median)} bytes of the heap per unary call (${short(low)} to ${short(high)}), over ${made.toLocaleString("en-US")} calls;`,
    `${pauses.collections} collections took ${short(pauses.pausedMs)} ms together, the longest ${short(pauses.longestMs)} ms.`,
  ].join(" ");
}

export function stageTable({ stages, functions }: ProfileResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    markdownTable(
      ["stage", "share of the router's time"],
      stages.map(({ stage, share }) => [stage, percent(share)]),
    ),
    "",
    markdownTable(
      ["function", "where", "share"],
      functions.slice(0, 12).map(({ name, place, share }) => [`\`${name}\``, place, percent(share)]),
    ),
  ].join("\n");
}

export function crossCheckText({ rate, ours, ghz }: CrossCheckResult): string {
  const at = (histogram: CrossCheckResult["ours"]) =>
    [50, 90, 99].map((percent) => `p${percent} ${short(percentileOf(histogram, percent) / 1e6)} ms`).join(", ");
  return `At ${rate} calls/s on the router: our load program ${at(ours)} (${countOf(ours)} calls); ghz ${at(ghz)} (${countOf(ghz)} calls).`;
}

/** `2.10 (2.05–2.31)`, median and quartiles. */
export function withSpread({ median, low, high, count }: Spread): string {
  return count < 2 ? short(median) : `${short(median)} (${short(low)}–${short(high)})`;
}

function withUnit(text: string, unit: string): string {
  return unit === "" ? text : `${text} ${unit}`;
}

/** Cases that are gone since a report was made go by their names. */
function titleOf(id: string, cases: readonly BenchCase[]): string {
  return cases.find((one) => one.id === id)?.title ?? id;
}
