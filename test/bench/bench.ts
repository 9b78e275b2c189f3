// SPDX-License-Identifier: Apache-2.0
// `npm run bench`: what a hop costs, beside what one would pick instead. README.md in this folder says how it measures,
// `--help` what it can be told.
import { cases } from "./cases/cases.ts";
import { chooseCases } from "./cases/choose-cases.ts";
import { type BenchArguments, parseBenchArguments, usage } from "./cli/bench-arguments.ts";
import { Progress } from "./cli/progress.ts";
import { runCases } from "./cli/run-cases.ts";
import { runProfile } from "./cli/run-profile.ts";
import { runQuick } from "./cli/run-quick.ts";
import { Stage } from "./peers/stage.ts";
import { compareReports, formatChanges } from "./report/compare.ts";
import { artifacts, readReport } from "./report/kept-report.ts";
import { writePerformancePage } from "./report/performance-page.ts";
import { type BenchRun, type Effort, quickEffort, wholeEffort } from "./run/bench-run.ts";

// Programs that were started end with this one.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
try {
  // At once, so that a program that did not start as it should does not keep this one.
  process.exit((await bench(process.argv.slice(2))) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function bench(argv: readonly string[]): Promise<boolean> {
  if (argv.includes("--help")) return say(usage);
  const args = parseBenchArguments(argv);
  const chosen = chooseCases(cases, args);
  if (args.list) return say(chosen.map(({ id, title }) => `${id.padEnd(20)} ${title}`).join("\n"));
  if (args.docs !== undefined) {
    writePerformancePage(readReport(args.docs));
    return true;
  }
  const earlier = args.compare === undefined ? undefined : readReport(args.compare);
  const stage = new Stage();
  const progress = new Progress();
  const run: BenchRun = {
    stage,
    effort: effortOf(args),
    artifacts,
    progress: (text) => progress.step(text),
    note: (text) => progress.line(`  ${text}`),
  };
  try {
    if (args.profile !== undefined) {
      await runProfile(cases, args.profile, run, progress);
      return true;
    }
    const { report, whole } = args.quick
      ? await runQuick(chosen, run, progress)
      : await runCases(chosen, args, run, progress);
    if (earlier !== undefined) say(`beside ${args.compare}:\n${formatChanges(compareReports(earlier, report))}`);
    return whole;
  } finally {
    await stage.close();
  }
}

/** What the command line says in place of the form's own. */
function effortOf({ quick, rounds, seconds, scale }: BenchArguments): Effort {
  const effort = quick ? quickEffort : wholeEffort;
  const { warmUp } = effort;
  return {
    ...effort,
    ...(rounds === undefined ? {} : { rounds }),
    ...(scale === undefined ? {} : { memoryScale: scale }),
    ...(seconds === undefined
      ? {}
      : {
          sampleSeconds: seconds,
          latencySeconds: 3 * seconds,
          warmUp: { ...warmUp, seconds: Math.min(warmUp.seconds, 4 * seconds) },
        }),
  };
}

function say(text: string): true {
  console.log(text);
  return true;
}
