// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { runProcess } from "../../harness/processes.ts";
import { findTool } from "../../harness/tools.ts";
import type { CrossCheckCase } from "../cases/bench-case.ts";
import { runLoadProgram } from "../load/load-program.ts";
import { correctForOmission, type Histogram, mergeHistograms } from "../measure/histogram.ts";
import { missingGo } from "../peers/go-programs.ts";
import type { CrossCheckResult } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

const connections = 10;
/** Calls that ghz may have in flight: far more than a few thousand a second need. */
const workers = 50;
const proto = fileURLToPath(new URL("../proto/bench/v1/echo.proto", import.meta.url));

/** Measures the router's latency at one rate with ghz and with our load program. @throws Error if a call fails. */
export async function runCrossCheck(one: CrossCheckCase, run: BenchRun): Promise<CrossCheckResult | undefined> {
  const ghz = findTool("ghz");
  const missing = missingGo() ?? (ghz === undefined ? "ghz is not installed" : undefined);
  if (!canMeasure(one.id, missing, run) || ghz === undefined) return undefined;
  const { stage, effort } = run;
  await stage.keepOnly([{ name: "router" }]);
  const peer = await stage.peer({ name: "router" });
  const ours: Histogram[] = [];
  const theirs: Histogram[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    run.progress(`round ${round + 1} of ${effort.rounds}`);
    const amount = { rate: one.rate, seconds: effort.latencySeconds, warmUpSeconds: 0.3, seed: round + 1 };
    const load = { connections, streams: 1 };
    ours.push((await runLoadProgram(load, targetOf(peer), amount, stage.others)).latency ?? []);
    const calls = Math.round(one.rate * effort.latencySeconds);
    theirs.push(await runGhz(ghz, { port: peer.port, rate: one.rate, calls }, stage.others));
  }
  return {
    kind: "cross-check",
    id: one.id,
    rate: one.rate,
    ours: mergeHistograms(ours),
    // Each worker asks at its share of the rate; what it held back while it waited is added.
    ghz: correctForOmission(mergeHistograms(theirs), (workers / one.rate) * 1e9),
  };
}

async function runGhz(
  ghz: string,
  { port, rate, calls }: { readonly port: number; readonly rate: number; readonly calls: number },
  prefix: readonly string[],
): Promise<Histogram> {
  const [command = "", ...args] = [
    ...[...prefix, ghz, "--insecure", "--proto", proto, "--call", "bench.v1.EchoService.Echo"],
    ...["-d", '{"payload":"eHh4eHh4eA=="}', "--rps", `${rate}`, "-n", `${calls}`, "-c", `${workers}`],
    ...["--connections", `${connections}`, "-O", "json", `127.0.0.1:${port}`],
  ];
  const { code, stdout, stderr } = await runProcess(command, args);
  if (code !== 0) throw new Error(`ghz ended with code ${code}: ${stderr}`);
  return readGhz(stdout);
}

/** The latencies of a report of ghz. @throws Error if a call failed. */
export function readGhz(text: string): Histogram {
  const { details = [] } = JSON.parse(text) as {
    readonly details?: readonly { readonly latency: number; readonly status: string }[];
  };
  const failed = details.filter(({ status }) => status !== "OK");
  if (failed.length > 0) throw new Error(`ghz: ${failed.length} of ${details.length} calls ended ${failed[0]?.status}`);
  return mergeHistograms(details.map(({ latency }) => [[latency, 1]]));
}
