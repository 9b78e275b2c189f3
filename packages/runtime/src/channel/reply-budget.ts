// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { MAX_CHANNEL_BUFFER_BYTES } from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";
import type { Forwarder } from "../forward/forwarder.js";

/**
 * What the clients of one channel leave unread, in cost units: the channel's buffer budget (channel.md section 5). Calls
 * that have ended and whose client is slow count, too. Above it the call that holds most has to go.
 */
export class ReplyBudget {
  readonly #instance: string;
  readonly #forwarder: Forwarder;
  #held = 0;
  readonly #holders = new Set<CallRecord>();

  constructor(instance: string, forwarder: Forwarder) {
    this.#instance = instance;
    this.#forwarder = forwarder;
  }

  /** `call` holds `cost` more. */
  add(call: CallRecord, cost: number): void {
    this.#held += cost;
    this.#holders.add(call);
    if (this.#held > MAX_CHANNEL_BUFFER_BYTES) this.#cutOffLargest();
  }

  /** `call` holds `cost` less; its `replyHeld` is what is left. */
  remove(call: CallRecord, cost: number): void {
    this.#held -= cost;
    if (call.replyHeld === 0) this.#holders.delete(call);
  }

  #cutOffLargest(): void {
    let largest: CallRecord | undefined;
    for (const call of this.#holders) {
      if (largest === undefined || call.replyHeld > largest.replyHeld) largest = call;
    }
    if (largest === undefined) return;
    const { path } = largest.route;
    this.#forwarder.context.logger.log(
      "warn",
      "buffer_limit",
      `A call of ${path} is ended (BUFFER_LIMIT): clients of ${this.#instance} leave more than ${MAX_CHANNEL_BUFFER_BYTES} bytes unread, and this one ${largest.replyHeld}`,
      { instance: this.#instance, method: path, heldBytes: largest.replyHeld },
    );
    // RST_STREAM with ENHANCE_YOUR_CALM reads as RESOURCE_EXHAUSTED; trailers would have to queue behind the bytes.
    this.#forwarder.ending.cutOff(largest, ErrorCode.enhanceYourCalm);
  }
}
