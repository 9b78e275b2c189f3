// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import type { BenchCase } from "../cases/bench-case.ts";
import type { BenchReport } from "../report/bench-report.ts";
import { judgeGoals } from "../report/goals.ts";
import { artifacts, beginReport, keepReport, readReport } from "../report/kept-report.ts";
import { writePerformancePage } from "../report/performance-page.ts";
import type { BenchRun } from "../run/bench-run.ts";
import { runCase } from "../run/run-case.ts";
import type { BenchArguments } from "./bench-arguments.ts";
import type { Progress } from "./progress.ts";
import { resultLines } from "./result-lines.ts";

/** Of an error that is shown. */
const mostErrorCharacters = 2_000;

/** A run and whether every case came to its end. */
export interface Ran {
  readonly report: BenchReport;
  readonly whole: boolean;
}

/**
 * Runs cases one after the other and keeps the report after each; a case that fails is told of, and the others go on. A
 * whole run writes docs/performance.md.
 */
export async function runCases(
  chosen: readonly BenchCase[],
  { only, resume }: BenchArguments,
  run: BenchRun,
  progress: Progress,
): Promise<Ran> {
  const name = only === undefined ? "whole" : "some";
  const file = `${artifacts}/${name}.json`;
  let report = await beginReport("whole", run.stage.pinned);
  if (resume && existsSync(file)) {
    const earlier = readReport(file);
    // Figures of two commits do not belong into one table.
    if (earlier.commit === report.commit) report = { ...report, cases: earlier.cases };
    else progress.line(`nothing to resume: ${file} is of commit ${earlier.commit}`);
  }
  const failed: string[] = [];
  for (const [index, one] of chosen.entries()) {
    if (report.cases.some(({ id }) => id === one.id)) continue;
    progress.begin(`${index + 1} of ${chosen.length}, ${one.id}`);
    try {
      const result = await runCase(one, run);
      if (result === undefined) continue;
      progress.line([`${one.id}: ${one.title}`, ...resultLines(result)].join("\n"));
      report = { ...report, cases: [...report.cases, result] };
      keepReport(report, name);
    } catch (error) {
      failed.push(one.id);
      // Some errors have all that a program wrote.
      const text = String(error instanceof Error ? error.message : error).slice(0, mostErrorCharacters);
      progress.line(`${one.id} FAILED: ${text}`);
      // What broke it may be broken for the next one, too.
      await run.stage.keepOnly([]);
    }
  }
  tellGoals(report, progress);
  if (only === undefined) writePerformancePage(report);
  progress.line(`${report.cases.length} cases in ${progress.seconds} s, kept in ${file}`);
  if (failed.length > 0) progress.line(`FAILED: ${failed.join(", ")}`);
  return { report, whole: failed.length === 0 };
}

function tellGoals(report: BenchReport, progress: Progress): void {
  const judged = judgeGoals(report).filter(({ met }) => met !== undefined);
  if (judged.length === 0) return;
  const missed = judged.filter(({ met }) => met === false);
  for (const { text, of, value = Number.NaN, atMost, unit } of missed) {
    progress.line(`goal not met: ${text}, of ${of}: ${value.toFixed(2)} ${unit}, at most ${atMost}`);
  }
  progress.line(`${judged.length - missed.length} of ${judged.length} goals met`);
}
