// SPDX-License-Identifier: Apache-2.0
import type { GarbageCase } from "../cases/bench-case.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import type { Garbage } from "../measure/garbage.ts";
import { findPace } from "../measure/pace.ts";
import type { ProcessQuestion } from "../processes/process-answers.ts";
import type { GarbageResult } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

/** The heap's own counts are pages; so many samples' calls make them small beside what is measured. */
const samplesInOne = 4;

/** Measures what the router allocates for a call, by the growth of its heap between collections. @throws Error if a call fails. */
export async function runGarbageCase(one: GarbageCase, run: BenchRun): Promise<GarbageResult | undefined> {
  if (!canMeasure(one.id, missingLoad(one.load), run)) return undefined;
  const { stage, effort } = run;
  await stage.keepOnly([{ name: "router" }]);
  const peer = await stage.peer({ name: "router" });
  const ask = (action: ProcessQuestion["action"]) => peer.link?.ask<Garbage>("garbage", { action });
  const load = (calls: number) => runLoad(one.load, targetOf(peer), calls, stage);
  const { connections, streams } = one.load;
  const calls = await findPace(load, connections * streams, effort.warmUp, effort.sampleSeconds * samplesInOne);
  const rounds: Garbage[] = [];
  for (let round = 0; round < effort.rounds; round++) {
    run.progress(`round ${round + 1} of ${effort.rounds}`);
    await ask("start");
    await load(calls);
    const garbage = await ask("stop");
    if (garbage !== undefined) rounds.push(garbage);
  }
  return {
    kind: "garbage",
    id: one.id,
    calls,
    bytesPerCall: rounds.map(({ allocatedBytes }) => allocatedBytes / calls),
    pauses: {
      collections: rounds.reduce((sum, { collections }) => sum + collections, 0),
      pausedMs: rounds.reduce((sum, { pausedMs }) => sum + pausedMs, 0),
      longestMs: Math.max(0, ...rounds.map(({ longestMs }) => longestMs)),
    },
  };
}
