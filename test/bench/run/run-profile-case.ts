// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProfileCase } from "../cases/bench-case.ts";
import { missingLoad, runLoad } from "../load/run-load.ts";
import { findPace } from "../measure/pace.ts";
import type { PeerSpec } from "../peers/peer.ts";
import type { ProcessQuestion } from "../processes/process-answers.ts";
import { type CpuProfile, functionsOf } from "../profile/cpu-profile.ts";
import { flameGraph } from "../profile/flame-graph.ts";
import { stageShares } from "../profile/stages.ts";
import type { ProfileResult } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

/** A profile is this many samples long. */
const samplesInOne = 8;
/** The profiler's own cost grows with the number of its samples. */
const intervalMicros = 250;
const shownFunctions = 25;

/**
 * Profiles the router under a load: `NAME.cpuprofile` for developer tools, `NAME.svg` as a flame graph.
 *
 * @throws Error if a call fails.
 */
export async function runProfileCase(
  one: ProfileCase,
  run: BenchRun,
  spec: PeerSpec = { name: "router" },
): Promise<ProfileResult | undefined> {
  if (!canMeasure(one.id, missingLoad(one.load), run)) return undefined;
  const { stage, effort, artifacts } = run;
  await stage.keepOnly([spec]);
  const peer = await stage.peer(spec);
  if (peer.link === undefined) throw new Error(`Cannot profile ${spec.name}: it must be a process of ours`);
  const ask = (action: ProcessQuestion["action"]) =>
    peer.link?.ask<CpuProfile>("profile", { action, intervalMicros } satisfies ProcessQuestion);
  const load = (calls: number) => runLoad(one.load, targetOf(peer), calls, stage);
  run.progress("warming up");
  const { connections, streams } = one.load;
  const calls = await findPace(load, connections * streams, effort.warmUp, effort.sampleSeconds * samplesInOne);
  run.progress(`profiling ${calls} calls`);
  await ask("start");
  await load(calls);
  const profile = (await ask("stop")) ?? { nodes: [] };
  const file = join(artifacts, `${one.id}.cpuprofile`);
  writeFileSync(file, JSON.stringify(profile));
  writeFileSync(join(artifacts, `${one.id}.svg`), flameGraph(profile, one.title));
  const functions = functionsOf(profile);
  const total = functions.reduce((sum, { selfMicros }) => sum + selfMicros, 0);
  return {
    kind: "profile",
    id: one.id,
    stages: stageShares(functions),
    functions: functions
      .slice(0, shownFunctions)
      .map(({ name, place, selfMicros }) => ({ name, place, share: selfMicros / total })),
    file,
  };
}
