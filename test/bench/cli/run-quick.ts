// SPDX-License-Identifier: Apache-2.0
import type { BenchCase } from "../cases/bench-case.ts";
import { readBaseline } from "../gate/baseline.ts";
import { missingInstructions } from "../gate/instructions.ts";
import { type Gated, instructionsPerCall, runGate } from "../gate/run-gate.ts";
import { beginReport, keepReport } from "../report/kept-report.ts";
import type { BenchRun } from "../run/bench-run.ts";
import type { Progress } from "./progress.ts";
import { resultLines } from "./result-lines.ts";
import type { Ran } from "./run-cases.ts";

/** Holds the quick cases against the baseline. A machine that is too busy to tell is told of and passes. */
export async function runQuick(chosen: readonly BenchCase[], run: BenchRun, progress: Progress): Promise<Ran> {
  const baseline = readBaseline();
  let report = await beginReport("quick", run.stage.pinned);
  let whole = true;
  let judged = 0;
  const noCounters = await missingInstructions();
  for (const one of chosen) {
    if (one.kind !== "cpu") continue;
    progress.begin(one.id);
    const gated = await runGate(one, baseline, run, () => progress.seconds);
    progress.line([`${one.id}: ${one.title}`, ...resultLines(gated.result), `  ${verdictText(gated)}`].join("\n"));
    whole &&= gated.verdict.kind !== "failed";
    if (gated.verdict.kind !== "busy") judged++;
    report = { ...report, cases: [...report.cases, gated.result] };
    if (noCounters !== undefined) continue;
    const most = (baseline.instructions[one.id] ?? Number.POSITIVE_INFINITY) * (1 + baseline.tolerance);
    const counted = await instructionsPerCall(one, run);
    progress.line(`  ${Math.round(counted)} instructions a call, at most ${most}${counted > most ? ": FAILED" : ""}`);
    whole &&= counted <= most;
  }
  if (noCounters !== undefined) progress.line(`instructions are not counted: ${noCounters}`);
  keepReport(report, "quick");
  const { changed, why } = baseline;
  const outcome = whole ? `no regression in ${judged} of ${report.cases.length} cases` : "REGRESSION";
  progress.line(`${outcome}, against the baseline of ${changed} (${why}); ${progress.seconds} s`);
  if (judged < report.cases.length) progress.line("machine busy: the others were not judged");
  return { report, whole };
}

function verdictText({ verdict }: Gated): string {
  switch (verdict.kind) {
    case "passed":
      return `passed: ${verdict.ratio.toFixed(3)} of HAProxy's CPU`;
    case "failed":
      return `FAILED: ${verdict.ratio.toFixed(3)} of HAProxy's CPU, at most ${verdict.limit.toFixed(3)}`;
    case "busy":
    case "again":
      return `machine busy, not judged: ${verdict.why}`;
  }
}
