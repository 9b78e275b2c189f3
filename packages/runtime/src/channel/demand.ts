// SPDX-License-Identifier: Apache-2.0
import { encodeRouterControl, MAX_DEMAND_PER_SECOND } from "@grpc-router/protocol";

/** What the demand of a channel is told through. */
export interface DemandOutput {
  say(kind: "demand", frame: Uint8Array): void;
}

/**
 * Tells an instance how many calls wait because its channel is full, so that it can give this router a larger part of a
 * capacity that several routers share (docs/channel.md section 5). Rounded up to a power of two and said only when that
 * changes, so a queue that breathes says little.
 */
export class Demand {
  readonly #output: DemandOutput;
  #told = 0;
  #token = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(output: DemandOutput) {
    this.#output = output;
  }

  /** So many calls wait now. What comes too early after the last word is left to the next look. */
  update(waiting: number, nowMs: number): void {
    const rounded = roundUp(waiting);
    if (rounded === this.#told || nowMs - this.#toldMs < 1_000 / MAX_DEMAND_PER_SECOND) return;
    this.#tell(rounded, nowMs);
  }

  /** The capacity with this token counts from here on, and the instance waits to hear it: no more often than it restates. */
  answer(token: number, waiting: number, nowMs: number): void {
    this.#token = token;
    this.#tell(roundUp(waiting), nowMs);
  }

  #tell(waiting: number, nowMs: number): void {
    this.#told = waiting;
    this.#toldMs = nowMs;
    const value = { waiting, token: this.#token };
    this.#output.say("demand", encodeRouterControl({ kind: { case: "demand", value } }));
  }
}

/** 0, 1, 2, 4, 8, …, 2^31. */
function roundUp(count: number): number {
  return count < 2 ? count : 2 ** Math.min(31, Math.ceil(Math.log2(count)));
}
