// SPDX-License-Identifier: Apache-2.0
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { ForwardContext } from "./forward-context.js";

/**
 * The credit of replies (docs/channel.md section 5): what an instance paid for a payload comes back to it when the client's
 * writer has taken what became of it, exactly once.
 */
export class ReplyCredit {
  readonly #context: ForwardContext;

  constructor(context: ForwardContext) {
    this.#context = context;
  }

  /** Octets that were queued for the client are on their way: their credit goes back to the instance. */
  onSent(call: CallRecord): void {
    const { channel, stream } = call;
    if (channel === undefined || stream === undefined) return;
    const held = Math.min(call.replyHeld, stream.queuedBytes);
    const taken = call.replyHeld - held;
    if (taken === 0) return;
    call.replyHeld = held;
    channel.budget.remove(call, taken);
    call.client?.take(call, taken);
    this.giveBack(call, channel, taken);
  }

  /** The client has gone: what it has not taken it never will. */
  forget(call: CallRecord): void {
    const { client, replyHeld, trailersHeld } = call;
    call.replyHeld = 0;
    call.trailersHeld = 0;
    if (client !== undefined) client.keptBytes -= trailersHeld;
    if (replyHeld === 0) return;
    call.channel?.budget.remove(call, replyHeld);
    client?.take(call, replyHeld);
  }

  /** The client does not read as fast as the instance writes. */
  hold(call: CallRecord, channel: Channel, cost: number): void {
    if (call.stream === undefined) return;
    this.#context.counters.stalls.client++;
    call.replyHeld += cost;
    call.client?.hold(call, cost);
    // This may end the call at once.
    channel.budget.add(call, cost);
  }

  /** Gives credit back, at the latest when it sums to half the window; a call that ends before never bothers. */
  giveBack(call: CallRecord, channel: Channel, cost: number): void {
    call.replyOwed += cost;
    if (call.replyOwed < channel.replyCredit / 2) return;
    if (call.state !== CallState.sent && call.state !== CallState.accepted) return;
    const credit = channel.growth.giveBack(call, {
      owed: call.replyOwed,
      nowMs: this.#context.clock.lastMs,
      roundTripMs: channel.connection.roundTripMs,
      unread: call.replyHeld,
      hasRoom: channel.budget.isEasy,
    });
    call.replyOwed = 0;
    if (credit === 0) return;
    call.creditPending += credit;
    channel.output.control.add(call);
    channel.output.pump();
  }
}
