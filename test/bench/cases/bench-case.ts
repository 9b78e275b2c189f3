// SPDX-License-Identifier: Apache-2.0
import type { Load } from "../load/load.ts";
import type { PeerName, PeerSpec } from "../peers/peer.ts";

/** Something that the bench measures. */
export type BenchCase =
  | CpuCase
  | InstructionsCase
  | LatencyCase
  | MemoryCase
  | GarbageCase
  | ProfileCase
  | CrossCheckCase;

interface Common {
  /** For `--only` and in reports: letters, digits and dashes. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  /** In the quick form, too. */
  readonly quick?: boolean;
}

/** CPU per call of several entries in alternation. */
export interface CpuCase extends Common {
  readonly kind: "cpu";
  readonly entries: readonly CpuEntry[];
  /** What one unit is. */
  readonly unit: "call" | "message";
  /**
   * Each round starts its peers anew: what the compiler makes of one program differs by several percent from process to
   * process, as much as such a case is about.
   */
  readonly fresh?: boolean;
}

/** One of those that are compared. */
export interface CpuEntry {
  readonly label: string;
  readonly peer: PeerSpec;
  readonly load: Load;
}

/** Instructions per call of fresh processes, which neighbours on a machine do not change. */
export interface InstructionsCase extends Common {
  readonly kind: "instructions";
  readonly entries: readonly CpuEntry[];
}

/** Latency over rate, and beside the direct path. */
export interface LatencyCase extends Common {
  readonly kind: "latency";
  readonly peers: readonly PeerName[];
  readonly connections: number;
  /** Shares of each one's own peak. */
  readonly shares: readonly number[];
}

/** Memory per thing held. */
export interface MemoryCase extends Common {
  readonly kind: "memory";
  readonly holds: "connections" | "channels" | "calls" | "large-messages";
  readonly peers: readonly PeerName[];
  /** How many; in the quick form less. */
  readonly count: number;
}

/** Bytes allocated per call. */
export interface GarbageCase extends Common {
  readonly kind: "garbage";
  readonly load: Load;
}

/** Where the router's time goes. */
export interface ProfileCase extends Common {
  readonly kind: "profile";
  readonly load: Load;
}

/** Our own load program beside ghz, at one rate. */
export interface CrossCheckCase extends Common {
  readonly kind: "cross-check";
  readonly rate: number;
}
