// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";

/** Files and sockets that a process started from here may have open (Linux, /proc/self/limits). */
export function openFileLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1_024);
}
