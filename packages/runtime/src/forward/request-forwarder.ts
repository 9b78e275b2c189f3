// SPDX-License-Identifier: Apache-2.0
import {
  MAX_CREDIT,
  MAX_PAYLOAD_BYTES,
  MESSAGE_PREFIX_BYTES,
  readMessageFlags,
  readMessageLength,
  TURN_BYTES,
} from "@grpc-router/protocol";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { Forwarder } from "./forwarder.js";
import { ContentType } from "./request-head.js";
import { isRequestReady } from "./request-readiness.js";
import { RequestSender, Stop } from "./send-request.js";

/** Takes a client's request bytes to the instance: the row "client message, half close" of docs/channel.md section 4. */
export class RequestForwarder {
  readonly #forwarder: Forwarder;
  readonly #sender = new RequestSender();

  constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder;
  }

  /** `bytes[start, end)` of the request arrived; `ended`: they are the last. */
  receive(call: CallRecord, bytes: Uint8Array, start: number, end: number, ended: boolean): void {
    switch (call.state) {
      case CallState.queued:
        if (ended && this.#sendWhole(call, bytes, start, end)) return;
        if (ended) call.requestEnded = true;
        if (end > start && !this.#keep(call, bytes, start, end)) return;
        if (call.waitingIndex < 0) this.prepare(call);
        else this.#resize(call);
        return;
      case CallState.sent:
      case CallState.accepted:
        if (ended) call.requestEnded = true;
        this.#forward(call, bytes, start, end);
        return;
      case CallState.held:
      case CallState.backoff:
        if (ended) call.requestEnded = true;
        if (end > start) this.#keep(call, bytes, start, end);
        return;
      default:
        consume(call, end - start);
    }
  }

  /** Starts a queued call if what it holds is worth it; else what is still missing gets room to come. */
  prepare(call: CallRecord): void {
    if (isRequestReady(call)) this.#forwarder.placement.place(call);
    else consume(call, call.log.returnAll());
  }

  /**
   * Writes the first frame of a queued call, with its message if that is there. False, and the call is as before, if the
   * channel's transport takes no more.
   */
  start(call: CallRecord, channel: Channel): boolean {
    const { log } = call;
    attach(call, channel);
    const sent = this.#sender.send(call, channel, log.bytes, log.sent, log.end, TURN_BYTES);
    if (call.callId === 0 && !this.#startWithoutPayload(call, channel)) return false;
    if (call.callId !== 0) {
      consume(call, log.advance(sent));
      call.shedHead();
      this.#afterSend(call, channel);
      // What it held for long may be more than a turn.
      if (call.inRing) channel.output.pump();
    }
    return true;
  }

  /** The call's turn on its channel: at most 16 KiB (docs/channel.md section 5). */
  turn(call: CallRecord, channel: Channel): void {
    const { log } = call;
    const sent = this.#sender.send(call, channel, log.bytes, log.sent, log.end, TURN_BYTES);
    consume(call, log.advance(sent));
    this.#afterSend(call, channel);
  }

  /** The instance gave credit. False if more than 2^31-1 would be outstanding. */
  credit(call: CallRecord, channel: Channel, credit: number): boolean {
    if (call.sendCredit + credit > MAX_CREDIT) return false;
    call.sendCredit += credit;
    if (call.log.waiting > 0) {
      channel.output.ring.add(call);
      channel.output.pump();
    }
    return true;
  }

  /** The usual case, one small message and the end in one piece: straight into its frame. False: nothing is done. */
  #sendWhole(call: CallRecord, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start - MESSAGE_PREFIX_BYTES;
    if (call.log.end !== 0 || call.waitingIndex >= 0 || length < 0 || length > MAX_PAYLOAD_BYTES) return false;
    if (readMessageFlags(bytes, start) !== 0 || readMessageLength(bytes, start) !== length) return false;
    if (call.contentType === ContentType.grpcSubtype || length > call.route.maxRequestMessageBytes) return false;
    if (call.attempts !== undefined && this.#forwarder.interceptions.holds(call)) return false;
    const { key } = call.route;
    if (
      key?.needsMessage === true &&
      !this.#forwarder.keys.readMessage(call, bytes, start + MESSAGE_PREFIX_BYTES, end)
    ) {
      return true;
    }
    const channel = this.#forwarder.placement.pick(call);
    if (channel === undefined || length > channel.maxRequestMessageBytes) return false;
    const member = channel.methods.member(call.route.index);
    if (member === 0) return this.#startPicked(call, channel, bytes, start, end);
    attach(call, channel);
    if (!channel.writer.member(call, member, bytes, start + MESSAGE_PREFIX_BYTES, end, true)) {
      detach(call);
      return false;
    }
    call.requestEnded = true;
    call.sample.requestBytes += length;
    call.following?.request(bytes, start + MESSAGE_PREFIX_BYTES, end, 0, false);
    call.log.appendSent(bytes, start, end);
    call.shedHead();
    consume(call, end - start);
    return true;
  }

  /** The same for an instance without frames of its own: to pick again would pass it over in whatever takes turns. */
  #startPicked(call: CallRecord, channel: Channel, bytes: Uint8Array, start: number, end: number): true {
    call.requestEnded = true;
    if (!this.#keep(call, bytes, start, end)) return true;
    if (!this.start(call, channel)) this.#forwarder.placement.place(call);
    return true;
  }

  /** Puts bytes with those that wait. False if that was too much for the client's memory: the call is over. */
  #keep(call: CallRecord, bytes: Uint8Array, start: number, end: number): boolean {
    call.log.append(bytes, start, end);
    const { client } = call;
    if (client === undefined || !client.isOverfull) return true;
    this.#forwarder.ending.overMemory(call, client);
    return false;
  }

  #forward(call: CallRecord, bytes: Uint8Array, start: number, end: number): void {
    const { channel, log } = call;
    if (channel === undefined) return;
    if (log.waiting > 0 || !channel.output.isIdle) {
      if (end > start && !this.#keep(call, bytes, start, end)) return;
      // Whatever the call waits for (its turn, credit, room), it gets by its place in the ring or by the credit.
      channel.output.ring.add(call);
      channel.output.pump();
      return;
    }
    const sent = this.#sender.send(call, channel, bytes, start, end, Number.POSITIVE_INFINITY);
    const { stop } = this.#sender;
    log.appendSent(bytes, start, sent);
    consume(call, sent - start);
    if (sent < end && !this.#keep(call, bytes, sent, end)) return;
    this.#sender.stop = stop;
    this.#afterSend(call, channel);
  }

  /** Nothing was written because nothing is worth a payload yet, or because something is wrong. */
  #startWithoutPayload(call: CallRecord, channel: Channel): boolean {
    switch (this.#sender.stop) {
      case Stop.badPrefix:
      case Stop.tooLarge:
        this.#refuse(call, channel);
        return true;
      case Stop.more:
        if (call.requestEnded) {
          this.#refuse(call, channel);
          return true;
        }
        break;
      case Stop.room:
        detach(call);
        return false;
      default:
        break;
    }
    const isWhole = call.requestEnded && this.#sender.stop === Stop.done;
    if (channel.writer.bare(call, isWhole)) return true;
    detach(call);
    return false;
  }

  #afterSend(call: CallRecord, channel: Channel): void {
    switch (this.#sender.stop) {
      case Stop.done:
        if (!call.requestEnded || call.halfCloseSent || channel.writer.bare(call, true)) return;
        channel.output.ring.add(call);
        return;
      case Stop.more:
        if (call.requestEnded) this.#refuse(call, channel);
        else consume(call, call.log.returnAll());
        return;
      case Stop.room:
        this.#forwarder.context.counters.stalls.channel++;
        channel.output.ring.add(call);
        return;
      case Stop.turn:
        channel.output.ring.add(call);
        return;
      case Stop.credit:
        this.#forwarder.context.counters.stalls.credit++;
        return;
      case Stop.badPrefix:
      case Stop.tooLarge:
        this.#refuse(call, channel);
        return;
      default:
        return;
    }
  }

  /** The client's bytes are no gRPC, or too many: the router ends the call. */
  #refuse(call: CallRecord, _channel: Channel): void {
    const method = call.route.path;
    const { ending } = this.#forwarder;
    if (call.callId === 0) detach(call);
    switch (this.#sender.stop) {
      case Stop.tooLarge:
        ending.fail(call, "MESSAGE_TOO_LARGE", {
          method,
          direction: "a request",
          limit: this.#sender.limit,
          size: this.#sender.size,
        });
        return;
      case Stop.badPrefix:
        ending.fail(call, "BAD_MESSAGE", { method, detail: "its flags must be 0 or 1" });
        return;
      default:
        ending.fail(call, "BAD_MESSAGE", { method, detail: "the request ended inside a message" });
    }
  }

  /** What a waiting call holds has grown. */
  #resize(call: CallRecord): void {
    const { route } = call;
    if (!route.waiting.resize(call, call.restEnd + call.log.held)) this.#forwarder.placement.refuse(call);
  }
}

function attach(call: CallRecord, channel: Channel): void {
  call.channel = channel;
  call.sendCredit = channel.sendCredit;
  call.replyCredit = channel.replyCredit;
  channel.growth.begin(call);
}

function detach(call: CallRecord): void {
  call.following?.unsent(call.nowMs);
  call.channel = undefined;
  call.requestLeft = 0;
}

/** Gives `count` octets of window back to the client, if it is still there. */
function consume(call: CallRecord, count: number): void {
  if (count > 0 && call.source !== undefined && call.stream !== undefined) call.source.consume(call.stream, count);
}
