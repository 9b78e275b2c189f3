// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";

// Linux counts process times in ticks of USER_HZ, which is 100 on every platform Node runs on.
const microsPerTick = 10_000;

/** CPU times of one process at a moment. */
interface ProcessTimes {
  /** Nanoseconds of each thread. */
  readonly threads: ReadonlyMap<string, number>;
  /** User and system time of all threads, also of those that have ended. */
  readonly ticks: number;
}

/** CPU times of processes at a moment, by process id. */
export type CpuTimes = ReadonlyMap<number, ProcessTimes>;

export function readCpuTimes(pids: readonly number[]): CpuTimes {
  return new Map(pids.map((pid) => [pid, timesOf(pid)]));
}

/** CPU time, user and system, that processes have used since then, in microseconds (Linux, proc(5)). */
export function cpuMicrosSince(before: CpuTimes): number {
  let micros = 0;
  for (const [pid, times] of before) micros += microsBetween(times, timesOf(pid));
  return micros;
}

/** The same of one process since it was started. */
export function cpuMicrosOf(pid: number): number {
  return microsBetween(undefined, timesOf(pid));
}

/** @param before undefined: the process's start. */
export function microsBetween(before: ProcessTimes | undefined, after: ProcessTimes): number {
  // A thread that ends takes its nanoseconds along. The process's ticks keep its time, but they are coarse: a short sample
  // must do without them.
  const haveEnded = [...(before?.threads.keys() ?? [])].some((thread) => !after.threads.has(thread));
  const tickMicros = (after.ticks - (before?.ticks ?? 0)) * microsPerTick;
  if (haveEnded) return tickMicros;
  let nanos = 0;
  for (const [thread, now] of after.threads) nanos += now - (before?.threads.get(thread) ?? 0);
  return before === undefined ? Math.max(nanos / 1_000, tickMicros) : nanos / 1_000;
}

/** Time of a process in the kernel as a share of its time, since it was started. */
export function systemTimes(pid: number): { readonly userMicros: number; readonly systemMicros: number } {
  const [user = 0, system = 0] = statTicks(pid);
  return { userMicros: user * microsPerTick, systemMicros: system * microsPerTick };
}

function timesOf(pid: number): ProcessTimes {
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]));
    } catch {
      // it has ended since the folder was read
    }
  }
  const [user = 0, system = 0] = statTicks(pid);
  return { threads, ticks: user + system };
}

function statTicks(pid: number): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [Number(fields[11]), Number(fields[12])];
}
