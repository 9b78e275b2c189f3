// SPDX-License-Identifier: Apache-2.0

/** How often each thing that can go wrong, or be done on purpose, is drawn while calls run. */
const faultWeights = {
  "reset link": 4,
  "half-open link": 1,
  "mute link": 2,
  "stall link": 3,
  "pause router": 1,
  "pause instance": 2,
  "pause client": 1,
  "kill instance": 4,
  "lose instance": 1,
  "drain instance": 4,
  "take instance over": 3,
  "impersonate instance": 1,
  "change capacity": 4,
  restate: 2,
  "kill router": 1,
  "drain router": 1,
  "fill memory": 1,
  "close client": 2,
} as const;

/** What can go wrong, or be done on purpose. */
export type FaultKind = keyof typeof faultWeights;

// The keys of a literal are its keys.
const faultKinds = Object.keys(faultWeights) as FaultKind[];

/** Every kind as often as its weight. */
export const drawnFaults: readonly FaultKind[] = faultKinds.flatMap((kind) =>
  Array.from({ length: faultWeights[kind] }, () => kind),
);

/** Kinds that a call need not notice, if everybody keeps the rules. */
export const gentleFaults: readonly FaultKind[] = [
  "drain instance",
  "change capacity",
  "take instance over",
  "stall link",
  "restate",
];

/** What happens at a time to something that is drawn then. */
export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
}
