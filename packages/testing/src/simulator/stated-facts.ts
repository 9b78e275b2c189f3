// SPDX-License-Identifier: Apache-2.0
import type { InstanceControl } from "@grpc-router/protocol";
import type { EventLoop } from "./event-loop.js";

const defaultWeight = 100;
/** `Health.Status.STATUS_NOT_SERVING`. */
const notServing = 2;

/**
 * What an instance has said of itself, as far as its router has read it. What a router writes may have been decided by
 * what counted just before, so that is kept until the router has written.
 */
export class StatedFacts {
  capacity = Number.POSITIVE_INFINITY;
  isServing = true;
  labels: Readonly<Record<string, string>> = {};
  weight = defaultWeight;
  readonly #loop: EventLoop;
  #lateCapacity = Number.POSITIVE_INFINITY;
  #wasServing = true;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** Calls that may be open as far as anything says that counts, or counted until just now. */
  get room(): number {
    return Math.max(this.capacity, this.#lateCapacity);
  }

  /** It may be given calls, or might until just now. */
  get mayServe(): boolean {
    return this.isServing || this.#wasServing;
  }

  take(kind: InstanceControl["kind"]): void {
    switch (kind.case) {
      case "hello": {
        const { capacity, health, traits } = kind.value;
        this.#setCapacity(capacity?.calls);
        this.#setServing(health?.status !== notServing);
        this.labels = traits?.labels ?? {};
        this.weight = traits?.weight || defaultWeight;
        return;
      }
      case "capacity":
        this.#setCapacity(kind.value.calls);
        return;
      case "health":
        this.#setServing(kind.value.status !== notServing);
        return;
      case "traits":
        this.labels = kind.value.labels;
        this.weight = kind.value.weight || defaultWeight;
        return;
      default:
    }
  }

  /** The router writes: what it decides after this it decides by what counts now. */
  onWrite(): void {
    if (this.#lateCapacity <= this.capacity && this.#wasServing === this.isServing) return;
    this.#loop.at(this.#loop.nowMs + 1, () => {
      this.#lateCapacity = this.capacity;
      this.#wasServing = this.isServing;
    });
  }

  #setCapacity(calls: number | undefined): void {
    this.capacity = calls ?? Number.POSITIVE_INFINITY;
    this.#lateCapacity = Math.max(this.#lateCapacity, this.capacity);
  }

  #setServing(isServing: boolean): void {
    this.#wasServing ||= this.isServing;
    this.isServing = isServing;
  }
}
