// SPDX-License-Identifier: Apache-2.0
import { MAX_CHANNEL_BUFFER_BYTES } from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";

/**
 * What the clients of one channel leave unread, in cost units: the channel's buffer budget (channel.md section 5). Calls
 * that have ended and whose client is slow count, too.
 */
export class ReplyBudget {
  #held = 0;
  readonly #holders = new Set<CallRecord>();

  /** The budget is used up: the call that holds most has to go. */
  get exceeded(): boolean {
    return this.#held > MAX_CHANNEL_BUFFER_BYTES;
  }

  /** `call` holds `cost` more. */
  add(call: CallRecord, cost: number): void {
    this.#held += cost;
    this.#holders.add(call);
  }

  /** `call` holds `cost` less; its `replyHeld` is what is left. */
  remove(call: CallRecord, cost: number): void {
    this.#held -= cost;
    if (call.replyHeld === 0) this.#holders.delete(call);
  }

  /** The call that holds most. */
  get largest(): CallRecord | undefined {
    let largest: CallRecord | undefined;
    for (const call of this.#holders) {
      if (largest === undefined || call.replyHeld > largest.replyHeld) largest = call;
    }
    return largest;
  }
}
