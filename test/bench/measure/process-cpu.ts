// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";

// Linux counts process times in ticks of USER_HZ, which is 100 on every platform Node runs on.
const microsPerTick = 10_000;

/** CPU time, user and system, that a process and its threads have used so far, in microseconds (Linux, proc(5)). */
export function processCpuMicros(pid: number): number {
  // Threads tell nanoseconds, but those that have ended no longer count; the process tells ticks of all.
  return Math.max(threadMicros(pid), tickMicros(pid));
}

/** The same, of several. */
export function cpuMicrosOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processCpuMicros(pid), 0);
}

/** Time of a process in the kernel as a share of its time, since it was started. */
export function systemTimes(pid: number): { readonly userMicros: number; readonly systemMicros: number } {
  const [user = 0, system = 0] = statTicks(pid);
  return { userMicros: user * microsPerTick, systemMicros: system * microsPerTick };
}

function threadMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // it has ended since the folder was read
    }
  }
  return nanos / 1_000;
}

function tickMicros(pid: number): number {
  const [user = 0, system = 0] = statTicks(pid);
  return (user + system) * microsPerTick;
}

function statTicks(pid: number): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [Number(fields[11]), Number(fields[12])];
}
