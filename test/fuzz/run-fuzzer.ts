// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { asyncTargets, type FuzzTarget, maxInputBytes } from "./fuzz-targets.ts";
import { fitAddon } from "./jazzer/fit-addon.ts";
import type { Mutant } from "./jazzer/mutants.ts";

/** What to run. */
export interface FuzzOptions {
  /** Puts this fault into the code; good if it is found. */
  readonly mutant?: Mutant | undefined;
  /** `planted`: a target with a fault that only guidance by coverage finds; good if it is found. */
  readonly target: FuzzTarget | "planted";
  readonly seconds: number;
  readonly seed: number;
  /** Write the inputs that are needed for the coverage, and no others, over the committed corpus. */
  readonly minimise: boolean;
}

/** What became of a run. */
export interface FuzzRun {
  readonly good: boolean;
  /** One line. */
  readonly summary: string;
}

/** The figures of libFuzzer's last status line. */
interface Status {
  runs: number;
  coverage: number;
  inputs: number;
  perSecond: number;
}

const here = new URL(".", import.meta.url).pathname;
const root = join(here, "../..");
/** libFuzzer says how it is at powers of two and at finds; this is how often we pass it on. */
const progressMs = 5_000;
const findingExitCode = 77;
/** `stripTypeScriptTypes` calls itself experimental. */
const nodeOptions = ["--disable-warning=ExperimentalWarning"];

/** Fuzzes one target in a process of its own, and says how it goes and what came of it. */
export async function runFuzzer(options: FuzzOptions): Promise<FuzzRun> {
  const { target, seed } = options;
  const addon = fitAddon();
  const child = spawn(
    process.execPath,
    [...nodeOptions, join(here, "jazzer/fuzz-process.ts"), ...argumentsOf(options)],
    {
      cwd: root,
      env: { ...process.env, ...environmentOf(options), ...(addon.preload && { LD_PRELOAD: addon.preload }) },
      stdio: ["ignore", "inherit", "pipe"],
    },
  );
  const status: Status = { runs: 0, coverage: 0, inputs: 0, perSecond: 0 };
  const report: string[] = [];
  const startedMs = Date.now();
  let toldMs = startedMs;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (readStatus(line, status)) {
      status.perSecond = Math.round((status.runs * 1_000) / Math.max(1, Date.now() - startedMs));
      if (Date.now() - toldMs < progressMs) return;
      toldMs = Date.now();
      console.log(`     ${target}: ${describe(status)}`);
    } else if (!/^(INFO|Skip|Done|stat::|$)/.test(line)) report.push(line);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const found = code === findingExitCode;
  const seedText = `(seed ${seed})`;
  const wanted = target === "planted" ? "the planted fault" : options.mutant && `"${options.mutant.name}"`;
  if (wanted !== undefined && (code === 0 || found)) {
    const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
    const what = found ? `found in ${seconds} s, ${status.runs} runs` : `NOT FOUND in ${status.runs} runs`;
    return { good: found, summary: `${target}: ${wanted}: ${what} ${seedText}` };
  }
  if (options.minimise && code === 0) return { good: true, summary: `${target}: minimised` };
  if (code !== 0) console.log(report.map((line) => `     ${relativePaths(line)}`).join("\n"));
  const result = code === 0 ? "no finding" : found ? "A FINDING, see above" : `ended with ${code}`;
  return { good: code === 0, summary: `${target}: ${describe(status)}: ${result} ${seedText}` };
}

/** Where inputs of a target are: found in earlier runs, committed, and found and mended. */
function foldersOf(target: FuzzTarget): readonly [cache: string, corpus: string, regression: string] {
  return [join(root, ".cache/fuzz", target), join(here, "corpus", target), join(here, "regression", target)];
}

function argumentsOf({ target, seconds, seed, minimise, mutant }: FuzzOptions): string[] {
  if (minimise) return [join(here, "jazzer/minimise.ts"), "async", "-runs=1"];
  const common = [
    `-seed=${seed}`,
    `-max_total_time=${seconds}`,
    "-print_final_stats=1",
    "-rss_limit_mb=4096",
    "-keep_seed=1",
  ];
  const aside = mkdtempSync(join(tmpdir(), "fuzz-"));
  if (target === "planted") {
    return [join(here, "jazzer/planted.ts"), "sync", aside, ...common, `-artifact_prefix=${aside}/`];
  }
  const [cache, corpus, regression] = foldersOf(target);
  for (const folder of [cache, corpus, regression]) mkdirSync(folder, { recursive: true });
  // New inputs go to the first folder; only `--minimise` moves some of them into the repository.
  const folders = mutant === undefined ? [cache, corpus, regression] : [aside, corpus];
  const findings = `-artifact_prefix=${mutant === undefined ? regression : aside}/`;
  const mode = asyncTargets.includes(target) ? "async" : "sync";
  const file = join(here, `targets/${target}.ts`);
  return [file, mode, ...folders, ...common, findings, `-max_len=${maxInputBytes[target]}`];
}

function environmentOf({ target, minimise, mutant }: FuzzOptions): Record<string, string> {
  if (mutant !== undefined) return { FUZZ_MUTANT: mutant.name };
  if (!minimise || target === "planted") return {};
  const [cache, into] = foldersOf(target);
  for (const folder of [cache, into]) mkdirSync(folder, { recursive: true });
  return {
    FUZZ_MINIMISE: JSON.stringify({ target: join(here, `targets/${target}.ts`), folders: [cache, into], into }),
  };
}

/** Reads a line like `#4096 pulse cov: 12 ft: 34 corp: 5/67b …`; false for any other. */
function readStatus(line: string, status: Status): boolean {
  const match = /^#(\d+)\s+\w+\s+cov: (\d+) ft: \d+ corp: (\d+)\//.exec(line);
  if (match === null) {
    const total = /^stat::number_of_executed_units:\s*(\d+)/.exec(line);
    if (total === null) return false;
    status.runs = Number(total[1]);
    return true;
  }
  [status.runs = 0, status.coverage = 0, status.inputs = 0] = match.slice(1).map(Number);
  return true;
}

function describe({ runs, coverage, inputs, perSecond }: Status): string {
  return `${runs} runs, ${perSecond}/s, ${coverage} edges covered, corpus ${inputs} inputs`;
}

function relativePaths(line: string): string {
  return line
    .replaceAll("file://", "")
    .replaceAll(root, relative(process.cwd(), root) || "")
    .replaceAll(/(^|[ ('])\/(packages|test)\//g, "$1$2/");
}
