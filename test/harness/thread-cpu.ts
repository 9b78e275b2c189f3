// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** Processor time that a process's main thread has used, in milliseconds, to the nanosecond (Linux, /proc/PID/schedstat). */
export function threadCpuMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ", 1)[0]) / 1e6;
}
