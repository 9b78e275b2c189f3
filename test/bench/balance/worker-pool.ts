// SPDX-License-Identifier: Apache-2.0
import type { Scheduler, Timer } from "@grpc-router/http2";
import type { SeededRandom } from "@grpc-router/testing";
import { doneAt, type InstanceTraits } from "./fleet.ts";

/** What a pool has done since it was last asked. */
export interface PoolUse {
  /** Share of its workers' time. */
  readonly busyShare: number;
  readonly endedPerSecond: number;
  readonly failedPerSecond: number;
}

/** Parts of a `WorkerPool`. */
export interface WorkerPoolParts {
  readonly scheduler: Scheduler;
  readonly traits: InstanceTraits;
  /** Calls at a time. */
  readonly workers: number;
  readonly random: SeededRandom;
  /** A call has ended, `servedMs` after work on it began. */
  done(id: number, failed: boolean, servedMs: number): void;
}

interface Job {
  readonly id: number;
  readonly workMs: number;
  timer: Timer | undefined;
}

/** The workers of an instance: a fixed number of calls at a time, the others wait in order of arrival. */
export class WorkerPool {
  /** Calls that it was given. */
  taken = 0;
  readonly #parts: WorkerPoolParts;
  /** Those that are worked on. */
  readonly #jobs = new Map<number, Job>();
  /** The others, in order of arrival. */
  readonly #waiting = new Map<number, Job>();
  #busyMs = 0;
  #busySinceMs: number;
  #askedMs: number;
  #ended = 0;
  #failed = 0;

  constructor(parts: WorkerPoolParts) {
    this.#parts = parts;
    this.#askedMs = parts.scheduler.nowMs();
    this.#busySinceMs = this.#askedMs;
  }

  add(id: number, workMs: number): void {
    this.taken++;
    this.#waiting.set(id, { id, workMs, timer: undefined });
    this.#begin();
  }

  /** The caller wants no answer any more: whoever works on it is free. False: it has ended. */
  drop(id: number): boolean {
    if (this.#waiting.delete(id)) return true;
    const job = this.#jobs.get(id);
    if (job === undefined) return false;
    job.timer?.cancel();
    this.#leave(id);
    return true;
  }

  /** What it has done since the last time. */
  use(): PoolUse {
    this.#count();
    const nowMs = this.#parts.scheduler.nowMs();
    const seconds = (nowMs - this.#askedMs) / 1_000;
    const use = {
      busyShare: this.#busyMs / 1_000 / seconds / this.#parts.workers,
      endedPerSecond: this.#ended / seconds,
      failedPerSecond: this.#failed / seconds,
    };
    this.#askedMs = nowMs;
    this.#busyMs = 0;
    this.#ended = 0;
    this.#failed = 0;
    return use;
  }

  #begin(): void {
    for (const job of this.#waiting.values()) {
      if (this.#jobs.size >= this.#parts.workers) return;
      this.#count();
      this.#waiting.delete(job.id);
      this.#jobs.set(job.id, job);
      const { scheduler, traits } = this.#parts;
      const { slowness = 1, pause } = traits;
      const nowMs = scheduler.nowMs();
      const servedMs = doneAt(nowMs, job.workMs * slowness, pause) - nowMs;
      job.timer = scheduler.after(servedMs, () => this.#end(job.id, servedMs));
    }
  }

  #end(id: number, servedMs: number): void {
    const { random, traits } = this.#parts;
    const failed = random.random() < (traits.failureShare ?? 0);
    this.#ended++;
    if (failed) this.#failed++;
    this.#parts.done(id, failed, servedMs);
    this.#leave(id);
  }

  #leave(id: number): void {
    this.#count();
    this.#jobs.delete(id);
    this.#begin();
  }

  /** Adds up the time of those that work. */
  #count(): void {
    const nowMs = this.#parts.scheduler.nowMs();
    this.#busyMs += this.#jobs.size * (nowMs - this.#busySinceMs);
    this.#busySinceMs = nowMs;
  }
}
