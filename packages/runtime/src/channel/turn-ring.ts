// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "../forward/call-record.js";

/** Calls of a channel that have something to write, in the order of their turns; linked through the records. */
export class TurnRing {
  #first: CallRecord | undefined = undefined;
  #last: CallRecord | undefined = undefined;

  get first(): CallRecord | undefined {
    return this.#first;
  }

  /** Puts `call` behind all others; without effect if it waits already. */
  add(call: CallRecord): void {
    if (call.inRing) return;
    call.inRing = true;
    call.ringPrevious = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.ringNext = call;
    this.#last = call;
  }

  remove(call: CallRecord): void {
    if (!call.inRing) return;
    const { ringPrevious, ringNext } = call;
    if (ringPrevious === undefined) this.#first = ringNext;
    else ringPrevious.ringNext = ringNext;
    if (ringNext === undefined) this.#last = ringPrevious;
    else ringNext.ringPrevious = ringPrevious;
    call.inRing = false;
    call.ringPrevious = undefined;
    call.ringNext = undefined;
  }
}
