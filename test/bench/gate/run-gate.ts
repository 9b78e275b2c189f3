// SPDX-License-Identifier: Apache-2.0
import type { CpuCase } from "../cases/bench-case.ts";
import { runLoad } from "../load/run-load.ts";
import { findPace } from "../measure/pace.ts";
import type { CpuResult } from "../report/bench-report.ts";
import type { BenchRun } from "../run/bench-run.ts";
import { runCpuCase, targetOf } from "../run/run-cpu-case.ts";
import type { Baseline } from "./baseline.ts";
import { judgeGate, type Verdict } from "./gate.ts";
import { countInstructions } from "./instructions.ts";

/** What the gate found of a case. */
export interface Gated {
  readonly result: CpuResult;
  readonly verdict: Verdict;
}

/** Attempts at all cases together begin within this time: the quick form takes three minutes at most. */
const beginWithinSeconds = 120;

/** Measures the router beside HAProxy until the verdict is clear, at most four times. @throws Error if a call fails. */
export async function runGate(
  one: CpuCase,
  baseline: Baseline,
  run: BenchRun,
  elapsedSeconds: () => number,
): Promise<Gated> {
  const pair = { ...one, entries: one.entries.filter(({ label }) => label === "router" || label === "haproxy") };
  const rule = {
    baseline: baseline.ratios[one.id] ?? Number.POSITIVE_INFINITY,
    tolerance: baseline.tolerance,
    numerator: "router",
    denominator: "haproxy",
  };
  const attempts: CpuResult[] = [];
  for (;;) {
    const result = await runCpuCase(pair, run);
    if (result.series.length < pair.entries.length) {
      if (process.env.CI === "true") throw new Error("Cannot judge: in CI h2load and HAProxy must be installed");
      return { result, verdict: { kind: "busy", why: "a peer is missing" } };
    }
    attempts.push(result);
    const verdict = judgeGate(rule, attempts, elapsedSeconds() < beginWithinSeconds);
    if (verdict.kind !== "again") return { result, verdict };
    run.note(`${one.id}: measured again, ${verdict.why}`);
  }
}

/** User instructions of the router per call; the same on a busy machine. */
export async function instructionsPerCall(one: CpuCase, run: BenchRun): Promise<number> {
  const entry = one.entries.find(({ label }) => label === "router");
  if (entry === undefined) throw new Error(`Cannot count instructions: ${one.id} must have the router, received none`);
  const { stage, effort } = run;
  const peer = await stage.peer(entry.peer);
  const { load } = entry;
  const make = (calls: number) => runLoad(load, targetOf(peer), calls, stage);
  const calls = await findPace(make, load.connections * load.streams, effort.warmUp, effort.sampleSeconds);
  return (await countInstructions(peer.pid, () => make(calls))) / calls;
}
