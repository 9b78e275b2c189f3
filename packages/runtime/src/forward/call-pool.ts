// SPDX-License-Identifier: Apache-2.0
import { maxPooledCalls } from "../limits.js";
import type { MethodRoute } from "../registry/method-route.js";
import { CallRecord } from "./call-record.js";

/** Call records for reuse: a call costs a third of the garbage without it. */
export class CallPool {
  readonly #free: CallRecord[] = [];
  /** Records in use, in any order; each knows its place. */
  readonly #used: CallRecord[] = [];

  /** The calls that are not over, or that a client still takes the answer of. */
  list(): CallRecord[] {
    return [...this.#used];
  }

  take(route: MethodRoute): CallRecord {
    const call = this.#free.pop() ?? new CallRecord(route);
    call.route = route;
    call.poolIndex = this.#used.length;
    this.#used.push(call);
    return call;
  }

  /** Nothing may refer to `call` any more. */
  give(call: CallRecord): void {
    const last = this.#used.pop();
    if (last !== undefined && last !== call) {
      this.#used[call.poolIndex] = last;
      last.poolIndex = call.poolIndex;
    }
    call.reset();
    if (this.#free.length < maxPooledCalls) this.#free.push(call);
  }
}
