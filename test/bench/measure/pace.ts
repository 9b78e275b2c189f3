// SPDX-License-Identifier: Apache-2.0
import type { LoadResult } from "../load/load.ts";

/** What a process is given before its calls count: compilers and pools need so many, or so much time. */
export interface WarmUp {
  readonly calls: number;
  readonly seconds: number;
}

/** Calls that fill a sample, in whole rounds of all streams, so that no connection is left idle. */
export function callsFor(perSecond: number, seconds: number, inFlight: number): number {
  return Math.max(2, Math.ceil((perSecond * seconds) / inFlight)) * inFlight;
}

/**
 * Warms a peer up with ever more calls until it has had enough of them or of time, and tells how many fill a sample.
 *
 * @param run makes so many calls.
 */
export async function findPace(
  run: (calls: number) => Promise<LoadResult>,
  inFlight: number,
  warmUp: WarmUp,
  sampleSeconds: number,
): Promise<number> {
  let made = 0;
  let spentSeconds = 0;
  let calls = inFlight * 2;
  for (;;) {
    const { seconds } = await run(calls);
    made += calls;
    spentSeconds += seconds;
    const perSecond = calls / seconds;
    if (made >= warmUp.calls || spentSeconds >= warmUp.seconds) return callsFor(perSecond, sampleSeconds, inFlight);
    // Each run at most ten times the one before: the first ones are slow and tell little.
    const left = Math.min(warmUp.calls - made, perSecond * (warmUp.seconds - spentSeconds));
    calls = callsFor(Math.min(left, calls * 10), 1, inFlight);
  }
}
