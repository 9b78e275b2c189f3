// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cases } from "../cases/cases.ts";
import { mergeHistograms, percentileOf } from "../measure/histogram.ts";
import { mostStarved } from "../measure/sample-cpu.ts";
import { spreadOf } from "../measure/statistics.ts";
import { type BenchReport, type CaseResult, type CpuResult, findCase } from "./bench-report.ts";
import { costRatio } from "./ratio.ts";
import { type Bar, barChart } from "./svg/bar-chart.ts";
import { lineChart } from "./svg/line-chart.ts";
import { costTable, crossCheckText, garbageText, goalTable, latencyTable, memoryTable, stageTable } from "./tables.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = `${root}docs/performance.md`;
const pictures = `${root}docs/performance`;

/** Groups of CPU cases, each a table of the page. */
const groups = {
  unary: /^(7b|1kib|64kib|1mib)-/,
  "kinds of calls": /^(changing|metadata|cancel|churn)-/,
  streams: /^(thin|bursts|bidi|client)-/,
  tls: /^tls-/,
  features: /^features-/,
  observed: /^observed-/,
  instances: /^instances-/,
  methods: /^methods-/,
  instance: /^bridge-/,
} as const;

/** Writes what was measured into docs/performance.md, and the pictures beside it. */
export function writePerformancePage(report: BenchReport): void {
  mkdirSync(pictures, { recursive: true });
  for (const [name, picture] of Object.entries(picturesOf(report))) writeFileSync(`${pictures}/${name}.svg`, picture);
  const profile = findCase(report, "profile", "profile");
  const flame = profile?.file.replace(/cpuprofile$/, "svg");
  if (flame !== undefined && existsSync(flame)) copyFileSync(flame, `${pictures}/flame.svg`);
  writeFileSync(page, fillIn(readFileSync(page, "utf8"), partsOf(report)));
}

/** The text with each part between `<!-- written: NAME -->` and `<!-- end of NAME -->`. @throws Error for a part without its place. */
export function fillIn(text: string, parts: Readonly<Record<string, string>>): string {
  let filled = text;
  for (const [name, part] of Object.entries(parts)) {
    const opening = `<!-- written: ${name} -->`;
    const begin = filled.indexOf(opening);
    const end = filled.indexOf(`<!-- end of ${name} -->`);
    if (begin < 0 || end < begin) throw new Error(`Cannot write ${name}: docs/performance.md must have its markers`);
    filled = `${filled.slice(0, begin + opening.length)}\n${part}\n${filled.slice(end)}`;
  }
  return filled;
}

/** Every part of the page that a report has figures for. */
export function partsOf(report: BenchReport): Record<string, string> {
  const parts: Record<string, string> = { "run on": provenance(report), goals: goalTable(report) };
  for (const [name, pattern] of Object.entries(groups)) {
    const results = ofKind(report, "cpu").filter(({ id }) => pattern.test(id));
    if (results.length > 0) parts[name] = costTable("CPU µs", results, cases);
  }
  const instructions = ofKind(report, "instructions");
  if (instructions.length > 0) parts.instructions = costTable("instructions", instructions, cases);
  if ("unary" in parts)
    parts["unary picture"] = "![What others need for one of the calls of the router](performance/unary.svg)";
  const latency = findCase(report, "latency", "latency");
  if (latency !== undefined && latency.series.length > 0) {
    parts.latency = `${latencyTable(latency)}\n\n![Latency over rate](performance/latency.svg)`;
  }
  const crossCheck = findCase(report, "cross-check", "cross-check");
  if (crossCheck !== undefined) parts["cross-check"] = crossCheckText(crossCheck);
  const memory = ofKind(report, "memory").filter(({ series }) => series.length > 0);
  if (memory.length > 0) parts.memory = `${memoryTable(memory, cases)}\n\n![Memory by peer](performance/memory.svg)`;
  const garbage = findCase(report, "garbage", "garbage");
  if (garbage !== undefined) parts.garbage = garbageText(garbage);
  const profile = findCase(report, "profile", "profile");
  if (profile !== undefined) {
    parts.stages = `${stageTable(profile)}\n\n![Flame graph of the router](performance/flame.svg)`;
  }
  return parts;
}

/** Pictures by file name. */
export function picturesOf(report: BenchReport): Record<string, string> {
  const drawn: Record<string, string> = {};
  const unary = ofKind(report, "cpu").filter(({ id }) => groups.unary.test(id));
  if (unary.length > 0) {
    drawn.unary = barChart({
      title: "CPU per unary call: what others need for one of the router's",
      axis: "times the router's own, median of the rounds' ratios, logarithmic; thin lines are quartiles",
      anchor: 1,
      groups: unary.map((result) => ({ label: result.id, bars: ratioBars(result) })),
    });
  }
  const latency = findCase(report, "latency", "latency");
  if (latency !== undefined && latency.series.length > 0) {
    drawn.latency = lineChart({
      title: "Latency at 20, 50 and 80 % of each one's own peak",
      xAxis: "calls a second, logarithmic",
      yAxis: "milliseconds from the time at which a call should have begun, logarithmic",
      lines: latency.series.flatMap(({ label, points }) =>
        [50, 99].map((percent) => ({
          label: `${label} p${percent}`,
          group: label,
          dashed: percent === 99,
          points: points.map(
            ({ rate, rounds }) => [rate, percentileOf(mergeHistograms(rounds), percent) / 1e6] as const,
          ),
        })),
      ),
    });
  }
  const memory = ofKind(report, "memory").filter(({ series }) => series.length > 0);
  if (memory.length > 0) {
    drawn.memory = barChart({
      title: "Resident memory",
      axis: "KiB for one of them, logarithmic",
      groups: memory.map(({ id, series }) => ({
        label: id.replace("memory-", ""),
        bars: series.map(({ label, residentBytes }) => ({ label, value: residentBytes / 1_024 })),
      })),
    });
  }
  return drawn;
}

/** Each entry beside the router, which is 1 itself. */
function ratioBars(result: CpuResult): Bar[] {
  return result.series.map(({ label }) => {
    const { median, low, high } = costRatio(result, label, "router") ?? spreadOf([]);
    return { label, value: median, low, high };
  });
}

function provenance(report: BenchReport): string {
  const { date, commit, machine, peers } = report;
  const { processors, model, memoryGiB, system, node, pinned } = machine;
  const place = pinned ? "the measured process on one, everything else on the other" : "nothing pinned";
  return [
    `${date}, commit ${commit}, on ${processors} processors (${model}), ${memoryGiB} GiB, ${system}, Node ${node}; ${place}. ${quietness(report)}`,
    "",
    ...Object.entries(peers).map(([name, description]) => `- ${name}: ${description}`),
  ].join("\n");
}

/** How many samples can be relied on. */
function quietness(report: BenchReport): string {
  const samples = ofKind(report, "cpu").flatMap(({ series }) => series.flatMap((one) => one.samples));
  const starved = samples.filter(({ starvedShare = 0 }) => starvedShare > mostStarved).length;
  const limit = `${mostStarved * 100} %`;
  return `Of ${samples.length} samples of CPU, ${starved} had more than ${limit} of their processor taken away by others.`;
}

function ofKind<Kind extends CaseResult["kind"]>(report: BenchReport, kind: Kind) {
  return report.cases.filter((one): one is Extract<CaseResult, { readonly kind: Kind }> => one.kind === kind);
}
