// SPDX-License-Identifier: Apache-2.0
import { ErrorCode } from "@grpc-router/http2";
import { MAX_CHANNEL_BUFFER_BYTES } from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";
import type { Forwarder } from "../forward/forwarder.js";
import { busyBufferFactor, judgeSlowMs, pauseMs, slowClientMs } from "../limits.js";

/**
 * What the clients of one channel leave unread, in cost units: the channel's buffer budget (docs/channel.md section 5). Calls
 * that have ended and whose client is slow count, too. Above it the call that holds most has to go, of those whose
 * client has stopped reading: many large answers at once fill the buffers for a moment, and that is no fault of theirs.
 */
export class ReplyBudget {
  readonly #instance: string;
  readonly #forwarder: Forwarder;
  readonly #holders = new Set<CallRecord>();
  #held = 0;
  /** When something last came or went, and since when that has gone on without a pause of ours. */
  #movedMs = Number.NEGATIVE_INFINITY;
  #movingSinceMs = Number.NEGATIVE_INFINITY;
  /** When somebody was last looked for. */
  #judgedMs = Number.NEGATIVE_INFINITY;

  constructor(instance: string, forwarder: Forwarder) {
    this.#instance = instance;
    this.#forwarder = forwarder;
  }

  /** Less than half of it is in use. */
  get isEasy(): boolean {
    return this.#held < MAX_CHANNEL_BUFFER_BYTES / 2;
  }

  /** `call` holds `cost` more; its `replyHeld` says so already. */
  add(call: CallRecord, cost: number): void {
    this.#held += cost;
    const nowMs = this.#move();
    if (call.replyHeld === cost) {
      this.#holders.add(call);
      call.replyTakenMs = nowMs;
    }
    if (this.#held > MAX_CHANNEL_BUFFER_BYTES) this.#relieve(nowMs);
  }

  /** `call` holds `cost` less; its `replyHeld` is what is left. */
  remove(call: CallRecord, cost: number): void {
    this.#held -= cost;
    const nowMs = this.#move();
    if (call.replyHeld === 0) this.#holders.delete(call);
    else call.replyTakenMs = nowMs;
  }

  /** Now. After a pause, in which this process may have stood still, nobody is to blame for it. */
  #move(): number {
    const { lastMs } = this.#forwarder.context.clock;
    if (lastMs - this.#movedMs > pauseMs) this.#movingSinceMs = lastMs;
    this.#movedMs = lastMs;
    return lastMs;
  }

  #relieve(nowMs: number): void {
    const isOverfull = this.#held > MAX_CHANNEL_BUFFER_BYTES * busyBufferFactor;
    if (!isOverfull && nowMs < this.#judgedMs + judgeSlowMs) return;
    this.#judgedMs = nowMs;
    const sinceMs = nowMs - slowClientMs;
    if (!isOverfull && this.#movingSinceMs > sinceMs) return;
    const largest = this.#largest(isOverfull ? Number.POSITIVE_INFINITY : sinceMs);
    if (largest !== undefined) this.#cutOff(largest);
  }

  /** The call that holds most, of those whose client has taken nothing after `sinceMs`. */
  #largest(sinceMs: number): CallRecord | undefined {
    let largest: CallRecord | undefined;
    for (const call of this.#holders) {
      if (call.replyTakenMs <= sinceMs && call.replyHeld > (largest?.replyHeld ?? 0)) largest = call;
    }
    return largest;
  }

  #cutOff(call: CallRecord): void {
    const { path } = call.route;
    this.#forwarder.context.logger.log(
      "warn",
      "buffer_limit",
      `A call of ${path} is ended (BUFFER_LIMIT): clients of ${this.#instance} leave more than ${MAX_CHANNEL_BUFFER_BYTES} bytes unread, and this one ${call.replyHeld}`,
      { instance: this.#instance, method: path, heldBytes: call.replyHeld },
    );
    // RST_STREAM with ENHANCE_YOUR_CALM reads as RESOURCE_EXHAUSTED; trailers would have to queue behind the bytes.
    this.#forwarder.ending.cutOff(call, ErrorCode.enhanceYourCalm);
  }
}
