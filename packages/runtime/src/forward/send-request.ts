// SPDX-License-Identifier: Apache-2.0
import {
  MAX_PAYLOAD_BYTES,
  MESSAGE_PREFIX_BYTES,
  PAYLOAD_OVERHEAD,
  readMessageFlags,
  readMessageLength,
} from "@grpc-router/protocol";
import type { Channel } from "../channel/channel.js";
import { minSliceBytes } from "../limits.js";
import type { CallRecord } from "./call-record.js";
import { ContentType } from "./request-head.js";

/** Why `sendRequest` stopped. */
export const Stop = {
  /** All bytes are on the channel. */
  done: 0,
  /** The message at hand is not all there. */
  more: 1,
  /** The instance has to give credit first. */
  credit: 2,
  /** The channel's transport takes no more now. */
  room: 3,
  /** The call has had its turn. */
  turn: 4,
  /** A message prefix that gRPC does not know. */
  badPrefix: 5,
  /** A message over the limit; `RequestSender.size` says by how much. */
  tooLarge: 6,
} as const;
export type Stop = (typeof Stop)[keyof typeof Stop];

/**
 * Turns a call's request bytes, as the client sent them, into frames of its channel (docs/channel.md section 3): small plain
 * messages whole in their member, all others as fragments, as bytes, credit and room allow. One sender serves all calls.
 */
export class RequestSender {
  /** Why the last `send` stopped. */
  stop: Stop = Stop.done;
  /** Length of the message that was `tooLarge`, and what it may be at most. */
  size = 0;
  limit = 0;

  /**
   * Writes frames from `bytes[start, end)`, which begins where the last bytes sent ended; at most `turnBytes` and one
   * payload more. Answers how far it came; `stop` says why no further.
   */
  send(call: CallRecord, channel: Channel, bytes: Uint8Array, start: number, end: number, turnBytes: number): number {
    let at = start;
    while (at < end) {
      if (at - start >= turnBytes) return this.#end(Stop.turn, at);
      const next =
        call.requestLeft > 0
          ? this.#slice(call, channel, bytes, at, end)
          : this.#message(call, channel, bytes, at, end);
      if (next < 0) return at;
      at = next;
    }
    return this.#end(Stop.done, at);
  }

  /** A message begins at `start`. Answers where the next step begins; -1 after setting `stop`. */
  #message(call: CallRecord, channel: Channel, bytes: Uint8Array, start: number, end: number): number {
    if (end - start < MESSAGE_PREFIX_BYTES) return this.#end(Stop.more, -1);
    const flags = readMessageFlags(bytes, start);
    const length = readMessageLength(bytes, start);
    if (flags > 1) return this.#end(Stop.badPrefix, -1);
    this.limit = Math.min(call.route.maxRequestMessageBytes, channel.maxRequestMessageBytes);
    if (length > this.limit) {
      this.size = length;
      return this.#end(Stop.tooLarge, -1);
    }
    const messageStart = start + MESSAGE_PREFIX_BYTES;
    const member = call.contentType === ContentType.grpcSubtype ? 0 : channel.methods.member(call.route.index);
    if (flags === 0 && member !== 0 && length <= MAX_PAYLOAD_BYTES) {
      const messageEnd = messageStart + length;
      if (messageEnd > end) return this.#end(Stop.more, -1);
      if (call.sendCredit < length + PAYLOAD_OVERHEAD) return this.#end(Stop.credit, -1);
      const isLast = messageEnd === end && call.requestEnded;
      if (!channel.writer.member(call, member, bytes, messageStart, messageEnd, isLast))
        return this.#end(Stop.room, -1);
      call.sendCredit -= length + PAYLOAD_OVERHEAD;
      call.sample.requestBytes += length;
      call.following?.request(bytes, messageStart, messageEnd, 0, false);
      return messageEnd;
    }
    call.requestCompressed = flags === 1;
    if (length === 0) return this.#empty(call, channel, bytes, messageStart, end);
    call.requestLeft = length;
    return messageStart;
  }

  /** An empty message that has no member to be in: one empty fragment. */
  #empty(call: CallRecord, channel: Channel, bytes: Uint8Array, at: number, end: number): number {
    if (call.sendCredit < PAYLOAD_OVERHEAD) return this.#end(Stop.credit, -1);
    if (!channel.writer.fragment(call, 0, bytes, at, at, at === end && call.requestEnded))
      return this.#end(Stop.room, -1);
    call.sendCredit -= PAYLOAD_OVERHEAD;
    call.following?.request(bytes, at, at, 0, call.requestCompressed);
    return at;
  }

  /** The next slice of the message at hand; slices of a few bytes wait for more, as they cost a frame each. */
  #slice(call: CallRecord, channel: Channel, bytes: Uint8Array, start: number, end: number): number {
    const wanted = Math.min(call.requestLeft, minSliceBytes);
    if (end - start < wanted) return this.#end(Stop.more, -1);
    const size = Math.min(call.requestLeft, end - start, MAX_PAYLOAD_BYTES, call.sendCredit - PAYLOAD_OVERHEAD);
    if (size < wanted) return this.#end(Stop.credit, -1);
    const remaining = call.requestLeft - size;
    const sliceEnd = start + size;
    const isLast = sliceEnd === end && call.requestEnded && remaining === 0;
    if (!channel.writer.fragment(call, remaining, bytes, start, sliceEnd, isLast)) return this.#end(Stop.room, -1);
    call.sendCredit -= size + PAYLOAD_OVERHEAD;
    call.sample.requestBytes += size;
    call.following?.request(bytes, start, sliceEnd, remaining, call.requestCompressed);
    call.requestLeft = remaining;
    return sliceEnd;
  }

  #end(stop: Stop, at: number): number {
    this.stop = stop;
    return at;
  }
}
