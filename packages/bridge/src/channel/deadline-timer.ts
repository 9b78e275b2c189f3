// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";
import type { CallTable } from "@grpc-router/protocol";
import { DEADLINE_STEP_MS, MAX_TIMER_MS } from "../limits.js";
import type { Call } from "./call.js";

/**
 * The deadlines of a channel's calls on one timer: it runs for the earliest, then looks at every open call. Calls pay
 * nothing to come and go, and a channel with thousands of them is looked at every 16 ms at most.
 */
export class DeadlineTimer {
  readonly #scheduler: Scheduler;
  readonly #calls: CallTable<Call>;
  readonly #onDue: (call: Call) => void;
  #timer: Timer | undefined;
  /** When the timer fires. */
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(scheduler: Scheduler, calls: CallTable<Call>, onDue: (call: Call) => void) {
    this.#scheduler = scheduler;
    this.#calls = calls;
    this.#onDue = onDue;
  }

  /** A call with this deadline has come. */
  watch(deadlineMs: number, nowMs: number): void {
    // Steps, or calls with a few milliseconds left would start a timer each.
    const dueMs = Math.max(deadlineMs, nowMs + DEADLINE_STEP_MS);
    if (dueMs < this.#dueMs) this.#arm(dueMs, nowMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #arm(dueMs: number, nowMs: number): void {
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#scheduler.after(Math.min(dueMs - nowMs, MAX_TIMER_MS), this.#look);
  }

  readonly #look = (): void => {
    this.stop();
    const nowMs = this.#scheduler.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of this.#calls.list()) {
      // What has been told once is left out: its End waits, or its user code does not listen.
      if (call.deadlineMs > nowMs) nextMs = Math.min(nextMs, call.deadlineMs);
      else if (call.cause === undefined) this.#onDue(call);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.watch(nextMs, nowMs);
  };
}
