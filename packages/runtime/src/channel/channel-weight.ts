// SPDX-License-Identifier: Apache-2.0
import type { SlowStartFacts } from "@grpc-router/protocol/codegenv1";
import { slowStartWeight } from "../balance/slow-start.js";
import { minWeightStep } from "../limits.js";

/**
 * Weight of an instance: what it states, or what an operator has ordered in its place, and, for a service with slow start,
 * what of it counts at its age.
 */
export class ChannelWeight {
  readonly #slowStart: SlowStartFacts | undefined;
  #stated: number;
  #ordered: number | undefined = undefined;
  #effective: number;
  /** Since when it has served without a break. */
  #sinceMs: number;

  constructor(stated: number, slowStart: SlowStartFacts | undefined, nowMs: number) {
    this.#slowStart = slowStart;
    this.#stated = stated;
    this.#sinceMs = nowMs;
    this.#effective = this.#weightAt(nowMs);
  }

  /** What the instance states. */
  get stated(): number {
    return this.#stated;
  }

  /** What an operator has ordered in place of it. */
  get ordered(): number | undefined {
    return this.#ordered;
  }

  /** What balancers see; above 0. */
  get effective(): number {
    return this.#effective;
  }

  /** The instance states another weight. */
  state(weight: number, nowMs: number): void {
    this.#stated = weight;
    this.#effective = this.#weightAt(nowMs);
  }

  /** An operator orders another weight, or (undefined) leaves it to the instance again. */
  order(weight: number | undefined, nowMs: number): void {
    this.#ordered = weight;
    this.#effective = this.#weightAt(nowMs);
  }

  /** The instance begins to serve, for the first time or again. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#effective = this.#weightAt(nowMs);
  }

  /** It is the same process on a new channel, and as warm as it was on the one before. */
  continue(before: ChannelWeight, nowMs: number): void {
    this.#sinceMs = before.#sinceMs;
    this.#effective = this.#weightAt(nowMs);
  }

  /** Looks at the time; true if more of the weight counts now, by enough that balancers should hear of it. */
  grow(nowMs: number): boolean {
    const whole = this.#whole;
    if (this.#effective === whole) return false;
    const weight = this.#weightAt(nowMs);
    if (weight !== whole && weight - this.#effective < whole * minWeightStep) return false;
    this.#effective = weight;
    return true;
  }

  #weightAt(nowMs: number): number {
    const age = nowMs - this.#sinceMs;
    return this.#slowStart === undefined ? this.#whole : slowStartWeight(this.#whole, age, this.#slowStart);
  }

  get #whole(): number {
    return this.#ordered ?? this.#stated;
  }
}
