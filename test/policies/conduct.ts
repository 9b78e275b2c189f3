// SPDX-License-Identifier: Apache-2.0

/** How an instance does what it is called for. Absent: well, at once. */
export interface Conduct {
  /** Share of calls that end with UNAVAILABLE, 0 to 1. */
  readonly unavailableShare?: number;
  /** Share of calls that end with INTERNAL. */
  readonly internalShare?: number;
  /** What each call takes, in milliseconds. */
  readonly delayMs?: number;
}

/** What a server says of each call that it runs, in a line `ran JSON`. */
export interface Ran {
  readonly name: string;
  readonly method: string;
  /** `grpc-previous-rpc-attempts`; 0: none. */
  readonly attemptsBefore: number;
  /** Time left when it began, in milliseconds; null: no deadline. */
  readonly timeoutMs: number | null;
  /** Status that it will end with, of instances that choose one themselves. */
  readonly code?: number;
}
