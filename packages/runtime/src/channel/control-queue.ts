// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "../forward/call-record.js";

/**
 * Calls with a Cancel or credit to be written ahead of all data. Each call has one slot for either, and credit adds up,
 * so this is bounded by the number of calls (docs/channel.md section 5).
 */
export class ControlQueue {
  #first: CallRecord | undefined = undefined;
  #last: CallRecord | undefined = undefined;

  get first(): CallRecord | undefined {
    return this.#first;
  }

  add(call: CallRecord): void {
    if (call.inControl) return;
    call.inControl = true;
    call.controlPrevious = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.controlNext = call;
    this.#last = call;
  }

  remove(call: CallRecord): void {
    if (!call.inControl) return;
    const { controlPrevious, controlNext } = call;
    if (controlPrevious === undefined) this.#first = controlNext;
    else controlPrevious.controlNext = controlNext;
    if (controlNext === undefined) this.#last = controlPrevious;
    else controlNext.controlPrevious = controlPrevious;
    call.inControl = false;
    call.controlPrevious = undefined;
    call.controlNext = undefined;
  }
}
