// SPDX-License-Identifier: Apache-2.0
import type { Scheduler, Timer } from "@grpc-router/http2";
import type { EventLoop, LoopEvent } from "./event-loop.js";

/**
 * A process of a simulation: a clock of its own, timers, deferred tasks. It can stand still (SIGSTOP) and die (SIGKILL);
 * what it wanted to do is then late, or never done.
 */
export class SimProcess implements Scheduler {
  readonly name: string;
  /** Sockets of the process: its time, but after a pause they are read behind the timers. */
  readonly io: Scheduler;
  state: "running" | "paused" | "dead" = "running";
  /** Promises of user code may be under way as long as this is above 0. */
  work = 0;
  /** Timers that have neither fired nor been cancelled. */
  timers = 0;
  /** When it last began to run again. */
  resumedMs = 0;
  readonly #loop: EventLoop;
  /** What its clock shows beyond the simulation's. */
  readonly #offsetMs: number;
  #backlog: LoopEvent[] = [];

  constructor(loop: EventLoop, name: string, offsetMs: number) {
    this.#loop = loop;
    this.name = name;
    this.#offsetMs = offsetMs;
    this.io = {
      nowMs: () => this.nowMs(),
      defer: (task) => this.defer(task),
      after: (delayMs, task) => this.#after(delayMs, task, false),
    };
  }

  readonly nowMs = (): number => this.#loop.nowMs + this.#offsetMs;

  readonly defer = (task: () => void): void => {
    this.#loop.at(this.#loop.nowMs, task, this);
  };

  readonly after = (delayMs: number, task: () => void): Timer => this.#after(delayMs, task, true);

  /** Resolves after `ms` of the process's time, as user code waits. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Whether an event of this process happens now: it waits while the process stands still. */
  takes(event: LoopEvent): boolean {
    if (this.state === "running") return true;
    if (this.state === "paused") this.#backlog.push(event);
    return false;
  }

  pause(): void {
    if (this.state === "running") this.state = "paused";
  }

  resume(): void {
    if (this.state !== "paused") return;
    this.state = "running";
    this.resumedMs = this.#loop.nowMs;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const isTimer of [true, false]) {
      for (const event of backlog) if (event.isTimer === isTimer) this.#loop.again(event);
    }
  }

  die(): void {
    this.state = "dead";
    this.work = 0;
    this.#backlog = [];
  }

  #after(delayMs: number, task: () => void, isTimer: boolean): Timer {
    if (isTimer) this.timers++;
    const run = (): void => {
      if (isTimer) this.timers--;
      event.isCancelled = true;
      task();
    };
    const event = this.#loop.at(this.#loop.nowMs + Math.max(0, delayMs), run, this, isTimer);
    return {
      cancel: () => {
        if (event.isCancelled) return;
        event.isCancelled = true;
        if (isTimer) this.timers--;
      },
    };
  }
}
