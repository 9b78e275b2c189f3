// SPDX-License-Identifier: Apache-2.0

/** A small piece of work that is measured by doing it over and over. */
export interface Operation {
  /** Where it is and what it does: `hpack: …`. */
  readonly name: string;
  /** Does it so often and returns something that came of it, so that no compiler leaves it out. */
  run(count: number): number;
}

/** What an operation costs. */
export interface OperationCost {
  readonly name: string;
  readonly nanos: number;
  /** Allocated on the heap. */
  readonly bytes: number;
}
