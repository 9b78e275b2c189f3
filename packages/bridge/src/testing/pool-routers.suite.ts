// SPDX-License-Identifier: Apache-2.0
// Routers as a capacity pool meets them: each sends a queue of calls to one channel, over a link with latency.

import { MAX_DEMAND_PER_SECOND } from "@grpc-router/protocol";
import type { FakeScheduler } from "@grpc-router/testing";
import type { CapacityPool } from "../capacity/capacity-pool.js";
import type { CapacityShare } from "../capacity/capacity-share.js";

/** How a router behaves. */
export interface PoolRouterOptions {
  readonly latencyMs: number;
  /** It says when calls wait, and answers. */
  readonly tellsDemand: boolean;
  /** It is told this capacity. */
  onCapacity?(calls: number): void;
  /** A call has ended. */
  onEnded?(router: PoolRouter): void;
}

/** One router with a channel to the process whose pool it is. */
export class PoolRouter {
  /** Calls that came back because they crossed a lower capacity. */
  givenBack = 0;
  /** Calls open, as the router sees it. */
  open = 0;
  /** Durations of the calls that wait. */
  readonly waiting: number[] = [];
  /** Calls that have ended here. */
  ended = 0;
  readonly share: CapacityShare;
  readonly #scheduler: FakeScheduler;
  readonly #options: PoolRouterOptions;
  #capacity: number;
  #told = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #token = 0;
  /** Until its next look at the queue. */
  #looks = false;

  constructor(scheduler: FakeScheduler, pool: CapacityPool, options: PoolRouterOptions) {
    this.#scheduler = scheduler;
    this.#options = options;
    this.share = pool.join((calls, token) => {
      options.onCapacity?.(calls);
      this.#later(() => this.#restate(calls, token));
    });
    this.#capacity = this.share.stated;
    this.#later(() => this.#later(() => this.share.welcome(options.tellsDemand)));
  }

  /** A client's call that runs for `durationMs`. */
  call(durationMs: number): void {
    this.waiting.push(durationMs);
    this.#dispatch();
  }

  #restate(calls: number, token: number): void {
    this.#capacity = calls;
    if (token > 0) this.#token = token;
    this.#dispatch();
    if (token > 0) this.#tell(this.#demand());
  }

  #dispatch(): void {
    while (this.open < this.#capacity) {
      const durationMs = this.waiting.shift();
      if (durationMs === undefined) break;
      this.open++;
      this.#later(() => this.#start(durationMs));
    }
    this.#look();
  }

  #start(durationMs: number): void {
    const { share } = this;
    if (!share.hasRoom) {
      this.givenBack++;
      this.#later(() => {
        this.open--;
        this.call(durationMs);
      });
      return;
    }
    share.begin();
    this.#scheduler.after(durationMs, () => {
      share.end();
      this.#later(() => {
        this.open--;
        this.ended++;
        this.#options.onEnded?.(this);
        this.#dispatch();
      });
    });
  }

  #demand(): number {
    return this.open < this.#capacity ? 0 : this.waiting.length;
  }

  #look(): void {
    const count = this.#demand();
    if (count !== this.#told && this.#scheduler.nowMs() - this.#toldMs >= 1_000 / MAX_DEMAND_PER_SECOND)
      this.#tell(count);
    if (count === this.#told || this.#looks) return;
    this.#looks = true;
    this.#scheduler.after(250, () => {
      this.#looks = false;
      this.#look();
    });
  }

  #tell(count: number): void {
    if (!this.#options.tellsDemand) return;
    this.#told = count;
    this.#toldMs = this.#scheduler.nowMs();
    const token = this.#token;
    this.#later(() => this.share.demand(count, token));
  }

  #later(task: () => void): void {
    this.#scheduler.after(this.#options.latencyMs, task);
  }
}
