// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

// Linux counts process times in ticks of USER_HZ, which is 100 on every platform Node runs on.
const microsecondsPerTick = 10_000;

/** CPU time, user and system, that a process and its threads have used so far, in microseconds (Linux, proc(5)). */
export function processCpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
}
