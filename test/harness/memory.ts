// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";

/** Why memory cannot be measured here; undefined where it can. */
export const noMemory: string | undefined =
  process.platform === "linux" ? undefined : "needs /proc, which only Linux has";

/** Resident memory of a process, in bytes (proc(5), VmRSS). */
export function residentBytes(pid: number): number {
  return field(pid, "VmRSS");
}

/** Starts to watch the peak of a process's resident memory. The result tells how far it rose above what it is now, in bytes. */
export function watchPeak(pid: number): () => number {
  writeFileSync(`/proc/${pid}/clear_refs`, "5"); // sets the high-water mark back to what is resident now
  const before = residentBytes(pid);
  return () => field(pid, "VmHWM") - before;
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kib === undefined) throw new Error(`Cannot measure process ${pid}: ${name} must be in its status, received none`);
  return Number(kib) * 1024;
}
