// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import type { Running } from "../../harness/processes.ts";
import { startNode } from "../../harness/stack.ts";
import type { Pinning, TargetAddress } from "../targets/target.ts";
import { percentile } from "./percentile.ts";

const program = fileURLToPath(new URL("../processes/victim-process.ts", import.meta.url));

/** What a victim saw between `start` and `stop`. */
export interface VictimReport {
  readonly calls: number;
  /** A word for each call that did not succeed. */
  readonly failures: readonly string[];
  /** Milliseconds of each call that succeeded. */
  readonly timesMs: readonly number[];
}

/** What reports come to; times in milliseconds, of calls that succeeded. */
export interface VictimSummary {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** A connection in a process of its own that calls at a steady rate. */
export interface Victim {
  /** Calls while `during` lasts, and tells how it went. */
  measure<T>(during: () => Promise<T>): Promise<{ readonly report: VictimReport; readonly result: T }>;
  /** Runs `during` while no call is open. */
  pause<T>(during: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Starts a victim of the target at `address`. */
export async function startVictim(address: TargetAddress, pinning: Pinning): Promise<Victim> {
  const running: Running = await startNode(program, { prefix: pinning.others, args: [], ready: /^ready/, answers: {} });
  await running.link.ask("connect", address);
  return {
    async measure(during) {
      await running.link.ask("start");
      const result = await during();
      return { report: await running.link.ask<VictimReport>("stop"), result };
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

/** All calls of `reports` as one; a victim without a good call has waited for ever. */
export function summarize(reports: readonly VictimReport[]): VictimSummary {
  const times = reports.flatMap(({ timesMs }) => timesMs).sort((a, b) => a - b);
  const at = (percent: number) => (times.length > 0 ? percentile(times, percent) : Number.POSITIVE_INFINITY);
  const calls = reports.reduce((sum, report) => sum + report.calls, 0);
  return { calls, p50Ms: at(50), p99Ms: at(99), mostMs: at(100) };
}
