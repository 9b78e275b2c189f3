// SPDX-License-Identifier: Apache-2.0

import { ExponentialHistogram, type HistogramSnapshot } from "@grpc-router/runtime";

/** Milliseconds between two looks: ten timers a second cost next to nothing, and 100 ms of standstill are never missed. */
const lookEveryMs = 100;

/** Where the time is and who calls back; Node's own by default. */
export interface DelayClock {
  nowMs(): number;
  /** Calls `look` every `everyMs`, without keeping the process alive; answers how to stop. */
  every(everyMs: number, look: () => void): () => void;
}

const nodeClock: DelayClock = {
  nowMs: () => performance.now(),
  every(everyMs, look) {
    const timer = setInterval(look, everyMs).unref();
    return () => clearInterval(timer);
  },
};

/**
 * How late the timers of this process are. Unlike `monitorEventLoopDelay` it is a distribution that readers take
 * differences of, so that any number of them may read it, and none resets it for the others.
 */
export class EventLoopDelay {
  /** Seconds. */
  readonly #delays = new ExponentialHistogram({ scale: 3, minExponent: -10, maxExponent: 10 });
  readonly #stop: () => void;
  #dueMs: number;

  constructor({ nowMs, every }: DelayClock = nodeClock) {
    this.#dueMs = nowMs() + lookEveryMs;
    this.#stop = every(lookEveryMs, () => {
      const now = nowMs();
      this.#delays.record(Math.max(0, now - this.#dueMs) / 1_000);
      this.#dueMs = now + lookEveryMs;
    });
  }

  snapshot(): HistogramSnapshot {
    return this.#delays.snapshot();
  }

  stop(): void {
    this.#stop();
  }
}
