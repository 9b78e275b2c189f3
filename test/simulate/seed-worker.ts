// SPDX-License-Identifier: Apache-2.0
import { parentPort } from "node:worker_threads";
import { Coverage, simulate } from "@grpc-router/testing/simulator";

/** What a block of seeds came to. */
export interface BlockResult {
  readonly ran: number;
  readonly steps: number;
  readonly failed: readonly number[];
  readonly coverage: readonly (readonly [cell: string, count: number])[];
  readonly codes: readonly (readonly [code: string, count: number])[];
}

parentPort?.on("message", async ({ from, to }: { readonly from: number; readonly to: number }) => {
  parentPort?.postMessage(await runBlock(from, to));
});

async function runBlock(from: number, to: number): Promise<BlockResult> {
  const coverage = new Coverage();
  const codes = new Map<string, number>();
  const failed: number[] = [];
  let steps = 0;
  for (let seed = from; seed <= to; seed++) {
    const result = await simulate(seed, { coverage });
    steps += result.steps;
    if (result.violations.length > 0) failed.push(seed);
    for (const [code, count] of result.codes) codes.set(code, (codes.get(code) ?? 0) + count);
  }
  return { ran: to - from + 1, steps, failed, coverage: [...coverage.counts], codes: [...codes] };
}
