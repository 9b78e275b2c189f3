// SPDX-License-Identifier: Apache-2.0

import type { Call } from "./call.js";

/** Calls that wait for their turn, first come first served; the links are in the records. A call stands in it once. */
export class CallLine {
  #first: Call | undefined;
  #last: Call | undefined;

  get first(): Call | undefined {
    return this.#first;
  }

  /** Puts `call` behind all others. It must not stand in the line already. */
  add(call: Call): void {
    call.waits = true;
    call.lineNext = undefined;
    if (this.#last === undefined) this.#first = call;
    else this.#last.lineNext = call;
    this.#last = call;
  }

  /** Takes the first one out. */
  take(): Call | undefined {
    const call = this.#first;
    if (call === undefined) return undefined;
    this.#first = call.lineNext;
    if (this.#first === undefined) this.#last = undefined;
    call.lineNext = undefined;
    call.waits = false;
    return call;
  }

  clear(): void {
    while (this.take() !== undefined);
  }
}
