// SPDX-License-Identifier: Apache-2.0
import { policyOf } from "./attempt-ledger.js";
import { lingeringKey } from "./call-plan.js";
import type { SimMethod } from "./sim-service.js";
import type { TappedCall } from "./tapped-call.js";
import type { World } from "./world.js";

/** Of any policy. */
const maxAttempts = 5;

/** One run of user code. */
export interface Execution {
  /** From 1, in the order in which they began. */
  readonly id: number;
  readonly call: number;
  /** Name of the process that runs it. */
  readonly process: string;
  /** The method that runs: the caller's, or its fallback's. */
  readonly method: SimMethod;
  state: "running" | "complete" | "failed" | "stopped";
  /** Requests that it has read, and replies that it has handed over. */
  read: number;
  written: number;
  /** The request had ended when it read on. */
  sawEnd: boolean;
}

/** What user code did, on all instances: the truth that statuses are held against. */
export class Ledger {
  readonly executions: Execution[] = [];
  /** What the wire says of the call of each run, by the run's id. */
  readonly tapped = new Map<number, TappedCall>();
  /** Calls that were given to an instance that means harm: what they come to is nobody's promise, but that they end. */
  readonly tainted = new Set<number>();
  /** Calls that a router has written to an instance. */
  readonly dispatched = new Set<number>();
  /** Where each call was last. */
  readonly last = new Map<number, TappedCall>();
  /** When a call is over, by what its router has told an instance. */
  readonly deadlines = new Map<number, number>();
  readonly #world: World;
  readonly #byCall = new Map<number, Execution[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** User code begins. */
  begin(call: number, process: string, method: SimMethod): Execution {
    const id = this.executions.length + 1;
    const execution: Execution = { id, call, process, method, state: "running", read: 0, written: 0, sawEnd: false };
    this.executions.push(execution);
    const before = this.of(call);
    this.#byCall.set(call, [...before, execution]);
    const plan = this.#world.plan(call);
    // A router that means harm gives every instance the same.
    // Of a caller that means harm nobody knows the method.
    const unplanned = this.#world.scenario.policies === undefined ? 1 : maxAttempts;
    const most = plan === undefined ? unplanned : (policyOf(this.#world, method)?.method.retry?.maxAttempts ?? 1);
    const same = before.filter((run) => run.method === method);
    if (same.length < before.length && method === plan?.method)
      this.#world.violate("once", `c${call} (${method.name}) runs in its own service after its fallback's`);
    // Of a caller that means harm nobody knows which one it has called.
    const isIdempotent = plan !== undefined && method.isIdempotent;
    if (same.length >= most && !isIdempotent && call < lingeringKey) {
      const where = [...before, execution].map((one) => one.process).join(", then on ");
      this.#world.violate("once", `c${call} (${plan?.method.name}) must not run twice: it ran on ${where}`);
    }
    return execution;
  }

  /** All runs for a call. */
  of(call: number): readonly Execution[] {
    return this.#byCall.get(call) ?? [];
  }
}
