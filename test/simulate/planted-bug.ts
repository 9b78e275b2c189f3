// SPDX-License-Identifier: Apache-2.0

/** A bug and how it shows. */
export interface PlantedBug {
  readonly name: string;
  /** A seed that has shown it, tried first; if it does not any more, the others are tried from 1 on. */
  readonly seed: number;
  plant(): void;
  /** What the first violation says. */
  readonly shows: RegExp;
}

/** Where one rule that breaks breaks others, in whatever order. */
export const anything = /./;
/** Calls that wait for what never comes. */
export const stuck = /never ends|no status|failed with|is idle|idle, and/;
