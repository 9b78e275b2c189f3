// SPDX-License-Identifier: Apache-2.0
import type { CpuCase, CpuEntry } from "../cases/bench-case.ts";
import type { LoadTarget } from "../load/load.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import { findPace } from "../measure/pace.ts";
import { sampleCpu } from "../measure/sample-cpu.ts";
import { orderOfRound } from "../measure/statistics.ts";
import type { RunningPeer } from "../peers/peer.ts";
import { peers } from "../peers/peers.ts";
import type { CpuResult, CpuSample } from "../report/bench-report.ts";
import type { BenchRun } from "./bench-run.ts";

/** An entry that runs, with the number of calls that fill a sample. */
interface Runner {
  readonly entry: CpuEntry;
  readonly peer: RunningPeer;
  readonly calls: number;
  readonly samples: CpuSample[];
}

/** Measures all entries of a case in alternation. @throws Error if a call fails. */
export async function runCpuCase(one: CpuCase, run: BenchRun): Promise<CpuResult> {
  const { stage, effort } = run;
  const entries = one.entries.filter((entry) => canRun(entry, run));
  await stage.keepOnly(entries.map(({ peer }) => peer));
  const runners: Runner[] = [];
  for (const entry of entries) runners.push(await prepare(entry, run));
  const options = { unit: one.unit, watchedProcessor: stage.watchedProcessor, attempts: effort.sampleAttempts };
  for (let round = 0; round < effort.rounds; round++) {
    run.progress(`round ${round + 1} of ${effort.rounds}`);
    for (const index of orderOfRound(runners.length, round)) {
      const runner = runners[index];
      if (runner === undefined) continue;
      const { entry, samples } = runner;
      const { peer, calls } = one.fresh === true ? await prepareAnew(entry, run) : runner;
      samples.push(await sampleCpu(peer, options, () => runLoad(entry.load, targetOf(peer), calls, stage)));
    }
  }
  const series = runners.map(({ entry, samples }) => ({ label: entry.label, samples }));
  return { kind: "cpu", id: one.id, series };
}

/** Where the load of a peer goes. */
export function targetOf({ port, ca }: RunningPeer): LoadTarget {
  return { port, ca };
}

/** The same in processes that have done nothing else, and for as long as compilers need to come to rest. */
async function prepareAnew(entry: CpuEntry, run: BenchRun): Promise<Runner> {
  await run.stage.keepOnly([]);
  // What is done of one call in a hundred comes to rest late.
  const warmUp = { calls: Number.POSITIVE_INFINITY, seconds: run.effort.warmUp.seconds * freshWarmUps };
  return await prepare(entry, { ...run, effort: { ...run.effort, warmUp } });
}

/** As many times the longest warm-up of others. */
const freshWarmUps = 3;

async function prepare(entry: CpuEntry, { stage, effort, progress }: BenchRun): Promise<Runner> {
  progress(`warming up ${entry.label}`);
  const peer = await stage.peer(entry.peer);
  const { load } = entry;
  const run = (calls: number) => runLoad(load, targetOf(peer), calls, stage);
  const calls = await findPace(run, load.connections * load.streams, effort.warmUp, effort.sampleSeconds);
  return { entry, peer, calls, samples: [] };
}

function canRun({ label, peer, load }: CpuEntry, { note }: BenchRun): boolean {
  const missing = peers[peer.name].missing() ?? missingLoad(load);
  if (missing !== undefined) note(`${label} is left out: ${missing}`);
  return missing === undefined;
}
