// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";
import { MAX_CAPACITY_PER_SECOND } from "@grpc-router/protocol";

const RESTATE_MS: number = 1_000 / MAX_CAPACITY_PER_SECOND;

/** Says a channel's capacity anew when it changes, at most ten times a second (docs/channel.md section 5). */
export class StatedCapacity {
  readonly #scheduler: Scheduler;
  readonly #say: (calls: number) => void;
  #stated: number | undefined;
  #wanted: number | undefined;
  #statedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(scheduler: Scheduler, say: (calls: number) => void) {
    this.#scheduler = scheduler;
    this.#say = say;
  }

  /** The hello has stated it. */
  begin(calls: number | undefined): void {
    this.stop();
    this.#stated = calls;
    this.#wanted = calls;
    this.#statedMs = this.#scheduler.nowMs();
  }

  /** It is `calls` now. */
  set(calls: number): void {
    this.#wanted = calls;
    if (this.#timer !== undefined) return;
    const waitMs = this.#statedMs + RESTATE_MS - this.#scheduler.nowMs();
    if (waitMs <= 0) {
      this.#state();
      return;
    }
    this.#timer = this.#scheduler.after(waitMs, () => this.#state());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #state(): void {
    this.#timer = undefined;
    if (this.#wanted === undefined || this.#wanted === this.#stated) return;
    this.#stated = this.#wanted;
    this.#statedMs = this.#scheduler.nowMs();
    this.#say(this.#wanted);
  }
}
