// SPDX-License-Identifier: Apache-2.0
import { maxPooledCalls } from "../limits.js";
import type { MethodRoute } from "../registry/method-route.js";
import { CallRecord } from "./call-record.js";

/** Call records for reuse: a call costs a third of the garbage without it. */
export class CallPool {
  readonly #free: CallRecord[] = [];
  /** Records in use. */
  inUse = 0;

  take(route: MethodRoute): CallRecord {
    this.inUse++;
    const call = this.#free.pop();
    if (call === undefined) return new CallRecord(route);
    call.route = route;
    return call;
  }

  /** Nothing may refer to `call` any more. */
  give(call: CallRecord): void {
    this.inUse--;
    call.reset();
    if (this.#free.length < maxPooledCalls) this.#free.push(call);
  }
}
