// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import {
  CallStartSchema,
  decodeInstanceControl,
  decodeRouterControl,
  EndSchema,
  EndView,
  FRAGMENT_NUMBER,
  INITIAL_CREDIT,
  PAYLOAD_OVERHEAD,
  readEnd,
} from "@grpc-router/protocol";
import type { ChannelTap } from "./channel-tap.js";
import { maxCreditGrowth } from "./credit-growth-bound.js";
import { describeCallFrame, describeControl, describeReplyFrame } from "./describe-frame.js";
import { callHead, FrameEar, fragment, frame, payloadCost, replyHead } from "./frame-ear.js";
import { judgeTakeover } from "./judge-fence.js";
import { StatedFacts } from "./stated-facts.js";
import { TappedCall } from "./tapped-call.js";
import type { TappedChannel } from "./tapped-channel.js";

/** With what rounding and sums of fractions are off by. */
const microsecondMs = 0.002;
const endView = new EndView();
const decoder = new TextDecoder();

/** Listens at the router's end of a channel: what it writes must follow from what it has read. */
export class RouterEar {
  readonly #tap: ChannelTap;
  readonly #channel: TappedChannel;
  readonly #sent: FrameEar;
  readonly #read: FrameEar;
  #lastStart = 0;
  #openCalls = 0;
  readonly facts: StatedFacts;
  #markRead = 0;
  #hasDrained = false;
  /** What the instance has said of its drain. */
  #drainedThrough = Number.POSITIVE_INFINITY;
  /** A hostile instance has written what is no frame. */
  #isDeaf = false;

  constructor(tap: ChannelTap, channel: TappedChannel) {
    this.#tap = tap;
    this.#channel = channel;
    this.facts = new StatedFacts(channel.world.loop);
    this.#sent = new FrameEar(
      false,
      () => this.#onSent(),
      (what) => channel.violate("grammar", what),
    );
    this.#read = new FrameEar(
      true,
      () => this.#onRead(),
      (what) => this.#onFaultRead(what),
    );
  }

  sent(bytes: Uint8Array, start: number, end: number): void {
    this.facts.onWrite();
    this.#sent.push(bytes, start, end);
  }

  read(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isDeaf) this.#read.push(bytes, start, end);
  }

  /** Calls that are open as far as the router knows. */
  get openCalls(): number {
    return this.#openCalls;
  }

  #onFaultRead(what: string): void {
    if (this.#channel.owner.isHostile) this.#isDeaf = true;
    else this.#channel.violate("grammar", what);
  }

  #onSent(): void {
    const channel = this.#channel;
    const { callId, credit } = callHead;
    if (callId === 0) {
      this.#onControlSent();
      return;
    }
    if (callHead.startStart >= 0) this.#onStart(callId);
    const call = channel.calls.get(callId);
    if (channel.isTraced) this.#trace("→", `${describeCallFrame(frame, callHead)} of c${call?.call}`);
    if (call === undefined) {
      channel.violate("grammar", `the router wrote a frame for call ${callId}, which has no Start`);
      return;
    }
    // Written, it may have waited until the instance's End had come.
    const isOver = call.routerState === "done";
    if (callHead.cancel >= 0 && !isOver) {
      channel.see("router", call.routerState, callHead.cancel === 2 ? "cancel deadline" : "cancel abort");
      call.routerState = "cancelling";
    }
    if (callHead.cancel >= 0) call.cancel = callHead.cancel;
    if (frame.payloadNumber !== 0) {
      if (call.requestEnded)
        channel.violate("grammar", `the router wrote a message behind the half close of call ${callId}`);
      if (!isOver) channel.see("router", call.routerState, "request");
      const cost = payloadCost();
      if (cost > call.requestCredit) {
        channel.violate(
          "credit",
          `the router spent ${cost} on call ${callId} and had credit for ${call.requestCredit}`,
        );
      }
      call.requestCredit -= cost;
    }
    if (callHead.halfClose) call.requestEnded = true;
    if (credit > 0) this.#grant(call, credit);
  }

  /** Credit goes back for what the client's stream has taken: that bounds what the router holds for a slow client. */
  #grant(call: TappedCall, credit: number): void {
    const channel = this.#channel;
    call.replyOwed -= credit;
    call.replyGranted += credit;
    if (call.replyOwed < -maxCreditGrowth(call.replySpent, channel.credit.reply))
      channel.violate("credit", `the router gave call ${call.id} ${-call.replyOwed} more than it had read`);
    const takenBytes = channel.world.takenBytes(call.call) + call.replyFrames * PAYLOAD_OVERHEAD;
    if (call.replyGranted <= takenBytes + maxCreditGrowth(takenBytes, channel.credit.reply)) return;
    channel.violate(
      "credit",
      `the router gave call ${call.id} ${call.replyGranted}, and its client can have taken ${takenBytes}`,
    );
  }

  #onStart(callId: number): void {
    const channel = this.#channel;
    const start = fromBinary(CallStartSchema, callHead.bytes.slice(callHead.startStart, callHead.startEnd));
    const key = start.metadata.find(({ name }) => name === "x-key")?.value;
    const call = new TappedCall(callId, key === undefined ? Number.NaN : Number(decoder.decode(key)), channel.credit);
    const last = this.#lastStart;
    if (callId !== last + 1) channel.violate("grammar", `a Start has id ${callId}, the last one had ${last}`);
    this.#judgeDeadline(call, start.timeoutUs);
    if (this.#hasDrained) channel.violate("fence", "a Start follows the router's own Drain");
    this.#lastStart = callId;
    channel.calls.set(callId, call);
    channel.see("router", "queued", "start");
    channel.world.ledger.dispatched.add(call.call);
    channel.world.ledger.last.set(call.call, call);
    if (channel.owner.isHostile) channel.world.ledger.tainted.add(call.call);
    this.#openCalls++;
    // Written, and given back in the same turn: the Drain was there before.
    if (callId > this.#drainedThrough) call.isGivenBack = true;
    channel.world.attempts.begin(call, channel);
    if (channel.owner.isRouterHeld) return;
    const { room, mayServe } = this.facts;
    if (!mayServe) channel.violate("stated", `a call goes to ${channel.instanceId}, which says that it does not serve`);
    if (channel.world.isWithdrawn(channel))
      channel.violate("stated", `a call goes to ${channel.instanceId}, which an operator has withdrawn`);
    if (this.#openCalls > room) {
      channel.violate(
        "slots",
        `${this.#openCalls} calls are open on ${channel.instanceId}, which has room for ${room}`,
      );
    }
    const newest = channel.owner.newest.get(channel.fenceKey);
    if (newest !== undefined && newest !== this.#tap && channel.world.nowMs > newest.state.welcomeMs) {
      channel.violate("fence", `a call goes to ${channel.name}, which ${newest.name} has superseded`);
    }
  }

  /** A router writes 1 where nothing is left; what is less than that by chance, it rounds up. */
  #judgeDeadline({ id, call }: TappedCall, timeoutUs: bigint): void {
    const { world } = this.#channel;
    const { deadlines } = world.ledger;
    const nowMs = world.nowMs;
    // The time of one attempt may be less than the call's.
    const endMs = nowMs + Number(timeoutUs) / 1_000;
    if (timeoutUs > 1n) deadlines.set(call, Math.max(endMs, deadlines.get(call) ?? 0));
    const lastMs = deadlines.get(call) ?? world.deadlineMs(call);
    // Of a caller that means harm nobody keeps account before its first Start.
    const isKnown = Number.isFinite(lastMs);
    if (timeoutUs !== 1n || !isKnown || Math.abs(nowMs - lastMs) < microsecondMs) return;
    this.#channel.violate("deadline", `call ${id} (c${call}) was dispatched after its deadline`);
  }

  #onControlSent(): void {
    if (callHead.controlStart < 0) return;
    const channel = this.#channel;
    const control = decodeRouterControl(callHead.bytes, callHead.controlStart, callHead.controlEnd);
    if (channel.isTraced) this.#trace("→", describeControl(control));
    const kind = control?.kind;
    if (kind?.case === "drain") {
      this.#hasDrained = true;
      channel.isDraining = true;
    }
    if (kind?.case !== "welcome") return;
    this.#sent.limit();
    channel.credit.reply = kind.value.initialCredit || INITIAL_CREDIT;
    channel.welcomeMs = channel.world.nowMs;
    channel.epoch = kind.value.epoch;
    judgeTakeover(this.#tap, channel);
  }

  #onRead(): void {
    const channel = this.#channel;
    const { callId, credit, endStart, headerStart } = replyHead;
    if (channel.routerGone) return;
    this.#onMark(replyHead.acceptedThrough);
    if (callId === 0) {
      this.#onControlRead();
      return;
    }
    if (channel.isTraced) this.#trace("←", describeReplyFrame(frame, replyHead));
    const call = channel.calls.get(callId);
    if (call === undefined || call.routerState === "done") return;
    if (credit > 0) {
      channel.see("router", call.routerState, "credit");
      call.requestCredit += credit;
    }
    if (frame.payloadNumber !== 0 || headerStart >= 0) {
      channel.see("router", call.routerState, "reply");
      if (call.routerState === "sent") call.routerState = "accepted";
    }
    if (frame.payloadNumber !== 0) {
      const cost = payloadCost();
      call.replyOwed += cost;
      call.replySpent += cost;
      if (isOverspent(call, channel)) this.#judgeOverspent(call);
      call.replyFrames++;
      if (frame.payloadNumber !== FRAGMENT_NUMBER || fragment.remaining === 0) call.replies++;
    }
    if (endStart < 0) return;
    readEnd(replyHead.bytes, endStart, replyHead.endEnd, endView);
    channel.see("router", call.routerState, endView.notRun ? "not_run" : "end");
    call.isGivenBack = endView.notRun && call.routerState !== "cancelling";
    if (call.routerState !== "cancelling" && !channel.owner.isHostile) {
      call.end = {
        code: endView.code,
        pushback: pushbackOf(replyHead.bytes, endStart, replyHead.endEnd),
        atMs: channel.world.nowMs,
      };
    }
    this.#close(call);
  }

  #onMark(through: number): void {
    for (let id = this.#markRead + 1; id <= through; id++) {
      const call = this.#channel.calls.get(id);
      if (call === undefined || call.routerState === "done") continue;
      if (call.routerState !== "accepted") this.#channel.see("router", call.routerState, "mark");
      if (call.routerState === "sent") call.routerState = "accepted";
    }
    this.#markRead = Math.max(this.#markRead, through);
  }

  #onControlRead(): void {
    const channel = this.#channel;
    if (replyHead.controlStart < 0) {
      if (channel.isTraced) this.#trace("←", `mark ${replyHead.acceptedThrough}`);
      return;
    }
    const control = decodeInstanceControl(replyHead.bytes, replyHead.controlStart, replyHead.controlEnd);
    if (channel.isTraced) this.#trace("←", describeControl(control));
    const kind = control?.kind;
    if (kind === undefined) return;
    this.facts.take(kind);
    if (kind.case === "drain") this.#onDrain(Number(kind.value.lastCallId));
    if (kind.case !== "hello") return;
    this.#read.limit();
    const { service, instanceId, initialCredit, processKey, incarnation, ordinal } = kind.value;
    channel.service = service;
    channel.instanceId = instanceId;
    channel.credit.request = initialCredit || INITIAL_CREDIT;
    channel.claim = { processKey: processKey.join(), incarnation, ordinal };
  }

  /** An instance spends far more than it was given: the channel must end. */
  #judgeOverspent(call: TappedCall): void {
    const channel = this.#channel;
    const { loop } = channel.world;
    // What it gives in the same turn leaves behind what it has read in it.
    loop.at(loop.nowMs + 1, () => {
      if (channel.routerGone || channel.owner.isRouterHeld || !isOverspent(call, channel)) return;
      channel.violate("credit", `the router takes more of call ${call.id} than it gave credit for`);
    });
  }

  #onDrain(through: number): void {
    this.#channel.isDraining = true;
    this.#drainedThrough = through;
    for (const call of this.#channel.calls.values()) {
      if (call.id <= through || call.routerState === "done") continue;
      this.#channel.see("router", call.routerState, "drain below");
      call.isGivenBack = call.routerState !== "cancelling";
      this.#close(call);
    }
  }

  #close(call: TappedCall): void {
    call.routerState = "done";
    this.#openCalls--;
  }

  #trace(arrow: "→" | "←", what: string): void {
    this.#channel.trace(this.#channel.owner.routerProcess, arrow, what);
  }
}

/** By a whole window, so that nothing under way explains it. */
function isOverspent({ replySpent, replyGranted }: TappedCall, { credit }: TappedChannel): boolean {
  return replySpent > 2 * credit.reply + replyGranted;
}

/** What an End says of trying again; the last one counts. */
function pushbackOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  const { trailers } = fromBinary(EndSchema, bytes.slice(start, end));
  const value = trailers.findLast(({ name }) => name === "grpc-retry-pushback-ms")?.value;
  return value && decoder.decode(value);
}
