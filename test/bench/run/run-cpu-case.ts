// SPDX-License-Identifier: Apache-2.0
import type { CpuCase, CpuEntry } from "../cases/bench-case.ts";
import type { Load, LoadTarget } from "../load/load.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import { findPace } from "../measure/pace.ts";
import { sampleCpu } from "../measure/sample-cpu.ts";
import { orderOfRound } from "../measure/statistics.ts";
import type { RunningPeer } from "../peers/peer.ts";
import { peers } from "../peers/peers.ts";
import type { CpuResult, CpuSample } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";

/** An entry that runs, with the number of calls that fill a sample. */
interface Runner {
  readonly entry: CpuEntry;
  readonly peer: RunningPeer;
  readonly calls: number;
}

/** Measures all entries of a case in alternation. @throws Error if a call fails. */
export async function runCpuCase(one: CpuCase, run: BenchRun): Promise<CpuResult> {
  const { stage, effort } = run;
  const entries = one.entries.filter((entry) => canRun(entry, run));
  await stage.keepOnly(entries.map(({ peer }) => peer));
  const options = { unit: one.unit, watchedProcessor: stage.watchedProcessor, attempts: effort.sampleAttempts };
  const series = entries.map(({ label }) => ({ label, samples: [] as CpuSample[] }));
  let runners = one.fresh === true ? [] : await prepareAll(entries, run);
  for (let round = 0; round < effort.rounds; round++) {
    if (one.fresh === true) runners = await prepareAnew(entries, run);
    run.progress(`round ${round + 1} of ${effort.rounds}`);
    const turns = one.fresh === true ? freshTurns : 1;
    for (let turn = 0; turn < turns; turn++) {
      for (const index of orderOfRound(runners.length, round + turn)) {
        const runner = runners[index];
        if (runner === undefined) continue;
        const { entry, peer, calls } = runner;
        const load = () => runLoad(entry.load, targetOf(peer), calls, stage);
        series[index]?.samples.push(await sampleCpu(peer, options, load));
      }
    }
  }
  return { kind: "cpu", id: one.id, series };
}

/** Where the load of a peer goes. */
export function targetOf({ port, ca }: RunningPeer): LoadTarget {
  return { port, ca };
}

/**
 * What a fresh process is given before all else, whatever it is measured under: what is done of one call in a hundred is
 * still being compiled after a million, in threads whose time counts, and one call at a time would never get there.
 */
const freshLoad: Load = { connections: 10, streams: 50 };
const freshLoads = 10;
const freshCalls = 500_000;

/**
 * Fresh processes take the load in so many turns a round: they differ by less than the machine does from one second to the
 * next.
 */
const freshTurns = 10;
/** Of the length of a sample; shorter ones count the load's beginning and end more than its calls. */
const turnShare = 0.4;

/** Processes that have done nothing else, warmed up until compilers have come to rest; for short samples. */
async function prepareAnew(entries: readonly CpuEntry[], run: BenchRun): Promise<Runner[]> {
  const { stage, effort } = run;
  await stage.keepOnly([]);
  for (const { label, peer } of entries) {
    run.progress(`warming up ${label} for long`);
    const target = targetOf(await stage.peer(peer));
    for (let loads = 0; loads < freshLoads; loads++) await runLoad(freshLoad, target, freshCalls, stage);
  }
  return await prepareAll(entries, {
    ...run,
    effort: { ...effort, sampleSeconds: effort.sampleSeconds * turnShare },
  });
}

async function prepareAll(entries: readonly CpuEntry[], run: BenchRun): Promise<Runner[]> {
  const runners: Runner[] = [];
  for (const entry of entries) runners.push(await prepare(entry, run));
  return runners;
}

async function prepare(entry: CpuEntry, { stage, effort, progress }: BenchRun): Promise<Runner> {
  progress(`warming up ${entry.label}`);
  const peer = await stage.peer(entry.peer);
  const { load } = entry;
  const run = (calls: number) => runLoad(load, targetOf(peer), calls, stage);
  const calls = await findPace(run, load.connections * load.streams, effort.warmUp, effort.sampleSeconds);
  return { entry, peer, calls };
}

function canRun({ label, peer, load }: CpuEntry, run: BenchRun): boolean {
  return canMeasure(label, peers[peer.name].missing() ?? missingLoad(load), run);
}
