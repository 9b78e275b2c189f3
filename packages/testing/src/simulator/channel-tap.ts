// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import {
  CallHeadView,
  CallStartSchema,
  decodeInstanceControl,
  decodeRouterControl,
  EndView,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameView,
  INITIAL_CREDIT,
  MAX_FRAME_BYTES,
  MAX_HELLO_BYTES,
  MessageSplitter,
  PAYLOAD_OVERHEAD,
  ReplyHeadView,
  readCallHead,
  readEnd,
  readFragment,
  readFrame,
  readReplyHead,
} from "@grpc-router/protocol";
import { describeCallFrame, describeControl, describeReplyFrame } from "./describe-frame.js";
import type { Execution } from "./ledger.js";
import type { SimProcess } from "./sim-process.js";
import { TappedCall } from "./tapped-call.js";
import type { World } from "./world.js";

/** What a tap needs to know of the connection that its channel is on. */
export interface TapOwner {
  readonly world: World;
  readonly routerProcess: SimProcess;
  readonly instanceProcess: SimProcess;
  /** The newest channel of an instance id at the router. */
  readonly newest: Map<string, ChannelTap>;
  /** The transport has not yet taken all that the router wrote, so that what goes now was decided earlier. */
  readonly isRouterHeld: boolean;
  /** The same of the instance. */
  readonly isInstanceHeld: boolean;
}

const frame = new FrameView();
const callHead = new CallHeadView();
const replyHead = new ReplyHeadView();
const fragment = new FragmentView();
const endView = new EndView();
const decoder = new TextDecoder();

/**
 * Listens to one registration channel at four places: as each side writes, as each side reads. It shares only the frame
 * codec with router and bridge; ids, credit, marks, slots and states it keeps by itself, and says what may not be.
 */
export class ChannelTap {
  readonly name: string;
  instanceId = "?";
  readonly calls = new Map<number, TappedCall>();
  /** The router has ended it, or lost its connection; so has the instance. */
  routerGone = false;
  instanceGone = false;
  readonly #owner: TapOwner;
  readonly #world: World;
  readonly #splitters: readonly MessageSplitter[];
  readonly #credit = { request: INITIAL_CREDIT, reply: INITIAL_CREDIT };
  #lastStart = 0;
  #openCalls = 0;
  #capacity = Number.POSITIVE_INFINITY;
  /** The largest that counted since the router last wrote, and what it writes now may have been decided by. */
  #lateCapacity = Number.POSITIVE_INFINITY;
  #markSent = 0;
  #markRead = 0;
  #drainedThrough = Number.POSITIVE_INFINITY;
  #routerDrained = false;
  #welcomeMs = -1;
  /** Calls that have begun since the instance last wrote. */
  readonly #unmarked: number[] = [];
  #willCheckMark = false;
  readonly #isTraced: boolean;

  constructor(owner: TapOwner, name: string) {
    this.#owner = owner;
    this.#world = owner.world;
    this.#isTraced = owner.world.lines !== undefined;
    this.name = name;
    this.#splitters = Array.from({ length: 4 }, () => new MessageSplitter(MAX_HELLO_BYTES));
  }

  // The four places.

  routerSent(bytes: Uint8Array, start: number, end: number): void {
    if (this.#lateCapacity > this.#capacity) {
      this.#world.loop.shortly(() => {
        this.#lateCapacity = this.#capacity;
      });
    }
    this.#push(0, bytes, start, end, () => this.#onRouterSent(bytes));
  }

  instanceRead(bytes: Uint8Array, start: number, end: number): void {
    this.#push(1, bytes, start, end, () => this.#onInstanceRead());
  }

  instanceSent(bytes: Uint8Array, start: number, end: number): void {
    if (this.#unmarked.length > 0 && !this.#willCheckMark) {
      this.#willCheckMark = true;
      // What had no room goes in a later turn of the same time.
      this.#world.loop.at(this.#world.nowMs + 1, () => this.#checkMark(), this.#owner.instanceProcess);
    }
    this.#push(2, bytes, start, end, () => this.#onInstanceSent());
  }

  routerRead(bytes: Uint8Array, start: number, end: number): void {
    this.#push(3, bytes, start, end, () => this.#onRouterRead());
  }

  /** The router has ended its side, or has lost the connection. */
  onRouterGone(): void {
    if (this.routerGone) return;
    this.routerGone = true;
    for (const call of this.calls.values()) {
      if (call.routerState === "done") continue;
      this.#see("router", call.routerState, "lost");
      call.routerState = "done";
    }
  }

  /** The instance has given the channel up, or has lost it. */
  onInstanceGone(): void {
    if (this.instanceGone) return;
    this.instanceGone = true;
    for (const call of this.calls.values()) {
      if (call.bridgeState === "unread" || call.bridgeState === "forgotten") continue;
      this.#see("bridge", call.bridgeState, "lost");
      call.bridgeState = "forgotten";
    }
  }

  /** User code begins for a call: the one of this channel that it can only be, if there is one. */
  begin(execution: Execution): TappedCall | undefined {
    if (this.instanceGone) return undefined;
    for (const call of this.calls.values()) {
      if (call.call !== execution.call || call.bridgeState !== "received") continue;
      this.#see("bridge", "received", "begin");
      call.bridgeState = "begun";
      call.execution = execution;
      this.#unmarked.push(call.id);
      this.#world.ledger.tapped.set(execution.id, call);
      return call;
    }
    return undefined;
  }

  settle(call: TappedCall): void {
    if (call.bridgeState === "begun" || call.bridgeState === "aborting")
      this.#see("bridge", call.bridgeState, "settle");
  }

  /** Every call is over on both sides. */
  checkIdle(): void {
    for (const call of this.calls.values()) {
      const { id, routerState, bridgeState } = call;
      if (!this.routerGone && routerState !== "done")
        this.#violate(`idle, and call ${id} is ${routerState} at the router`);
      const isOver = bridgeState === "ended" || bridgeState === "forgotten";
      if (!this.instanceGone && !isOver) this.#violate(`idle, and call ${id} is ${bridgeState} at the instance`);
    }
  }

  // The router writes.

  #onRouterSent(bytes: Uint8Array): void {
    const { callId, credit } = callHead;
    if (callId === 0) {
      this.#onRouterControl(true);
      return;
    }
    if (callHead.startStart >= 0) this.#onStartSent(callId);
    const call = this.calls.get(callId);
    if (this.#isTraced) this.#trace("router", "→", `${describeCallFrame(frame, callHead)} of c${call?.call}`);
    if (call === undefined) {
      this.#violate(`the router wrote a frame for call ${callId}, which has no Start`);
      return;
    }
    if (callHead.cancel >= 0) {
      // Written, it may have waited until the instance's End had come.
      if (call.routerState !== "done") {
        this.#see("router", call.routerState, callHead.cancel === 2 ? "cancel deadline" : "cancel abort");
        call.routerState = "cancelling";
      }
    }
    if (frame.payloadNumber !== 0) {
      if (call.requestEnded) this.#violate(`the router wrote a message behind the half close of call ${callId}`);
      const cost = costOf(bytes);
      if (call.routerState !== "done") this.#see("router", call.routerState, "request");
      if (cost > call.requestCredit) {
        this.#violate(`the router spent ${cost} on call ${callId} and had credit for ${call.requestCredit}`);
      }
      call.requestCredit -= cost;
    }
    if (callHead.halfClose) call.requestEnded = true;
    if (credit > 0) {
      call.replyOwed -= credit;
      if (call.replyOwed < 0) this.#violate(`the router gave call ${callId} ${-call.replyOwed} more than it had taken`);
    }
  }

  #onStartSent(callId: number): void {
    const start = fromBinary(CallStartSchema, callHead.bytes.slice(callHead.startStart, callHead.startEnd));
    const key = start.metadata.find(({ name }) => name === "x-key")?.value;
    const call = new TappedCall(callId, Number(decoder.decode(key)), this.#credit);
    if (callId !== this.#lastStart + 1) this.#violate(`a Start has id ${callId}, the last one had ${this.#lastStart}`);
    if (start.timeoutUs === 1n) this.#violate(`call ${call.call} was dispatched after its deadline`);
    if (this.#routerDrained) this.#violate(`a Start follows the router's own Drain`);
    this.#lastStart = callId;
    this.calls.set(callId, call);
    this.#see("router", "queued", "start");
    this.#world.ledger.dispatched.add(call.call);
    this.#openCalls++;
    const room = Math.max(this.#capacity, this.#lateCapacity);
    if (this.#owner.isRouterHeld) return;
    if (this.#openCalls > room) {
      this.#violate(`${this.#openCalls} calls are open on ${this.instanceId}, which has room for ${room}`);
    }
    const newest = this.#newest;
    if (newest !== undefined && newest !== this && this.#world.nowMs > newest.#welcomeMs) {
      this.#violate(`a call goes to ${this.name}, which ${newest.name} has superseded`);
    }
  }

  #onRouterControl(isSent: boolean): void {
    if (callHead.controlStart < 0) return;
    const control = decodeRouterControl(callHead.bytes, callHead.controlStart, callHead.controlEnd);
    if (this.#isTraced) this.#trace(isSent ? "router" : "instance", isSent ? "→" : "←", describeControl(control));
    const kind = control?.kind;
    if (kind?.case === "welcome") {
      this.#setFrameLimit(isSent ? 0 : 1);
      if (!isSent) return;
      this.#credit.reply = kind.value.initialCredit || INITIAL_CREDIT;
      this.#welcomeMs = this.#world.nowMs;
      this.#owner.newest.set(this.#fenceKey, this);
    } else if (kind?.case === "drain" && isSent) this.#routerDrained = true;
  }

  // The instance reads.

  #onInstanceRead(): void {
    const { callId, credit } = callHead;
    if (callId === 0) {
      this.#onRouterControl(false);
      return;
    }
    if (this.#isTraced) this.#trace("instance", "←", describeCallFrame(frame, callHead));
    const call = this.calls.get(callId);
    if (call === undefined || this.instanceGone) return;
    if (callHead.startStart >= 0) call.bridgeState = callId > this.#drainedThrough ? "forgotten" : "received";
    const state = call.bridgeState;
    if (state === "forgotten") return;
    if (credit > 0) {
      if (state !== "received") this.#see("bridge", state, "credit");
      call.replyCredit += credit;
    }
    if (callHead.cancel >= 0) {
      this.#see("bridge", state, callHead.cancel === 2 ? "cancel deadline" : "cancel abort");
      if (state === "begun") call.bridgeState = "aborting";
    }
    if (frame.payloadNumber !== 0) {
      this.#see("bridge", state, "payload");
      call.requestOwed += costOf(this.#bytes);
    }
    if (callHead.halfClose) this.#see("bridge", state, "half close");
  }

  // The instance writes.

  #onInstanceSent(): void {
    const { callId, credit, acceptedThrough, endStart } = replyHead;
    if (acceptedThrough !== 0) {
      if (acceptedThrough < this.#markSent) this.#violate(`the mark fell from ${this.#markSent} to ${acceptedThrough}`);
      this.#markSent = acceptedThrough;
    }
    if (callId === 0) {
      this.#onInstanceControl(true);
      return;
    }
    if (this.#isTraced) this.#trace("instance", "→", describeReplyFrame(frame, replyHead));
    // What was written before the end was known leaves after it.
    if (this.instanceGone) return;
    const call = this.calls.get(callId);
    if (call === undefined || call.bridgeState === "unread" || call.bridgeState === "forgotten") {
      this.#violate(`the instance wrote a frame for call ${callId}, which it does not have`);
      return;
    }
    if (call.bridgeState === "ended") this.#violate(`the instance wrote a frame behind the End of call ${callId}`);
    if (frame.payloadNumber !== 0) {
      const cost = costOf(this.#bytes);
      if (cost > call.replyCredit) {
        this.#violate(`the instance spent ${cost} on call ${callId} and had credit for ${call.replyCredit}`);
      }
      call.replyCredit -= cost;
    }
    if (credit > 0) {
      call.requestOwed -= credit;
      if (call.requestOwed < 0)
        this.#violate(`the instance gave call ${callId} ${-call.requestOwed} more than it took`);
    }
    if (endStart >= 0) this.#onEndSent(call);
  }

  #onEndSent(call: TappedCall): void {
    readEnd(replyHead.bytes, replyHead.endStart, replyHead.endEnd, endView);
    if (endView.notRun && call.execution !== undefined) {
      this.#violate(`not_run for call ${call.id}, for which user code began`);
    }
    const event = endView.notRun ? "not_run" : "end";
    this.#see("bridge", call.bridgeState, event);
    call.bridgeState = "ended";
  }

  /** Whatever leaves, the mark of what has begun leaves with it at the latest, as far as the transport takes it. */
  #checkMark(): void {
    this.#willCheckMark = false;
    if (this.instanceGone || this.#owner.isInstanceHeld || this.#owner.routerProcess.state === "dead") return;
    for (const id of this.#unmarked) {
      if (id > this.#markSent)
        this.#violate(`call ${id} had begun when frames left with the mark at ${this.#markSent}`);
    }
    this.#unmarked.length = 0;
  }

  #onInstanceControl(isSent: boolean): void {
    if (replyHead.controlStart < 0) {
      if (this.#isTraced) {
        this.#trace(isSent ? "instance" : "router", isSent ? "→" : "←", `mark ${replyHead.acceptedThrough}`);
      }
      return;
    }
    const control = decodeInstanceControl(replyHead.bytes, replyHead.controlStart, replyHead.controlEnd);
    if (this.#isTraced) this.#trace(isSent ? "instance" : "router", isSent ? "→" : "←", describeControl(control));
    const kind = control?.kind;
    switch (kind?.case) {
      case "hello":
        this.#setFrameLimit(isSent ? 2 : 3);
        this.instanceId = kind.value.instanceId;
        this.#credit.request = kind.value.initialCredit || INITIAL_CREDIT;
        if (!isSent) this.#setCapacity(kind.value.capacity?.calls);
        return;
      case "capacity":
        if (!isSent) this.#setCapacity(kind.value.calls);
        return;
      case "drain": {
        const through = Number(kind.value.lastCallId);
        if (isSent) this.#drainBySent(through);
        else this.#drainByRead(through);
        return;
      }
      case "close":
        this.#violate(`the instance closed its channel: ${kind.value.reason}, ${kind.value.message}`);
        return;
      default:
    }
  }

  #drainBySent(through: number): void {
    this.#drainedThrough = Math.min(this.#drainedThrough, through);
    for (const call of this.calls.values()) {
      if (call.id > this.#drainedThrough && call.bridgeState !== "unread") call.bridgeState = "forgotten";
    }
  }

  #drainByRead(through: number): void {
    for (const call of this.calls.values()) {
      if (call.id <= through || call.routerState === "done") continue;
      this.#see("router", call.routerState, "drain below");
      this.#close(call);
    }
  }

  // The router reads.

  #onRouterRead(): void {
    const { callId, credit, acceptedThrough, endStart, headerStart } = replyHead;
    if (this.routerGone) return;
    for (let id = this.#markRead + 1; id <= acceptedThrough; id++) {
      const call = this.calls.get(id);
      if (call === undefined || call.routerState === "done") continue;
      if (call.routerState !== "accepted") this.#see("router", call.routerState, "mark");
      if (call.routerState === "sent") call.routerState = "accepted";
    }
    this.#markRead = Math.max(this.#markRead, acceptedThrough);
    if (callId === 0) {
      this.#onInstanceControl(false);
      return;
    }
    if (this.#isTraced) this.#trace("router", "←", describeReplyFrame(frame, replyHead));
    const call = this.calls.get(callId);
    if (call === undefined || call.routerState === "done") return;
    if (credit > 0) {
      this.#see("router", call.routerState, "credit");
      call.requestCredit += credit;
    }
    if (frame.payloadNumber !== 0 || headerStart >= 0) {
      this.#see("router", call.routerState, "reply");
      if (call.routerState === "sent") call.routerState = "accepted";
    }
    if (frame.payloadNumber !== 0) {
      call.replyOwed += costOf(this.#bytes);
      if (frame.payloadNumber !== FRAGMENT_NUMBER || fragment.remaining === 0) call.replies++;
    }
    if (endStart < 0) return;
    readEnd(replyHead.bytes, endStart, replyHead.endEnd, endView);
    this.#see("router", call.routerState, endView.notRun ? "not_run" : "end");
    this.#close(call);
  }

  #close(call: TappedCall): void {
    call.routerState = "done";
    this.#openCalls--;
  }

  #setCapacity(calls: number | undefined): void {
    this.#capacity = calls ?? Number.POSITIVE_INFINITY;
    this.#lateCapacity = Math.max(this.#lateCapacity, this.#capacity);
  }

  get #fenceKey(): string {
    return `${this.#owner.routerProcess.name}/${this.instanceId}`;
  }

  get #newest(): ChannelTap | undefined {
    return this.#owner.newest.get(this.#fenceKey);
  }

  // Bytes to frames.

  #bytes: Uint8Array = new Uint8Array();

  #push(place: number, bytes: Uint8Array, start: number, end: number, onFrame: () => void): void {
    const isUp = place >= 2;
    const fault = this.#splitters[place]?.push(bytes, start, end, {
      onMessage: (message, from, to) => {
        this.#bytes = message;
        let problem: number = readFrame(message, from, to, frame);
        if (problem === 0) {
          problem = isUp
            ? readReplyHead(message, frame.headStart, frame.headEnd, replyHead)
            : readCallHead(message, frame.headStart, frame.headEnd, callHead);
        }
        if (problem === 0) onFrame();
        else this.#violate(`a frame cannot be read (${problem})`);
      },
    });
    if (fault !== undefined && fault !== 0) this.#violate(`bytes are no frames (${fault})`);
  }

  #setFrameLimit(place: number): void {
    const splitter = this.#splitters[place];
    if (splitter !== undefined) splitter.maxBytes = MAX_FRAME_BYTES;
  }

  #see(side: "router" | "bridge", state: string, event: string): void {
    this.#world.coverage.see(side, state, event);
  }

  #trace(side: "router" | "instance", arrow: string, what: string): void {
    const process = side === "router" ? this.#owner.routerProcess : this.#owner.instanceProcess;
    this.#world.note(process.name, `${arrow} ${this.name} ${what}`);
  }

  #violate(what: string): void {
    this.#world.violate(`${this.name}: ${what}`);
  }
}

function costOf(bytes: Uint8Array): number {
  if (frame.payloadNumber !== FRAGMENT_NUMBER) return frame.payloadEnd - frame.payloadStart + PAYLOAD_OVERHEAD;
  readFragment(bytes, frame.payloadStart, frame.payloadEnd, fragment);
  return fragment.dataEnd - fragment.dataStart + PAYLOAD_OVERHEAD;
}
