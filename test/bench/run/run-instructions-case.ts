// SPDX-License-Identifier: Apache-2.0
import type { CpuEntry, InstructionsCase } from "../cases/bench-case.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import { countByCallgrind, missingCallgrind } from "../measure/callgrind.ts";
import { medianOf } from "../measure/statistics.ts";
import type { InstructionsResult } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

/** Before calls count: what is done of one call in a hundred is compiled late. In loads that each end in time. */
const warmUpLoads = 20;
const warmUpCalls = 60_000;
/** A process is counted in parts, of which the median counts: in one of them something may be compiled anew. */
const countedParts = 5;
const countedCalls = 20_000;
/** Processes of one entry differ by less than a percent. */
const mostRounds = 3;

/**
 * Counts instructions per call of fresh processes, one of each entry a round, which run side by side: a busy machine makes
 * this slow, not wrong. @throws Error if a call fails.
 */
export async function runInstructionsCase(
  one: InstructionsCase,
  run: BenchRun,
): Promise<InstructionsResult | undefined> {
  const reasons = [missingCallgrind(), ...one.entries.map(({ load }) => missingLoad(load))];
  const missing = reasons.find((reason) => reason !== undefined);
  if (!canMeasure(one.id, missing, run)) return undefined;
  const series = one.entries.map(({ label }) => ({ label, perCall: [] as number[] }));
  const rounds = Math.min(run.effort.rounds, mostRounds);
  for (let round = 0; round < rounds; round++) {
    run.progress(`round ${round + 1} of ${rounds}`);
    await run.stage.keepOnly([]);
    const counts = await Promise.all(one.entries.map((entry) => instructionsPerCall(entry, run)));
    for (const [index, count] of counts.entries()) series[index]?.perCall.push(count);
  }
  await run.stage.keepOnly([]);
  return { kind: "instructions", id: one.id, series };
}

async function instructionsPerCall({ peer: spec, load }: CpuEntry, { stage }: BenchRun): Promise<number> {
  const peer = await stage.peer({ ...spec, callgrind: true });
  const make = (calls: number) => runLoad(load, targetOf(peer), calls, stage);
  for (let loads = 0; loads < warmUpLoads; loads++) await make(warmUpCalls);
  return medianOf(await countByCallgrind(peer.pid, () => make(countedCalls), countedParts)) / countedCalls;
}
