// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

/** How `waitUntil` waits. */
export interface WaitOptions {
  /** What is waited for, in words. */
  readonly what: string;
  readonly withinMs: number;
  /** Called about once a second with what `read` last said. */
  progress?(text: string): void;
}

/** Resolves when `read` answers at least `wanted`. @throws Error if it does not in time. */
export async function waitUntil(read: () => Promise<number>, wanted: number, options: WaitOptions): Promise<void> {
  const endMs = performance.now() + options.withinMs;
  let toldMs = performance.now();
  for (;;) {
    const value = await read();
    if (value >= wanted) return;
    if (performance.now() > endMs) {
      throw new Error(
        `Cannot go on: ${wanted} ${options.what} must be there within ${options.withinMs} ms, received ${value}`,
      );
    }
    if (performance.now() - toldMs > 1_000) {
      options.progress?.(`${value} of ${wanted} ${options.what}`);
      toldMs = performance.now();
    }
    await sleep(100);
  }
}
