// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import { Coverage } from "@grpc-router/testing/simulator";
import type { BlockResult } from "./seed-worker.ts";

/** What to run, and who hears of it. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
  readonly threads: number;
  onProgress(line: string): void;
}

/** What all schedules together came to. */
export interface SeedRun {
  readonly ran: number;
  readonly ms: number;
  readonly steps: number;
  readonly failed: readonly number[];
  readonly coverage: Coverage;
  readonly codes: ReadonlyMap<string, number>;
}

/** Seeds that a thread gets at once. */
const blockSize = 100;
/** As many failures show what is wrong. */
const maxFailures = 5;
const progressEveryMs = 5_000;

/** Runs a range of seeds on several threads, each seed in a world of its own. */
export async function runSeeds({ from, to, threads, onProgress }: SeedRange): Promise<SeedRun> {
  const began = performance.now();
  const coverage = new Coverage();
  const codes = new Map<string, number>();
  const failed: number[] = [];
  let next = from;
  let ran = 0;
  let steps = 0;
  let shownMs = began;
  const show = (): void => {
    const rate = (ran * 1000) / (performance.now() - began);
    onProgress(`${ran} of ${to - from + 1}, ${rate.toFixed(0)} a second, ${failed.length} failed`);
  };
  const take = (block: BlockResult): void => {
    ran += block.ran;
    steps += block.steps;
    failed.push(...block.failed);
    coverage.add(block.coverage);
    for (const [code, count] of block.codes) codes.set(code, (codes.get(code) ?? 0) + count);
    if (performance.now() - shownMs < progressEveryMs) return;
    shownMs = performance.now();
    show();
  };
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
      const give = (): void => {
        if (next > to || failed.length >= maxFailures) {
          void worker.terminate().then(() => resolve());
          return;
        }
        const last = Math.min(next + blockSize - 1, to);
        worker.postMessage({ from: next, to: last });
        next = last + 1;
      };
      worker.on("error", reject);
      worker.on("message", (block: BlockResult) => {
        take(block);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
  const ms = performance.now() - began;
  return { ran, ms, steps, failed: failed.sort((one, other) => one - other).slice(0, maxFailures), coverage, codes };
}
