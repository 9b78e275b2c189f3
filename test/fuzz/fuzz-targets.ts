// SPDX-License-Identifier: Apache-2.0

/** The targets, in the order in which `all` runs them: each is `targets/NAME.ts` with `fuzz(input)`. */
export const fuzzTargets = ["hpack", "frames", "session", "channel", "channel-ends", "metadata"] as const;
export type FuzzTarget = (typeof fuzzTargets)[number];

/** Targets with promises in them; the others need no turns of the event loop, and are faster without. */
export const asyncTargets: readonly string[] = ["channel-ends"];

/** Octets of the longest input: what libFuzzer may grow one to. */
export const maxInputBytes: Readonly<Record<FuzzTarget, number>> = {
  hpack: 2_048,
  frames: 8_192,
  session: 4_096,
  channel: 2_048,
  "channel-ends": 4_096,
  metadata: 2_048,
};

/** What a target does with one input: throws if an invariant does not hold. */
export interface TargetModule {
  fuzz(input: Uint8Array): void | Promise<void>;
}

/** Whether `name` is the name of a target. */
export function isFuzzTarget(name: string): name is FuzzTarget {
  return (fuzzTargets as readonly string[]).includes(name);
}
