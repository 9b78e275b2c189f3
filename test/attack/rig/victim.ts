// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import type { Running } from "../../harness/processes.ts";
import { startNode } from "../../harness/stack.ts";
import type { TargetAddress } from "../targets/target.ts";

const program = fileURLToPath(new URL("../processes/victim-process.ts", import.meta.url));

const forEver = Number.POSITIVE_INFINITY;

/** What a victim saw between `start` and `stop`; times in milliseconds, of calls that succeeded. */
export interface VictimReport {
  readonly calls: number;
  /** A word for each call that did not succeed. */
  readonly failures: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** A connection in a process of its own that calls at a steady rate. */
export interface Victim {
  /** Calls while `during` lasts, and tells how it went. */
  measure<T>(during: () => Promise<T>): Promise<{ readonly report: VictimReport; readonly result: T }>;
  /** Runs `during` while no call is open: it would cost them what is no fault of the attack. */
  pause<T>(during: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a victim of the target at `address`. */
export async function startVictim(address: TargetAddress, prefix: readonly string[]): Promise<Victim> {
  const running: Running = await startNode(program, { prefix, args: [], ready: /^ready/, answers: {} });
  await running.link.ask("connect", address);
  return {
    async measure(during) {
      await running.link.ask("start");
      const result = await during();
      return { report: withTimes(await running.link.ask<VictimReport>("stop")), result };
    },
    async pause(during) {
      await running.link.ask("pause");
      try {
        return await during();
      } finally {
        await running.link.ask("resume");
      }
    },
    stop: running.stop,
  };
}

/** What is no number does not survive the way between processes; a victim without a good call has waited for ever. */
function withTimes(report: VictimReport): VictimReport {
  const { p50Ms, p99Ms, mostMs } = report;
  return { ...report, p50Ms: p50Ms ?? forEver, p99Ms: p99Ms ?? forEver, mostMs: mostMs ?? forEver };
}
