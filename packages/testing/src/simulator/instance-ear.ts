// SPDX-License-Identifier: Apache-2.0
import { decodeInstanceControl, decodeRouterControl, EndView, MARK_DELAY_MS, readEnd } from "@grpc-router/protocol";
import { maxCreditGrowth } from "./credit-growth-bound.js";
import { describeCallFrame, describeControl, describeReplyFrame } from "./describe-frame.js";
import { callHead, FrameEar, frame, payloadCost, replyHead } from "./frame-ear.js";
import type { Execution } from "./ledger.js";
import type { TappedCall } from "./tapped-call.js";
import type { TappedChannel } from "./tapped-channel.js";

const endView = new EndView();

/** Listens at the instance's end of a channel: what it writes must follow from what it has read and what has run. */
export class InstanceEar {
  readonly #channel: TappedChannel;
  readonly #sent: FrameEar;
  readonly #read: FrameEar;
  #markSent = 0;
  #drainedThrough = Number.POSITIVE_INFINITY;
  /** Calls that have begun since the instance last wrote. */
  readonly #unmarked: number[] = [];

  constructor(channel: TappedChannel) {
    this.#channel = channel;
    const onFault = (what: string): void => channel.violate("grammar", what);
    this.#sent = new FrameEar(true, () => this.#onSent(), onFault);
    this.#read = new FrameEar(false, () => this.#onRead(), onFault);
  }

  sent(bytes: Uint8Array, start: number, end: number): void {
    if (this.#unmarked.length > 0) this.#checkMarkSoon();
    this.#sent.push(bytes, start, end);
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    this.#read.push(bytes, start, end);
  }

  /** The last call of this channel that user code can begin for a caller's call, if there is one. */
  find(index: number): TappedCall | undefined {
    let found: TappedCall | undefined;
    if (this.#channel.instanceGone) return found;
    for (const call of this.#channel.calls.values()) {
      if (call.call === index && call.bridgeState === "received") found = call;
    }
    return found;
  }

  /** User code begins for a call that `find` has found. */
  begin(call: TappedCall, execution: Execution): void {
    const channel = this.#channel;
    channel.see("bridge", "received", "begin");
    call.bridgeState = "begun";
    call.execution = execution;
    this.#unmarked.push(call.id);
    channel.world.ledger.tapped.set(execution.id, call);
  }

  #onRead(): void {
    const channel = this.#channel;
    const { callId, credit } = callHead;
    if (callId === 0) {
      this.#onControlRead();
      return;
    }
    if (channel.isTraced) this.#trace("←", describeCallFrame(frame, callHead));
    const call = channel.calls.get(callId);
    if (call === undefined || channel.instanceGone) return;
    if (callHead.startStart >= 0) call.bridgeState = callId > this.#drainedThrough ? "forgotten" : "received";
    const state = call.bridgeState;
    if (state === "forgotten") return;
    if (credit > 0) {
      if (state !== "received") channel.see("bridge", state, "credit");
      call.replyCredit += credit;
    }
    if (callHead.cancel >= 0) {
      channel.see("bridge", state, callHead.cancel === 2 ? "cancel deadline" : "cancel abort");
      if (state === "begun") call.bridgeState = "aborting";
    }
    if (frame.payloadNumber !== 0) {
      channel.see("bridge", state, "payload");
      const cost = payloadCost();
      call.requestOwed += cost;
      call.requestSpent += cost;
    }
    if (callHead.halfClose) channel.see("bridge", state, "half close");
  }

  #onControlRead(): void {
    if (callHead.controlStart < 0) return;
    const control = decodeRouterControl(callHead.bytes, callHead.controlStart, callHead.controlEnd);
    if (this.#channel.isTraced) this.#trace("←", describeControl(control));
    if (control?.kind.case === "welcome") this.#read.limit();
  }

  #onSent(): void {
    const channel = this.#channel;
    const { callId, acceptedThrough } = replyHead;
    if (acceptedThrough !== 0) {
      if (acceptedThrough < this.#markSent)
        channel.violate("grammar", `the mark fell from ${this.#markSent} to ${acceptedThrough}`);
      this.#markSent = acceptedThrough;
    }
    if (callId === 0) {
      this.#onControlSent();
      return;
    }
    if (channel.isTraced) this.#trace("→", describeReplyFrame(frame, replyHead));
    // What was written before the end was known leaves after it.
    if (channel.instanceGone) return;
    const call = channel.calls.get(callId);
    if (call === undefined || call.bridgeState === "unread" || call.bridgeState === "forgotten") {
      channel.violate("grammar", `the instance wrote a frame for call ${callId}, which it does not have`);
      return;
    }
    if (call.bridgeState === "ended")
      channel.violate("grammar", `the instance wrote a frame behind the End of call ${callId}`);
    this.#spend(call);
    if (replyHead.endStart >= 0) this.#onEnd(call);
  }

  #spend(call: TappedCall): void {
    const channel = this.#channel;
    if (frame.payloadNumber !== 0) {
      const cost = payloadCost();
      if (cost > call.replyCredit) {
        channel.violate(
          "credit",
          `the instance spent ${cost} on call ${call.id} and had credit for ${call.replyCredit}`,
        );
      }
      call.replyCredit -= cost;
    }
    call.requestOwed -= replyHead.credit;
    if (call.requestOwed < -maxCreditGrowth(call.requestSpent, channel.credit.request))
      channel.violate("credit", `the instance gave call ${call.id} ${-call.requestOwed} more than it took`);
  }

  #onEnd(call: TappedCall): void {
    readEnd(replyHead.bytes, replyHead.endStart, replyHead.endEnd, endView);
    if (endView.notRun && call.execution !== undefined) {
      this.#channel.violate("truth", `not_run for call ${call.id}, for which user code began`);
    }
    this.#channel.see("bridge", call.bridgeState, endView.notRun ? "not_run" : "end");
    call.bridgeState = "ended";
  }

  #onControlSent(): void {
    const channel = this.#channel;
    if (replyHead.controlStart < 0) {
      if (channel.isTraced) this.#trace("→", `mark ${replyHead.acceptedThrough}`);
      return;
    }
    const control = decodeInstanceControl(replyHead.bytes, replyHead.controlStart, replyHead.controlEnd);
    if (channel.isTraced) this.#trace("→", describeControl(control));
    const kind = control?.kind;
    if (kind?.case === "hello") this.#sent.limit();
    else if (kind?.case === "drain") this.#onDrain(Number(kind.value.lastCallId));
    else if (kind?.case === "close") {
      channel.violate("honest", `the instance closed its channel: ${kind.value.reason}, ${kind.value.message}`);
    }
  }

  #onDrain(through: number): void {
    this.#drainedThrough = Math.min(this.#drainedThrough, through);
    for (const call of this.#channel.calls.values()) {
      if (call.id > this.#drainedThrough && call.bridgeState !== "unread") call.bridgeState = "forgotten";
    }
  }

  /** Whatever leaves, the mark of what has begun leaves with it, or soon, or when there is room for it. */
  #checkMarkSoon(): void {
    const { owner, world } = this.#channel;
    const begun = this.#unmarked.splice(0);
    const check = (): void => {
      if (this.#channel.instanceGone || owner.routerProcess.state === "dead") return;
      const late = begun.filter((id) => id > this.#markSent);
      const isWaking = owner.instanceProcess.resumedMs === world.nowMs;
      if (owner.isInstanceHeld || isWaking) this.#unmarked.push(...late);
      else if (late.length > 0) {
        this.#channel.violate("grammar", `call ${late} had begun when frames left with the mark at ${this.#markSent}`);
      }
    };
    world.loop.at(world.nowMs + MARK_DELAY_MS + 1, check, owner.instanceProcess);
  }

  #trace(arrow: "→" | "←", what: string): void {
    this.#channel.trace(this.#channel.owner.instanceProcess, arrow, what);
  }
}
