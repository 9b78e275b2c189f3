// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** What a processor did since the machine was started, in microseconds (Linux, /proc/stat). */
export interface ProcessorTimes {
  /** Running programs, this bench's and others'. */
  readonly busyMicros: number;
  /** Taken away by the machine below a virtual one. */
  readonly stolenMicros: number;
}

const microsPerTick = 10_000;

/** The times of one processor up to now. */
export function processorTimes(processor: number): ProcessorTimes {
  return parseProcessorTimes(readFileSync("/proc/stat", "utf8"), processor);
}

/** Reads the line of a processor. @throws Error if there is none. */
export function parseProcessorTimes(stat: string, processor: number): ProcessorTimes {
  const line = stat.split("\n").find((text) => text.startsWith(`cpu${processor} `));
  if (line === undefined) throw new Error(`Cannot read /proc/stat: cpu${processor} must be in it, received none`);
  const [, user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(/\s+/).map(Number);
  return { busyMicros: (user + nice + system) * microsPerTick, stolenMicros: steal * microsPerTick };
}

/**
 * The share of `elapsedMicros` for which the measured processes could not have the processor: other programs ran on it, or
 * the machine below had it. `ownMicros` is what the measured processes used of it.
 */
export function starvedShare(
  before: ProcessorTimes,
  after: ProcessorTimes,
  own: { readonly ownMicros: number; readonly elapsedMicros: number },
): number {
  const foreign = Math.max(0, after.busyMicros - before.busyMicros - own.ownMicros);
  return (foreign + after.stolenMicros - before.stolenMicros) / own.elapsedMicros;
}
