// SPDX-License-Identifier: Apache-2.0

import { fromBinary } from "@bufbuild/protobuf";
import {
  CallHeadView,
  copyOf,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameFault,
  FrameView,
  formatReason,
  MAX_CREDIT,
  MAX_CREDIT_FRAMES,
  MAX_EMPTY_FRAMES,
  MAX_LATE_FRAMES,
  type MessageSink,
  PAYLOAD_OVERHEAD,
  type Reason,
  type RouterControl,
  RouterControlSchema,
  readCallHead,
  readFragment,
  readFrame,
  readStart,
  reasonOfFault,
  StartView,
} from "@grpc-router/protocol";
import type { Call } from "./call.js";
import { CallPhase } from "./call.js";
import { cancelCall } from "./call-life.js";
import type { ChannelCalls } from "./channel-calls.js";
import { receiveFragment, receiveHalfClose, receiveMember } from "./receive-payload.js";

/** What a reader asks of its channel. */
export interface FrameTarget {
  /** The Welcome has come; nothing but it may come before. */
  readonly isWelcome: boolean;
  /** Frames are no longer taken. */
  readonly isOver: boolean;
  /** The last call that is still taken; Infinity before our own Drain. */
  readonly lastCallId: number;
  /** A frame about the channel. */
  control(control: RouterControl): void;
  /** A call has been opened. */
  opened(): void;
  /** The router has given a call credit. */
  credited(call: Call): void;
  /** The peer broke the channel's rules. */
  fault(reason: Reason, message: string): void;
}

/** Reads the frames of one Register stream, checks them against the state of their call, and hands on what they say. */
export class FrameReader implements MessageSink {
  /** The last Start read, taken or not. */
  lastStart = 0;
  /** Frames read so far. */
  frames = 0;
  /** Frames in a row that said nothing. */
  #emptyFrames = 0;
  readonly #target: FrameTarget;
  readonly #calls: ChannelCalls;
  readonly #frame = new FrameView();
  readonly #head = new CallHeadView();
  readonly #start = new StartView();
  readonly #fragment = new FragmentView();

  constructor(target: FrameTarget, calls: ChannelCalls) {
    this.#target = target;
    this.#calls = calls;
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    if (this.#target.isOver) return;
    this.frames++;
    const frameFault = readFrame(bytes, start, end, this.#frame);
    if (frameFault !== FrameFault.none) {
      this.malformed(frameFault);
      return;
    }
    const headFault = readCallHead(bytes, this.#frame.headStart, this.#frame.headEnd, this.#head);
    if (headFault !== FrameFault.none) {
      this.malformed(headFault);
      return;
    }
    const head = this.#head;
    if (head.callId === 0) {
      this.#readChannelFrame();
      return;
    }
    if (head.controlStart >= 0) {
      this.#wrongState("control must have call_id 0");
      return;
    }
    if (!this.#target.isWelcome) {
      this.#wrongState("a Welcome must come first");
      return;
    }
    const isStart = head.startStart >= 0;
    const saysMore = head.halfClose || head.credit > 0 || head.cancel >= 0 || this.#frame.payloadNumber !== 0;
    if (isStart || saysMore) this.#emptyFrames = 0;
    else if (this.#judgeEmpty()) return;
    const call = isStart ? this.#open() : this.#find();
    if (call !== undefined) this.#readCallFrame(call, bytes);
  }

  /** Tells the channel of bytes that are no frame. */
  malformed(fault: FrameFault): void {
    const reason = reasonOfFault(fault) ?? "FRAME_MALFORMED";
    this.#target.fault(reason, `Cannot read a frame of the router (${reason})`);
  }

  #readChannelFrame(): void {
    const head = this.#head;
    const isCallFrame = head.startStart >= 0 || head.halfClose || head.credit > 0 || head.cancel >= 0;
    if (isCallFrame || this.#frame.payloadNumber !== 0) {
      this.#wrongState("it must hold control only");
      return;
    }
    if (head.controlStart < 0) {
      this.#judgeEmpty();
      return;
    }
    this.#emptyFrames = 0;
    let control: RouterControl;
    try {
      // A copy: strings apart, what is read points into its input.
      control = fromBinary(RouterControlSchema, copyOf(head.bytes, head.controlStart, head.controlEnd));
    } catch {
      this.malformed(FrameFault.malformed);
      return;
    }
    this.#target.control(control);
  }

  /** A Start. Undefined if the call is not taken. */
  #open(): Call | undefined {
    const head = this.#head;
    const expected = this.lastStart + 1;
    if (head.callId !== expected) {
      this.#target.fault("CALL_ID_ORDER", formatReason("CALL_ID_ORDER", { received: head.callId, expected }));
      return undefined;
    }
    this.lastStart = head.callId;
    const fault = readStart(head.bytes, head.startStart, head.startEnd, this.#start);
    if (fault !== FrameFault.none) {
      this.malformed(fault);
      return undefined;
    }
    // It crossed our Drain, which tells the router that it will not run.
    if (head.callId > this.#target.lastCallId) {
      this.#calls.passOver();
      return undefined;
    }
    const call = this.#calls.open(head.callId, this.#start, head.bytes, head.startStart, head.startEnd);
    this.#target.opened();
    return call;
  }

  /** The open call of a frame; frames of a call that has ended are dropped, as many as may have crossed its End. */
  #find(): Call | undefined {
    const id = this.#head.callId;
    const call = this.#calls.table.get(id);
    if (call !== undefined) return call;
    if (id > this.lastStart) this.#target.fault("CALL_UNKNOWN", formatReason("CALL_UNKNOWN", { call: id }));
    else if (!this.#calls.late.take()) this.#flood("late", MAX_LATE_FRAMES);
    return undefined;
  }

  /** Order: what stands apart, then payload, then half close, then the handler may begin. */
  #readCallFrame(call: Call, bytes: Uint8Array): void {
    const head = this.#head;
    const { halfClose } = head;
    const wasOver = call.phase > CallPhase.begun;
    if (head.credit > 0) this.#addCredit(call, head.credit);
    if (head.cancel >= 0) cancelCall(call, head.cancel);
    if (this.#target.isOver) return;
    if (call.phase > CallPhase.begun) {
      if (wasOver) this.#judgeLate(call);
      return;
    }
    const isLate = call.halfClosed && (halfClose || this.#frame.payloadNumber !== 0);
    if (isLate) {
      this.#wrongState("nothing may follow half_close");
      return;
    }
    const fault = this.#readPayload(call, bytes) ?? (halfClose ? receiveHalfClose(call) : undefined);
    if (fault !== undefined) {
      this.#callFault(call, fault);
      return;
    }
    if (call.phase === CallPhase.received) call.method.handler.begin(call);
  }

  #readPayload(call: Call, bytes: Uint8Array): Reason | undefined {
    const { payloadNumber, payloadStart, payloadEnd } = this.#frame;
    if (payloadNumber === 0) return undefined;
    if (payloadNumber !== FRAGMENT_NUMBER) {
      const isMember = payloadNumber === call.method.number && call.method.typed;
      if (!isMember) return "MEMBER_MISMATCH";
      return receiveMember(call, bytes, payloadStart, payloadEnd, this.#head.halfClose);
    }
    const fault = readFragment(bytes, payloadStart, payloadEnd, this.#fragment);
    return fault === FrameFault.none ? receiveFragment(call, bytes, this.#fragment) : "FRAME_MALFORMED";
  }

  #addCredit(call: Call, credit: number): void {
    if (++call.creditFrames > call.payloadFrames + MAX_CREDIT_FRAMES) {
      this.#flood("credit", call.payloadFrames + MAX_CREDIT_FRAMES);
      return;
    }
    call.replyCredit += credit;
    if (call.replyCredit > MAX_CREDIT) this.#callFault(call, "CREDIT_OVERFLOW");
    else this.#target.credited(call);
  }

  /** A frame for a call whose End waits, for user code or for room: it may have crossed what ended the call. */
  #judgeLate(call: Call): void {
    if (this.#frame.payloadNumber !== 0) {
      call.requestCredit -= PAYLOAD_OVERHEAD;
      if (call.requestCredit < 0) this.#callFault(call, "CREDIT_EXCEEDED");
    } else if (this.#head.credit === 0 && ++call.lateFrames > MAX_LATE_FRAMES) this.#flood("late", MAX_LATE_FRAMES);
  }

  /** A frame that says nothing. True if it was one too many. */
  #judgeEmpty(): boolean {
    if (++this.#emptyFrames <= MAX_EMPTY_FRAMES) return false;
    this.#flood("empty", MAX_EMPTY_FRAMES);
    return true;
  }

  #flood(kind: string, limit: number): void {
    this.#target.fault("CONTROL_FLOOD", formatReason("CONTROL_FLOOD", { kind, limit }));
  }

  #callFault(call: Call, reason: Reason): void {
    this.#target.fault(
      reason,
      `Cannot go on with the router's frames of call ${call.callId}, ${call.method.label} (${reason})`,
    );
  }

  #wrongState(detail: string): void {
    this.#target.fault("CALL_STATE", formatReason("CALL_STATE", { call: this.#head.callId, detail }));
  }
}
