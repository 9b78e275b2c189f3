// SPDX-License-Identifier: Apache-2.0

import type { Scheduler, Timer } from "@grpc-router/http2";

/** Says something of a channel anew when it changes, so many times a second at most (docs/channel.md section 5). */
export class Stated<Value> {
  readonly #scheduler: Scheduler;
  readonly #restateMs: number;
  readonly #say: (value: NonNullable<Value>) => void;
  #stated: Value | undefined;
  #wanted: Value | undefined;
  #statedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(scheduler: Scheduler, perSecond: number, say: (value: NonNullable<Value>) => void) {
    this.#scheduler = scheduler;
    this.#restateMs = 1_000 / perSecond;
    this.#say = say;
  }

  /** The hello has stated it. */
  begin(value: Value | undefined): void {
    this.stop();
    this.#stated = value;
    this.#wanted = value;
    this.#statedMs = this.#scheduler.nowMs();
  }

  /** It is `value` now; compared by identity. */
  set(value: Value): void {
    this.#wanted = value;
    if (this.#timer !== undefined) return;
    const waitMs = this.#statedMs + this.#restateMs - this.#scheduler.nowMs();
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
    if (this.#wanted === undefined || this.#wanted === null || this.#wanted === this.#stated) return;
    this.#stated = this.#wanted;
    this.#statedMs = this.#scheduler.nowMs();
    this.#say(this.#wanted);
  }
}
