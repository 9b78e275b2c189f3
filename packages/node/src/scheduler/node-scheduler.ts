// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";

/**
 * Time and deferral of a Node thread: `performance.now()`, one `setImmediate` per tick for all deferred tasks, and
 * `setTimeout`. Tasks deferred while a batch runs belong to the next tick.
 */
export function createNodeScheduler(): Scheduler {
  const batch = new ImmediateBatch();
  return {
    nowMs: () => performance.now(),
    defer: (task) => batch.add(task),
    after: (delayMs, task) => new NodeTimer(delayMs, task),
  };
}

class ImmediateBatch {
  #tasks: (() => void)[] = [];
  #spare: (() => void)[] = [];
  readonly #run = () => this.#runAll();

  add(task: () => void): void {
    // The check phase follows the poll phase: everything that all readable sockets caused leaves in one go.
    if (this.#tasks.push(task) === 1) setImmediate(this.#run);
  }

  #runAll(): void {
    const tasks = this.#tasks;
    this.#tasks = this.#spare;
    let done = 0;
    try {
      for (const task of tasks) {
        done++;
        task();
      }
    } finally {
      // A task that throws ends the process or is handled above; the tasks behind it still run.
      if (done < tasks.length) for (const task of tasks.slice(done)) this.add(task);
      tasks.length = 0;
      this.#spare = tasks;
    }
  }
}

/** The longest delay of `setTimeout`; it takes any longer one for 1 ms. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

class NodeTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(delayMs: number, task: () => void) {
    this.#handle = this.#start(Math.max(0, delayMs), task);
  }

  #start(delayMs: number, task: () => void): NodeJS.Timeout {
    if (delayMs <= LONGEST_DELAY_MS) return setTimeout(task, delayMs);
    const goOn = () => {
      this.#handle = this.#start(delayMs - LONGEST_DELAY_MS, task);
    };
    return setTimeout(goOn, LONGEST_DELAY_MS);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}
