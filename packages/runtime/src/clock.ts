// SPDX-License-Identifier: Apache-2.0
import type { Scheduler, Timer } from "@grpc-router/http2";

/**
 * A scheduler that remembers its last reading. The engine reads the time once per read callback (one per
 * call costs 7 to 22 %); everything that happens in the callback uses that reading.
 */
export class Clock implements Scheduler {
  readonly #scheduler: Scheduler;
  /** The last reading, in milliseconds. */
  lastMs: number;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.lastMs = scheduler.nowMs();
  }

  nowMs(): number {
    this.lastMs = this.#scheduler.nowMs();
    return this.lastMs;
  }

  defer(task: () => void): void {
    this.#scheduler.defer(task);
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#scheduler.after(delayMs, task);
  }
}
