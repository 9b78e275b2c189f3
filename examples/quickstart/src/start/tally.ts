// SPDX-License-Identifier: Apache-2.0
import type { Outcome } from "./calls.js";

/** What happened since the last look. */
export class Tally {
  #tookMs: number[] = [];
  #servedBy = new Map<string, number>();
  #failures: string[] = [];
  #total = 0;

  add(outcome: Outcome): void {
    this.#total++;
    if (outcome.error !== undefined) {
      this.#failures.push(outcome.error);
      return;
    }
    this.#tookMs.push(outcome.tookMs);
    this.#servedBy.set(outcome.servedBy, (this.#servedBy.get(outcome.servedBy) ?? 0) + 1);
  }

  /** One line about it; the numbers start anew. */
  take(): string {
    const sorted = this.#tookMs.sort((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
    const served = [...this.#servedBy].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
    const words = [
      `${this.#total} calls so far`,
      ...served.map(([id, count]) => `${id} ${count}`),
      `p50 ${at(0.5)} ms`,
      `p99 ${at(0.99)} ms`,
    ];
    if (this.#failures.length > 0) words.push(`${this.#failures.length} failed (${this.#failures[0]})`);
    this.#tookMs = [];
    this.#servedBy = new Map();
    this.#failures = [];
    return words.join(" · ");
  }
}
