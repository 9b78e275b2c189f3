// SPDX-License-Identifier: Apache-2.0
import type { LoadResult } from "../load/load.ts";
import type { RunningPeer } from "../peers/peer.ts";
import type { CpuSample } from "../report/bench-report.ts";
import { cpuMicrosSince, readCpuTimes } from "./process-cpu.ts";
import { processorTimes, starvedShare } from "./processor.ts";

/** A sample with more of its processor taken away speaks of the machine and is taken again. */
export const mostStarved = 0.1;

/** How a sample is taken. */
export interface SampleOptions {
  readonly unit: "call" | "message";
  /** The measured processes' own processor; undefined where they share all of them. */
  readonly watchedProcessor: number | undefined;
  /** How often it is taken before a starved one is accepted. */
  readonly attempts: number;
}

/** Measures what `work` costs the peer; on a busy machine again, and the least starved counts. */
export async function sampleCpu(
  peer: RunningPeer,
  options: SampleOptions,
  work: () => Promise<LoadResult>,
): Promise<CpuSample> {
  let best: CpuSample | undefined;
  for (let attempt = 0; attempt < options.attempts; attempt++) {
    const sample = await sampleOnce(peer, options, work);
    if ((sample.starvedShare ?? 0) <= mostStarved) return sample;
    if (best === undefined || (sample.starvedShare ?? 0) < (best.starvedShare ?? 0)) best = sample;
  }
  if (best === undefined) throw new Error("Cannot sample: there must be an attempt, received none");
  return best;
}

async function sampleOnce(
  peer: RunningPeer,
  { unit, watchedProcessor }: SampleOptions,
  work: () => Promise<LoadResult>,
): Promise<CpuSample> {
  const machineBefore = watchedProcessor === undefined ? undefined : processorTimes(watchedProcessor);
  const cpuBefore = readCpuTimes(peer.pids);
  const begunMs = performance.now();
  const result = await work();
  const elapsedMicros = (performance.now() - begunMs) * 1_000;
  const ownMicros = cpuMicrosSince(cpuBefore);
  const units = unit === "call" ? result.calls : result.messages;
  return {
    microsPerUnit: ownMicros / units,
    perSecond: units / result.seconds,
    starvedShare:
      machineBefore === undefined || watchedProcessor === undefined
        ? undefined
        : starvedShare(machineBefore, processorTimes(watchedProcessor), { ownMicros, elapsedMicros }),
  };
}
