// SPDX-License-Identifier: Apache-2.0

/**
 * Counts ended calls, and the failed ones among them, over the last `windowMs`. The window slides by one of its buckets
 * at a time, so it covers between all of `windowMs` and one bucket less. Time that steps back counts as no time.
 */
export class SlidingWindow {
  readonly #bucketMs: number;
  readonly #totals: Int32Array;
  readonly #failures: Int32Array;
  /** The newest bucket, counted from time 0; its place in the arrays is the remainder. */
  #newest = Number.NEGATIVE_INFINITY;
  #total = 0;
  #failed = 0;

  constructor(windowMs: number, buckets: number) {
    this.#bucketMs = windowMs / buckets;
    this.#totals = new Int32Array(buckets);
    this.#failures = new Int32Array(buckets);
  }

  /** Calls in the window, as of the last `add` or `advance`. */
  get total(): number {
    return this.#total;
  }

  /** Failed ones among them. */
  get failed(): number {
    return this.#failed;
  }

  /** A call ended. */
  add(isFailure: boolean, nowMs: number): void {
    this.advance(nowMs);
    const place = this.#newest % this.#totals.length;
    this.#totals[place] = (this.#totals[place] ?? 0) + 1;
    this.#total++;
    if (!isFailure) return;
    this.#failures[place] = (this.#failures[place] ?? 0) + 1;
    this.#failed++;
  }

  /** Forgets what is too long ago by now. */
  advance(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket <= this.#newest) return;
    const length = this.#totals.length;
    if (bucket - this.#newest >= length) this.clear();
    else for (let old = this.#newest + 1; old <= bucket; old++) this.#forget(old % length);
    this.#newest = bucket;
  }

  /** Forgets all. */
  clear(): void {
    this.#totals.fill(0);
    this.#failures.fill(0);
    this.#total = 0;
    this.#failed = 0;
  }

  #forget(place: number): void {
    this.#total -= this.#totals[place] ?? 0;
    this.#failed -= this.#failures[place] ?? 0;
    this.#totals[place] = 0;
    this.#failures[place] = 0;
  }
}
