// SPDX-License-Identifier: Apache-2.0
import {
  FrameFault,
  FrameView,
  MAX_CREDIT_FRAMES,
  MAX_EMPTY_FRAMES,
  MAX_FRAME_BYTES,
  MAX_LATE_FRAMES,
  type MessageSink,
  MessageSplitter,
  ReplyHeadView,
  readFrame,
  readReplyHead,
} from "@grpc-router/protocol";
import type { CallRecord } from "../forward/call-record.js";
import { CallState } from "../forward/call-state.js";
import type { Forwarder } from "../forward/forwarder.js";
import type { Channel } from "./channel.js";
import type { ChannelFault } from "./channel-fault.js";
import { InstanceControlReader } from "./instance-control-reader.js";

/** One pair of views for all channels, since a frame is read in one go. */
const frame = new FrameView();
const head = new ReplyHeadView();

/**
 * Reads what an instance sends: cuts it into frames, keeps the mark and the credit, and hands on what belongs to a call
 * or to the channel. Whatever is wrong with a frame ends the channel with its reason (docs/channel.md sections 3, 4 and 8).
 */
export class FrameReceiver implements MessageSink {
  /** Frames read so far; the hello was the first. */
  frames = 1;
  readonly #channel: Channel;
  readonly #forwarder: Forwarder;
  readonly #control: InstanceControlReader;
  #splitter = new MessageSplitter(MAX_FRAME_BYTES);
  /** Frames in a row that said nothing. */
  #emptyFrames = 0;
  /** Frames for ended calls, less one for each call begun until `#lateSince` was the last. */
  #lateFrames = 0;
  #lateSince = 0;

  constructor(channel: Channel, forwarder: Forwarder) {
    this.#channel = channel;
    this.#forwarder = forwarder;
    this.#control = new InstanceControlReader(channel, forwarder.context.clock);
  }

  /** Goes on with the splitter that cut out the hello, which may hold the beginning of the next frame. */
  adopt(splitter: MessageSplitter): void {
    splitter.maxBytes = MAX_FRAME_BYTES;
    this.#splitter = splitter;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const fault = this.#splitter.push(bytes, start, end, this);
    if (fault !== 0) this.#channel.close(frameFault(fault));
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#splitter.stop();
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    this.frames++;
    let problem = readFrame(bytes, start, end, frame);
    if (problem === 0) problem = readReplyHead(bytes, frame.headStart, frame.headEnd, head);
    const fault =
      problem !== 0 ? frameFault(problem) : head.callId === 0 ? this.#aboutChannel() : this.#aboutCall(bytes);
    if (fault !== undefined) this.#channel.close(fault);
  }

  #aboutCall(bytes: Uint8Array): ChannelFault | undefined {
    const { callId } = head;
    const channel = this.#channel;
    const marked = channel.acceptedThrough;
    if (head.controlStart >= 0) return stateFault(callId, "control must come without a call id");
    if (head.acceptedThrough !== 0) {
      const fault = this.#accept(head.acceptedThrough);
      if (fault !== undefined) return fault;
    }
    const call = channel.table.get(callId);
    if (call === undefined) return this.#aboutUnknown();
    if (head.credit !== 0) {
      const fault = this.#credit(call);
      if (fault !== undefined) return fault;
    }
    const hasReply = frame.payloadNumber !== 0 || head.headerStart >= 0 || head.endStart >= 0;
    if (!hasReply) return this.#judgeEmpty(head.credit === 0 && channel.acceptedThrough === marked);
    this.#emptyFrames = 0;
    if (call.state === CallState.sent && (frame.payloadNumber !== 0 || head.headerStart >= 0)) {
      // A header or payload implies the mark.
      const fault = this.#accept(Math.max(callId, channel.acceptedThrough));
      if (fault !== undefined) return fault;
    }
    return this.#forwarder.replies.receive(call, channel, bytes, frame, head);
  }

  #aboutChannel(): ChannelFault | undefined {
    if (frame.payloadNumber !== 0 || head.headerStart >= 0 || head.endStart >= 0 || head.credit !== 0) {
      return stateFault(0, "a frame without a call id must hold control or accepted_through alone");
    }
    const marked = this.#channel.acceptedThrough;
    if (head.acceptedThrough !== 0) {
      const fault = this.#accept(head.acceptedThrough);
      if (fault !== undefined) return fault;
    }
    if (head.controlStart < 0) return this.#judgeEmpty(this.#channel.acceptedThrough === marked);
    this.#emptyFrames = 0;
    return this.#control.read(head.bytes, head.controlStart, head.controlEnd, this.frames);
  }

  /** Calls up to `through` may have reached user code. */
  #accept(through: number): ChannelFault | undefined {
    const channel = this.#channel;
    if (through < channel.acceptedThrough) return stateFault(head.callId, "accepted_through must not fall");
    if (through > Math.min(channel.lastCallId, channel.drainedThrough)) {
      return stateFault(head.callId, "accepted_through must be at most the last call's id");
    }
    for (let callId = channel.acceptedThrough + 1; callId <= through; callId++) {
      const call = channel.table.get(callId);
      if (call === undefined || call.state !== CallState.sent) continue;
      call.state = CallState.accepted;
      if (!call.route.repeats) call.commit();
    }
    channel.acceptedThrough = through;
    return undefined;
  }

  /** For a call that has ended a router drops credit, which may have crossed the End, and nothing else. */
  #aboutUnknown(): ChannelFault | undefined {
    const { callId } = head;
    const { lastCallId } = this.#channel;
    const hasMore = frame.payloadNumber !== 0 || head.headerStart >= 0 || head.endStart >= 0;
    if (callId > lastCallId || hasMore) return { reason: "CALL_UNKNOWN", facts: { call: callId } };
    this.#lateFrames = Math.max(0, this.#lateFrames - (lastCallId - this.#lateSince)) + 1;
    this.#lateSince = lastCallId;
    if (this.#lateFrames <= MAX_LATE_FRAMES) return undefined;
    return { reason: "CONTROL_FLOOD", facts: { kind: "late", limit: MAX_LATE_FRAMES } };
  }

  #credit(call: CallRecord): ChannelFault | undefined {
    if (++call.creditFrames > call.payloadFrames + MAX_CREDIT_FRAMES) {
      return { reason: "CONTROL_FLOOD", facts: { kind: "credit", limit: call.payloadFrames + MAX_CREDIT_FRAMES } };
    }
    if (this.#forwarder.requests.credit(call, this.#channel, head.credit)) return undefined;
    return { reason: "CREDIT_OVERFLOW", facts: { call: call.callId } };
  }

  #judgeEmpty(isEmpty: boolean): ChannelFault | undefined {
    if (!isEmpty) return undefined;
    if (++this.#emptyFrames <= MAX_EMPTY_FRAMES) return undefined;
    return { reason: "CONTROL_FLOOD", facts: { kind: "empty", limit: MAX_EMPTY_FRAMES } };
  }
}

function stateFault(call: number, detail: string): ChannelFault {
  return { reason: "CALL_STATE", facts: { call, detail } };
}

/** The fault of a frame that could not be read. */
export function frameFault(fault: FrameFault): ChannelFault {
  switch (fault) {
    case FrameFault.ambiguous:
      return { reason: "FRAME_AMBIGUOUS", facts: {} };
    case FrameFault.tooLarge:
      return { reason: "FRAME_TOO_LARGE", facts: { limit: MAX_FRAME_BYTES } };
    case FrameFault.compressed:
      return { reason: "FRAME_MALFORMED", facts: { detail: "it is compressed" } };
    default:
      return { reason: "FRAME_MALFORMED", facts: { detail: "its bytes are not" } };
  }
}
