// SPDX-License-Identifier: Apache-2.0
import type { TargetName, TargetSettings } from "../attack.ts";

/** Where a target listens. */
export interface TargetAddress {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority, when the target speaks TLS. */
  readonly ca?: string | undefined;
}

/** What the instance that is attacked has seen since `reset`. */
export interface InstanceCounts {
  /** Calls of the fault service that began. */
  readonly began: number;
  /** Calls under way now. */
  readonly running: number;
  /** The most that were under way at once. */
  readonly mostRunning: number;
  /** Calls that ended of their own. */
  readonly ended: number;
  /** Calls that were cancelled. */
  readonly aborted: number;
}

/** Memory of a target's process, in bytes, after as much cleaning up as the target can be asked for. */
export interface TargetMemory {
  /** VmRSS. */
  readonly residentBytes: number;
  /** What its heap and buffers hold; undefined where the process cannot tell. */
  readonly retainedBytes: number | undefined;
}

/** A running target with two instances behind it: one that is attacked, and the victim's. */
export interface RunningTarget {
  readonly address: TargetAddress;
  /** The process whose memory and processor time count. */
  readonly pid: number;
  /** Sets the instance's counts to nought, but for what runs. */
  resetInstance(): Promise<void>;
  instance(): Promise<InstanceCounts>;
  memory(): Promise<TargetMemory>;
  /** How often each limit has acted; empty where the target does not tell. */
  limitHits(): Promise<Readonly<Record<string, number>>>;
  /** What must never be: the process is gone, or its output has an uncaught error. */
  faults(): readonly string[];
  stop(): Promise<void>;
}

/** Something to attack. Which processors its programs run on is in `Pinning`. */
export interface Target {
  readonly name: TargetName;
  /** Version and configuration in one line, for the table. */
  describe(): Promise<string>;
  /** Why it cannot run here, such as a missing program. */
  missing(): string | undefined;
  start(settings: TargetSettings, pinning: Pinning): Promise<RunningTarget>;
}

/** Commands to put in front of programs; empty where processors cannot be chosen or the user may not. */
export interface Pinning {
  /** The target: any processor. */
  readonly target: readonly string[];
  /** The victim and the instance that it calls (echo service): processor 1. */
  readonly others: readonly string[];
  /** The attacker and the instance that it calls (fault service): processor 1, and last in line there. */
  readonly attacker: readonly string[];
}
