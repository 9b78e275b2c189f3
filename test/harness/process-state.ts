// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from "node:timers/promises";

/** Memory of a Node process after its garbage is collected, in bytes. */
export interface ProcessState {
  readonly residentBytes: number;
  /** Heap and buffers that are in use. */
  readonly retainedBytes: number;
}

/** Collects garbage, where Node was started with `--expose-gc`, and tells what is left. */
export async function processState(): Promise<ProcessState> {
  // What a first collection finalizes, a second one frees.
  for (let round = 0; round < 2; round++) {
    // Of the last resort, because V8 keeps the pages of a young generation that a burst has made large.
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    await setImmediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentBytes: rss, retainedBytes: heapUsed + external };
}
