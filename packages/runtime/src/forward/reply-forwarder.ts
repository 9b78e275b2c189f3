// SPDX-License-Identifier: Apache-2.0
import {
  copyOf,
  EndView,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameFault,
  type FrameView,
  HeaderView,
  MAX_METADATA_BYTES,
  MAX_METADATA_ENTRIES,
  MAX_PAYLOAD_BYTES,
  MESSAGE_PREFIX_BYTES,
  PAYLOAD_OVERHEAD,
  type ReplyHeadView,
  readEnd,
  readFragment,
  readHeader,
  readMessageFlags,
  StatusCode,
} from "@grpc-router/protocol";
import { tokenOf } from "../balance/sticky.js";
import type { Channel } from "../channel/channel.js";
import type { ChannelFault } from "../channel/channel-fault.js";
import type { StaticReply } from "../resilience/fallback-policy.js";
import {
  contentTypeRoom,
  endEarly,
  headTemplate,
  noTemplate,
  sendStatus,
  trailersOk,
  writeContentType,
} from "./answer.js";
import type { AttemptState } from "./attempt-state.js";
import type { CallGate } from "./call-gate.js";
import { readCallLoad } from "./call-load.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { Forwarder } from "./forwarder.js";
import { holdsHeaders } from "./holds-headers.js";
import type { EndBytes } from "./interceptions.js";
import { isAttemptOver } from "./is-attempt-over.js";
import { readPushback } from "./read-pushback.js";
import { ReplyCredit } from "./reply-credit.js";
import { ReplyFields } from "./reply-fields.js";
import { ReplyWriter } from "./reply-writer.js";
import { ContentType } from "./request-head.js";

/** Length of a message whose first slice came before. */
const GOES_ON = -1;

const headerView = new HeaderView();
const endView = new EndView();
const fragmentView = new FragmentView();

/** Takes an instance's frames for a call to its client: header, payload and End, in this order (docs/channel.md section 4). */
export class ReplyForwarder {
  readonly credit: ReplyCredit;
  readonly #forwarder: Forwarder;
  readonly #fields: ReplyFields;
  readonly #writer = new ReplyWriter();

  constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder;
    this.credit = new ReplyCredit(forwarder.context);
    this.#fields = new ReplyFields(forwarder.context);
  }

  /** One frame of an open call. Answers what is wrong with it, if it is the channel that is wrong. */
  receive(
    call: CallRecord,
    channel: Channel,
    bytes: Uint8Array,
    frame: FrameView,
    head: ReplyHeadView,
  ): ChannelFault | undefined {
    const isHeld = call.attempts !== undefined && this.#judge(call, call.attempts, frame, head);
    if (head.headerStart >= 0) {
      const fault = this.#header(call, head, isHeld);
      if (fault !== undefined) return fault;
    }
    if (frame.payloadNumber !== 0) {
      const fault =
        frame.payloadNumber === FRAGMENT_NUMBER
          ? this.#fragment(call, channel, bytes, frame)
          : this.#member(call, channel, bytes, frame);
      if (fault !== undefined) return fault;
    }
    return head.endStart >= 0 ? this.#end(call, channel, head) : undefined;
  }

  /** A message has passed its hook, with its prefix, for which the instance paid `cost`. */
  deliver(call: CallRecord, framed: Uint8Array, cost: number): void {
    const { channel } = call;
    const size = framed.length - MESSAGE_PREFIX_BYTES;
    if (channel === undefined || !this.#beginMessage(call, size)) return;
    call.sample.replyBytes += size;
    const isCompressed = readMessageFlags(framed, 0) === 1;
    const end = framed.length;
    call.following?.reply(framed, MESSAGE_PREFIX_BYTES, end, 0, isCompressed);
    if (!this.#writer.firstSlice(call, isCompressed, size, framed, MESSAGE_PREFIX_BYTES, end))
      this.credit.hold(call, channel, cost);
    else this.credit.giveBack(call, channel, cost);
  }

  /** The encoded End that waited for hooks goes to the client. */
  tellEnd(call: CallRecord, end: Uint8Array): void {
    const { channel } = call;
    if (channel === undefined) return;
    readEnd(end, 0, end.length, endView);
    this.#tellEnd(call, channel, { bytes: end, endStart: 0, endEnd: end.length });
  }

  /** Gives the client an answer that no instance has made. False: not in the encoding that it speaks. */
  answer(call: CallRecord, { code, text, message, literals }: StaticReply): boolean {
    const { connection, stream } = call;
    if (connection === undefined || stream === undefined) return true;
    if (message !== undefined && call.contentType === ContentType.grpcSubtype) return false;
    this.#forwarder.interceptions.ended(call, code, text);
    this.#forwarder.ending.count(call, code);
    if (message === undefined) {
      sendStatus(call, { literals });
      return true;
    }
    this.#sendHead(call, this.#beginFields(call), false);
    this.#writer.message(call, message, 0, message.length);
    if (call.stream !== undefined) connection.writeHead(stream, trailersOk, literals, 0, 0, true);
    endEarly(call);
    return true;
  }

  /** What policies and hooks make of a frame. True: its Header is held, as a status may come that is tried again. */
  #judge(call: CallRecord, attempts: AttemptState, frame: FrameView, head: ReplyHeadView): boolean {
    const hasHeader = head.headerStart >= 0;
    const isHeld = hasHeader && frame.payloadNumber === 0 && holdsHeaders(call);
    // Whoever answers first has won.
    if (attempts.race !== undefined && !isHeld && (hasHeader || frame.payloadNumber !== 0)) {
      this.#forwarder.attempts.hedging.won(call);
    }
    // Of the winner, the gate is its own now.
    if (hasHeader && !isHeld) attempts.gate?.noteHeader(head.bytes, head.headerStart, head.headerEnd);
    return isHeld;
  }

  #header(call: CallRecord, head: ReplyHeadView, isHeld: boolean): ChannelFault | undefined {
    if (call.headerSeen || call.payloadSeen) {
      return { reason: "CALL_STATE", facts: { call: call.callId, detail: "a header must come first and once" } };
    }
    call.headerSeen = true;
    const { bytes, headerStart, headerEnd } = head;
    if (readHeader(bytes, headerStart, headerEnd, headerView) !== FrameFault.none) {
      return { reason: "FRAME_MALFORMED", facts: { detail: "its header is not" } };
    }
    if (call.state === CallState.cancelling) return undefined;
    if (this.#isTooLarge(call, headerView.metadataCount, headerView.metadataBytes)) return undefined;
    if (isHeld) call.attemptState.heldHeader = copyOf(bytes, headerStart, headerEnd);
    else this.#sendHeader(call, bytes, headerStart, headerEnd);
    return undefined;
  }

  /** Sends the response head with what the instance's Header says, which is in `headerView`. */
  #sendHeader(call: CallRecord, bytes: Uint8Array, start: number, end: number): void {
    const fields = this.#beginFields(call);
    if (fields.addHeader(bytes, start, end, headerView)) this.#sendHead(call, fields, false);
    else this.#badMetadata(call);
  }

  /** The Header that was held goes out: no further attempt can follow. */
  #releaseHeader(call: CallRecord): void {
    const { attempts } = call;
    const header = attempts?.heldHeader;
    if (attempts === undefined || header === undefined) return;
    attempts.heldHeader = undefined;
    readHeader(header, 0, header.length, headerView);
    this.#sendHeader(call, header, 0, header.length);
  }

  #member(call: CallRecord, channel: Channel, bytes: Uint8Array, frame: FrameView): ChannelFault | undefined {
    const { payloadNumber, payloadStart, payloadEnd } = frame;
    const expected = channel.methods.member(call.route.index);
    if (payloadNumber !== expected) {
      return { reason: "MEMBER_MISMATCH", facts: { call: call.callId, expected, received: payloadNumber } };
    }
    if (call.replySlices.isOpen) return sliceFault(call, "a message is not finished");
    const size = payloadEnd - payloadStart;
    const fault = this.#charge(call, size);
    if (fault !== undefined) return fault;
    if (!this.#beginPayload(call, size, false, bytes, payloadStart, payloadEnd)) return undefined;
    call.sample.replyBytes += size;
    call.following?.reply(bytes, payloadStart, payloadEnd, 0, false);
    if (!this.#writer.message(call, bytes, payloadStart, payloadEnd))
      this.credit.hold(call, channel, size + PAYLOAD_OVERHEAD);
    else this.credit.giveBack(call, channel, size + PAYLOAD_OVERHEAD);
    return undefined;
  }

  #fragment(call: CallRecord, channel: Channel, bytes: Uint8Array, frame: FrameView): ChannelFault | undefined {
    if (readFragment(bytes, frame.payloadStart, frame.payloadEnd, fragmentView) !== FrameFault.none) {
      return { reason: "FRAME_MALFORMED", facts: { detail: "its fragment is not" } };
    }
    const { dataStart, dataEnd, remaining, compressed } = fragmentView;
    const isFirst = !call.replySlices.isOpen;
    if (call.replySlices.accept(fragmentView) !== FrameFault.none) return sliceFault(call, "a slice does not fit");
    const size = dataEnd - dataStart;
    const fault = this.#charge(call, size);
    if (fault !== undefined) return fault;
    const messageSize = isFirst ? size + remaining : GOES_ON;
    if (!this.#beginPayload(call, messageSize, compressed, bytes, dataStart, dataEnd)) return undefined;
    call.sample.replyBytes += size;
    call.following?.reply(bytes, dataStart, dataEnd, remaining, compressed);
    const isTaken = isFirst
      ? this.#writer.firstSlice(call, compressed, size + remaining, bytes, dataStart, dataEnd)
      : this.#writer.slice(call, bytes, dataStart, dataEnd);
    if (!isTaken) this.credit.hold(call, channel, size + PAYLOAD_OVERHEAD);
    else this.credit.giveBack(call, channel, size + PAYLOAD_OVERHEAD);
    return undefined;
  }

  /** Takes the cost of a payload off the instance's credit. */
  #charge(call: CallRecord, size: number): ChannelFault | undefined {
    call.payloadSeen = true;
    const cost = size + PAYLOAD_OVERHEAD;
    if (size > MAX_PAYLOAD_BYTES) {
      return { reason: "FRAME_TOO_LARGE", facts: { limit: MAX_PAYLOAD_BYTES } };
    }
    if (cost > call.replyCredit) {
      return { reason: "CREDIT_EXCEEDED", facts: { call: call.callId, limit: call.replyCredit, cost } };
    }
    call.replyCredit -= cost;
    return undefined;
  }

  /**
   * Whether a payload goes straight to the client: not if the call is over, or if a hook is to see it. Judges the message's
   * length and sends the head that it implies.
   */
  #beginPayload(
    call: CallRecord,
    messageSize: number,
    compressed: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (call.state === CallState.cancelling) return false;
    if (call.attempts !== undefined) {
      const { gate, heldHeader } = call.attempts;
      if (gate?.replies !== undefined) {
        if (heldHeader !== undefined) gate.noteHeader(heldHeader, 0, heldHeader.length);
        gate.replies.receive(messageSize, compressed, bytes, start, end);
        return false;
      }
    }
    return this.#beginMessage(call, messageSize);
  }

  #beginMessage(call: CallRecord, messageSize: number): boolean {
    const limit = call.route.maxResponseMessageBytes;
    if (messageSize > limit) {
      const method = call.route.path;
      this.#forwarder.ending.fail(call, "MESSAGE_TOO_LARGE", {
        method,
        direction: "a response",
        limit,
        size: messageSize,
      });
      return false;
    }
    if (!call.headersSent) {
      this.#releaseHeader(call);
      // What is wrong with it has ended the call.
      if (call.stream?.localEnded === true) return false;
      if (!call.headersSent) this.#sendHead(call, this.#beginFields(call), false);
    }
    // Writing may have shown that the client is gone.
    return call.stream !== undefined;
  }

  #end(call: CallRecord, channel: Channel, head: ReplyHeadView): ChannelFault | undefined {
    const { bytes, endStart, endEnd } = head;
    if (readEnd(bytes, endStart, endEnd, endView) !== FrameFault.none) {
      return { reason: "FRAME_MALFORMED", facts: { detail: "its end is not" } };
    }
    const { code, notRun } = endView;
    if (notRun && (code === 0 || call.headerSeen || call.payloadSeen)) {
      return { reason: "CALL_STATE", facts: { call: call.callId, detail: "not_run must have a code and come alone" } };
    }
    if (code === 0 && call.replySlices.isOpen) return sliceFault(call, "the call ended inside a message");
    const { context, ending } = this.#forwarder;
    channel.countAttempt(call, code);
    if (call.route.readsLoad && endView.trailersCount > 0) readCallLoad(channel, head, context.clock.lastMs);
    if (notRun && !isAttemptOver(call, code)) ending.notRun(call, channel);
    else if (call.state === CallState.cancelling) {
      ending.endChannelSide(call, channel);
      ending.settle(call);
    } else if (call.attempts === undefined || !this.#goesOn(call, channel, head)) this.#finish(call, channel, head);
    this.#forwarder.placement.dispatch(channel.service);
    return undefined;
  }

  /** Tells policies how the attempt ended. True: the call goes on without it. */
  #goesOn(call: CallRecord, channel: Channel, head: ReplyHeadView): boolean {
    const { attempts } = this.#forwarder;
    const { code } = endView;
    if (code !== StatusCode.ok) return attempts.failed(call, channel, code, readPushback(head, endView));
    attempts.ended(call, code);
    attempts.hedging.won(call);
    return false;
  }

  /** The instance's End goes to the client; the call may be in the pool when this returns. */
  #finish(call: CallRecord, channel: Channel, head: ReplyHeadView): void {
    if (call.attempts?.gate?.holdsReplies === true) this.#keepEnd(call, channel, call.attempts.gate, head);
    else this.#tellEnd(call, channel, head);
  }

  /** The End waits for hooks. What is wrong with it shows now, while the call can still fail for it. */
  #keepEnd(call: CallRecord, channel: Channel, gate: CallGate, { bytes, endStart, endEnd }: EndBytes): void {
    const { ending } = this.#forwarder;
    const end = copyOf(bytes, endStart, endEnd);
    const isTooLarge = this.#isTooLarge(call, endView.trailersCount, endView.metadataBytes);
    if (!isTooLarge && !this.#beginFields(call).addEnd(bytes, endStart, endEnd, endView)) this.#badMetadata(call);
    ending.endChannelSide(call, channel);
    gate.keepEnd({ end });
    ending.settle(call);
  }

  #tellEnd(call: CallRecord, channel: Channel, head: EndBytes): void {
    const { ending, interceptions } = this.#forwarder;
    if (call.attempts !== undefined) {
      call.attempts.gate?.close();
      this.#releaseHeader(call);
    }
    const { bytes, endStart, endEnd } = head;
    const { connection, stream } = call;
    // With status 0 and without text, which is nearly always, the template says all but the trailers.
    const isPlain = call.headersSent && endView.code === 0 && endView.messageStart === endView.messageEnd;
    const fields = this.#beginFields(call);
    if (!this.#isTooLarge(call, endView.trailersCount, endView.metadataBytes)) {
      const isValid = isPlain
        ? fields.addTrailers(bytes, endStart, endEnd, endView)
        : fields.addEnd(bytes, endStart, endEnd, endView);
      if (!isValid) this.#badMetadata(call);
    }
    const isRefused = call.state === CallState.cancelling;
    if (!isRefused && call.attempts !== undefined) interceptions.endedBy(call, head, endView);
    ending.endChannelSide(call, channel);
    if (isRefused || connection === undefined || stream === undefined) {
      ending.settle(call);
      return;
    }
    ending.count(call, endView.code);
    if (stream.queuedBytes > 0 && call.client !== undefined) {
      call.trailersHeld = fields.end;
      call.client.keptBytes += fields.end;
    }
    if (!call.headersSent) this.#sendHead(call, fields, true);
    else connection.writeHead(stream, isPlain ? trailersOk : noTemplate, fields.bytes, 0, fields.end, true);
    endEarly(call);
  }

  /** An empty list of fields; what the template of a head leaves to be said is in it, if this is to be one. */
  #beginFields(call: CallRecord): ReplyFields {
    const fields = this.#fields;
    fields.clear();
    if (!call.headersSent) fields.end = writeContentType(fields.reserve(contentTypeRoom), 0, call);
    return fields;
  }

  #sendHead(call: CallRecord, fields: ReplyFields, endStream: boolean): void {
    const { connection, stream } = call;
    if (connection === undefined || stream === undefined) return;
    call.headersSent = true;
    call.commit();
    const { sessionName } = call.route;
    if (sessionName !== undefined && !call.hasKey && call.channel !== undefined) {
      fields.addField(sessionName, tokenOf(call.channel.instanceId));
    }
    connection.writeHead(stream, headTemplate(call.contentType), fields.bytes, 0, fields.end, endStream);
  }

  #isTooLarge(call: CallRecord, entries: number, sizeBytes: number): boolean {
    if (entries <= MAX_METADATA_ENTRIES && sizeBytes <= MAX_METADATA_BYTES) return false;
    const limit = `${MAX_METADATA_ENTRIES} entries and ${MAX_METADATA_BYTES} bytes`;
    const size = `${entries} and ${sizeBytes}`;
    this.#forwarder.ending.fail(call, "METADATA_TOO_LARGE", { method: call.route.path, limit, size });
    return true;
  }

  #badMetadata(call: CallRecord): void {
    const detail = this.#fields.problem;
    this.#forwarder.ending.fail(call, "BAD_METADATA", { method: call.route.path, detail });
  }
}

function sliceFault(call: CallRecord, detail: string): ChannelFault {
  return { reason: "FRAGMENT_INVALID", facts: { call: call.callId, detail } };
}
