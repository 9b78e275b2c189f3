// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** Milliseconds for which a process's main thread has had a processor, to the nanosecond (Linux, /proc/PID/schedstat). */
export function threadCpuMs(pid: number): number {
  const [cpu] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
  return Number(cpu) / 1e6;
}
