// SPDX-License-Identifier: Apache-2.0
import type { InstanceCounts } from "../targets/target.ts";

/** Counts what a fault service says of its calls. */
export interface CallCounter {
  /** `FaultHost.say`: `began NAME`, `ended NAME`, `aborted NAME REASON`. */
  note(line: string): void;
  counts(): InstanceCounts;
  /** Begins again with what runs now. */
  reset(): void;
}

/** Creates a counter of calls. */
export function createCallCounter(): CallCounter {
  let running = 0;
  let counts = { began: 0, mostRunning: 0, ended: 0, aborted: 0 };
  return {
    note(line) {
      if (line.startsWith("began")) {
        counts.began++;
        counts.mostRunning = Math.max(counts.mostRunning, ++running);
      } else {
        running--;
        if (line.startsWith("ended")) counts.ended++;
        else counts.aborted++;
      }
    },
    counts: () => ({ ...counts, running }),
    reset() {
      counts = { began: 0, mostRunning: running, ended: 0, aborted: 0 };
    },
  };
}
