// SPDX-License-Identifier: Apache-2.0

/** What an instance that nobody has heard of for long is taken for, in milliseconds: calls in flight must still count. */
const leastMs = 0.001;

/**
 * Moving average of one instance's latencies that is sensitive to peaks: one above the average becomes the average at
 * once, others move it by how much time has passed. Between answers it comes down towards 0, so that an instance which
 * was slow is tried again.
 *
 * Source: Finagle's `PeakEwma`, Linkerd's of the same name. There each reading moves the average, too; here it does not
 * matter how often it is read.
 */
export class PeakLatency {
  #averageMs: number;
  #observedMs: number;

  /** Begins with an assumption that an observation at `nowMs` would have made. */
  constructor(defaultMs: number, nowMs: number) {
    this.#averageMs = defaultMs;
    this.#observedMs = nowMs;
  }

  /** What to expect at `nowMs`, in milliseconds; `decayMs` is the time in which an average shrinks to 1/e. */
  at(nowMs: number, decayMs: number): number {
    return Math.max(leastMs, this.#averageMs * this.#kept(nowMs, decayMs));
  }

  /** An answer took `latencyMs`. */
  observe(latencyMs: number, nowMs: number, decayMs: number): void {
    const kept = latencyMs > this.#averageMs ? 0 : this.#kept(nowMs, decayMs);
    this.#averageMs = this.#averageMs * kept + latencyMs * (1 - kept);
    this.#observedMs = nowMs;
  }

  /** Share of the average that the time since it was observed leaves. */
  #kept(nowMs: number, decayMs: number): number {
    return nowMs > this.#observedMs ? Math.exp((this.#observedMs - nowMs) / decayMs) : 1;
  }
}
