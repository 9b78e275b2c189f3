// SPDX-License-Identifier: Apache-2.0

import { MAX_CHANNEL_BUFFER_BYTES } from "@grpc-router/protocol";
import { BUFFERED_MESSAGES, BUSY_BUFFER_FACTOR, JUDGE_STILL_MS, PAUSE_MS, STILL_AFTER_MS } from "../limits.js";
import type { Call } from "./call.js";

/** What a budget needs to know and do. */
export interface RequestBudgetOptions {
  /** Longest request message in bytes. */
  readonly maxRequestBytes: number;
  /** Monotonic time in milliseconds. */
  nowMs(): number;
  /** Every open call. */
  calls(): readonly Call[];
  /** Ends a call for what it keeps, over this limit; it keeps nothing after that. */
  end(call: Call, limitBytes: number): void;
}

/**
 * What the calls of one channel keep of their requests (docs/channel.md section 5). Above the limit the call that keeps
 * most is ended, of those where nothing moves: many large messages under way at once fill the buffers for a moment, and
 * that is no fault of theirs.
 */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  readonly #limitBytes: number;
  #bytes = 0;
  /** Since when movements are noted, without a pause of ours: more than half is in use. */
  #notedMs = 0;
  /** The last movement. */
  #movedMs = 0;
  /** When somebody was last looked for. */
  #judgedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RequestBudgetOptions) {
    this.#options = options;
    this.#limitBytes = Math.max(MAX_CHANNEL_BUFFER_BYTES, options.maxRequestBytes * BUFFERED_MESSAGES);
  }

  /** Less than half of it is in use. */
  get isEasy(): boolean {
    return this.#bytes <= this.#limitBytes / 2;
  }

  /** `sizeBytes` of request are kept for the call, or, if negative, no longer. */
  change(call: Call, sizeBytes: number): void {
    const half = this.#limitBytes / 2;
    const wasEasy = this.#bytes <= half;
    call.bufferedBytes += sizeBytes;
    this.#bytes += sizeBytes;
    // Nearly always; and then the clock is not asked.
    if (this.#bytes <= half) return;
    const nowMs = this.#options.nowMs();
    // After a pause, in which this process may have stood still, nobody is to blame for it.
    if (wasEasy || nowMs - this.#movedMs > PAUSE_MS) this.#notedMs = nowMs;
    this.#movedMs = nowMs;
    call.movedMs = nowMs;
    if (sizeBytes > 0 && this.#bytes > this.#limitBytes) this.#relieve(nowMs);
  }

  #relieve(nowMs: number): void {
    const isOverfull = this.#bytes > this.#limitBytes * BUSY_BUFFER_FACTOR;
    if (!isOverfull && nowMs < this.#judgedMs + JUDGE_STILL_MS) return;
    this.#judgedMs = nowMs;
    const largest = this.#largest(isOverfull ? Number.POSITIVE_INFINITY : nowMs - STILL_AFTER_MS);
    if (largest !== undefined) this.#options.end(largest, this.#limitBytes);
  }

  /** The call that keeps most, of those where nothing has moved after `sinceMs`. */
  #largest(sinceMs: number): Call | undefined {
    let largest: Call | undefined;
    for (const call of this.#options.calls()) {
      const isStill = Math.max(call.movedMs, this.#notedMs) <= sinceMs;
      if (isStill && call.bufferedBytes > (largest?.bufferedBytes ?? 0)) largest = call;
    }
    return largest;
  }
}
