// SPDX-License-Identifier: Apache-2.0
import type { Scheduler, Timer } from "@grpc-router/http2";

/** A `Scheduler` whose time stands still until a test moves it. */
export interface FakeScheduler extends Scheduler {
  /** Timers that have neither fired nor been cancelled. */
  readonly pendingTimers: number;
  /** Deferred tasks that have not run. */
  readonly pendingTasks: number;
  /** Runs what is due now, deferred tasks and timers, until nothing is; time does not move. */
  runUntilIdle(): void;
  /** Moves time by `ms`, stopping at every timer on the way; runs what is due after each stop. */
  advance(ms: number): void;
  /** Moves time by `ms` and runs nothing: a process that stood still. What is overdue runs with the next call. */
  stall(ms: number): void;
  /**
   * Moves from timer to timer until `condition` holds. Throws if it does not within `withinMs` (default 60,000) or if
   * nothing is left that could change it.
   */
  advanceUntil(condition: () => boolean, withinMs?: number): void;
  /**
   * As `runUntilIdle`, for code with promises: lets them settle, too, until neither has anything left to do. Takes real
   * time only for the microtasks.
   */
  settle(): Promise<void>;
  /** As `advance`, letting promises settle after each stop. */
  advanceSettled(ms: number): Promise<void>;
}

/** Options of `createFakeScheduler`. */
export interface FakeSchedulerOptions {
  /** Where time begins, in milliseconds. Default 1,000: a test that takes 0 for "unset" shows. */
  readonly startMs?: number;
  /** Tasks without time moving before it counts as an endless loop. Default 1,000,000. */
  readonly maxTasks?: number;
}

/**
 * Creates a scheduler on virtual time. Tasks run in the order of their time, those of one time in the order they were
 * asked for; as in Node's event loop, what a deferred task defers runs in the next round, after the timers then due.
 *
 * @example
 * const scheduler = createFakeScheduler();
 * scheduler.after(250, () => console.log("a quarter of a second, at once"));
 * scheduler.advance(250);
 */
export function createFakeScheduler(options: FakeSchedulerOptions = {}): FakeScheduler {
  return new VirtualTime(options);
}

interface PendingTimer extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly task: () => void;
}

class VirtualTime implements FakeScheduler {
  #nowMs: number;
  #order = 0;
  #deferred: (() => void)[] = [];
  /** Sorted by due time, then order of arrival. */
  readonly #timers: PendingTimer[] = [];
  readonly #maxTasks: number;

  constructor({ startMs = 1_000, maxTasks = 1_000_000 }: FakeSchedulerOptions) {
    this.#nowMs = startMs;
    this.#maxTasks = maxTasks;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  get pendingTasks(): number {
    return this.#deferred.length;
  }

  // Arrow functions: callers may pass them on alone.
  readonly nowMs = (): number => this.#nowMs;

  readonly defer = (task: () => void): void => {
    this.#deferred.push(task);
  };

  readonly after = (delayMs: number, task: () => void): Timer => {
    const timer: PendingTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      task,
      cancel: () => this.#cancel(timer),
    };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return timer;
  };

  runUntilIdle(): void {
    let budget = this.#maxTasks;
    while (this.#isBusy()) {
      budget -= this.#runRound();
      if (budget < 0) throw new Error(`Cannot become idle: tasks must end, ran ${this.#maxTasks} at ${this.#nowMs} ms`);
    }
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.runUntilIdle();
    while (this.#step(untilMs)) this.runUntilIdle();
  }

  stall(ms: number): void {
    this.#nowMs += ms;
  }

  advanceUntil(condition: () => boolean, withinMs = 60_000): void {
    const untilMs = this.#nowMs + withinMs;
    this.runUntilIdle();
    while (!condition()) {
      if (this.#timers.length === 0) throw new Error(`Cannot go on: a timer must be pending at ${this.#nowMs} ms`);
      if (!this.#step(untilMs)) throw new Error(`Cannot go on: the condition must hold within ${withinMs} ms`);
      this.runUntilIdle();
    }
  }

  async settle(): Promise<void> {
    do {
      this.runUntilIdle();
      // A turn of the real loop: every promise that can settle has settled after it.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#isBusy());
  }

  async advanceSettled(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.settle();
    while (this.#step(untilMs)) await this.settle();
  }

  /** Moves time to the next timer, or to `untilMs` if none is due by then. False: time is up. */
  #step(untilMs: number): boolean {
    const dueMs = this.#timers[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs <= untilMs) {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      return true;
    }
    this.#nowMs = untilMs;
    return false;
  }

  #isBusy(): boolean {
    return this.#deferred.length > 0 || (this.#timers[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= this.#nowMs;
  }

  /** One turn of the loop: due timers, then what was deferred before the turn's end. Returns the number of tasks. */
  #runRound(): number {
    let count = 0;
    const lastOrder = this.#order;
    for (let first = this.#timers[0]; first !== undefined; first = this.#timers[0]) {
      if (first.dueMs > this.#nowMs || first.order >= lastOrder) break;
      this.#timers.shift();
      first.task();
      count++;
    }
    const tasks = this.#deferred;
    this.#deferred = [];
    for (const task of tasks) task();
    return count + tasks.length;
  }

  /** By bisection: thousands of timers are usual in a long run. */
  #placeOf(timer: PendingTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other === undefined || isBefore(timer, other)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #cancel(timer: PendingTimer): void {
    const place = this.#placeOf(timer) - 1;
    if (this.#timers[place] === timer) this.#timers.splice(place, 1);
  }
}

function isBefore(one: PendingTimer, other: PendingTimer): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
