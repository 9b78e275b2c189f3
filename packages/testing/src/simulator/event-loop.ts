// SPDX-License-Identifier: Apache-2.0
import type { SimProcess } from "./sim-process.js";

/** Something that happens at a point of virtual time. */
export interface LoopEvent {
  atMs: number;
  order: number;
  /** Whose event it is; undefined: of the world around the processes. */
  readonly owner: SimProcess | undefined;
  /** In a process: a timer, or bytes and deferred tasks. After a pause timers run first, as in Node's loop. */
  readonly isTimer: boolean;
  readonly task: () => void;
  isCancelled: boolean;
}

/** Events at one point of time before it counts as an endless loop. */
const maxEventsAtOnce = 200_000;

/**
 * The one event loop of a simulation: events run in the order of their time, those of one time in the order they were
 * asked for. Promises of user code settle between two events, so that a run depends on nothing but its seed.
 */
export class EventLoop {
  nowMs = 0;
  /** Events run so far. */
  steps = 0;
  /** Runs after each event; throws when something must not be. */
  onStep: () => void = () => {};
  #order = 0;
  readonly #heap: LoopEvent[] = [];

  /** Runs `task` at `atMs`, or now if that is past. */
  at(atMs: number, task: () => void, owner?: SimProcess, isTimer = false): LoopEvent {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, owner, isTimer, task, isCancelled: false };
    this.#push(event);
    return event;
  }

  /** Lets an event that a pause has held up happen now. */
  again(event: LoopEvent): void {
    event.atMs = this.nowMs;
    event.order = this.#order++;
    this.#push(event);
  }

  /** Runs everything up to `untilMs`, and leaves the clock there. */
  async run(untilMs: number): Promise<void> {
    let budget = maxEventsAtOnce;
    for (let event = this.#heap[0]; event !== undefined && event.atMs <= untilMs; event = this.#heap[0]) {
      this.#pop();
      if (event.isCancelled) continue;
      if (event.atMs > this.nowMs) budget = maxEventsAtOnce;
      else if (--budget < 0)
        throw new Error(`Cannot go on: events must end, ran ${maxEventsAtOnce} at ${this.nowMs} ms`);
      this.nowMs = event.atMs;
      const { owner } = event;
      if (owner !== undefined && !owner.takes(event)) continue;
      const mayAwait = owner !== undefined && owner.work > 0;
      event.task();
      this.steps++;
      // A turn of the real loop: every promise that can settle has settled after it.
      if (mayAwait || (owner !== undefined && owner.work > 0)) await new Promise((resolve) => setImmediate(resolve));
      this.onStep();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(event: LoopEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: LoopEvent, other: LoopEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
