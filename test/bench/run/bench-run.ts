// SPDX-License-Identifier: Apache-2.0
import type { WarmUp } from "../measure/pace.ts";
import type { Stage } from "../peers/stage.ts";

/** How thoroughly a run measures. */
export interface Effort {
  readonly rounds: number;
  /** Length of one sample. */
  readonly sampleSeconds: number;
  /** How often a sample on a busy machine is taken before it is accepted. */
  readonly sampleAttempts: number;
  readonly warmUp: WarmUp;
  /** Length of one open loop. */
  readonly latencySeconds: number;
  /** Share of the things that memory cases hold otherwise. */
  readonly memoryScale: number;
}

/** What every case needs to run. */
export interface BenchRun {
  readonly stage: Stage;
  readonly effort: Effort;
  /** Folder for what is kept: reports and profiles. */
  readonly artifacts: string;
  /** Shows how far a case is; the next one takes its place. */
  progress(text: string): void;
  /** Something that people should know, such as a peer that is left out. */
  note(text: string): void;
}

/** Whether nothing is missing for a case, or a part of one; if something is, people are told. */
export function canMeasure(name: string, missing: string | undefined, { note }: Pick<BenchRun, "note">): boolean {
  if (missing !== undefined) note(`${name} is left out: ${missing}`);
  return missing === undefined;
}

/** Calls that benchmarks of a compiled language throw away (their 60,000th costs what the millionth costs), or so much time. */
const wholeWarmUp: WarmUp = { calls: 60_000, seconds: 2 };

export const wholeEffort: Effort = {
  rounds: 5,
  sampleSeconds: 0.5,
  sampleAttempts: 3,
  warmUp: wholeWarmUp,
  latencySeconds: 1.5,
  memoryScale: 1,
};

/** Few calls a round and many rounds: a burst of somebody else's work then spoils a round, not the median. */
export const quickEffort: Effort = {
  rounds: 7,
  sampleSeconds: 0.4,
  sampleAttempts: 1, // the gate measures a whole case again
  warmUp: { calls: 60_000, seconds: 4 },
  latencySeconds: 1,
  memoryScale: 0.05,
};
