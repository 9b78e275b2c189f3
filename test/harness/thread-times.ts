// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** Times of a process's main thread, in milliseconds, to the nanosecond (Linux, /proc/PID/schedstat). */
export interface ThreadTimes {
  /** On a processor. */
  readonly cpuMs: number;
  /** Ready to run while another program had the processor. */
  readonly waitedMs: number;
}

/** The times since the process was started. */
export function threadTimes(pid: number): ThreadTimes {
  const [cpu, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
  return { cpuMs: Number(cpu) / 1e6, waitedMs: Number(waited) / 1e6 };
}
