// SPDX-License-Identifier: Apache-2.0
import { type Connection, copyBytes, type Stream } from "@grpc-router/http2";
import {
  CallHeadFields,
  FRAGMENT_NUMBER,
  sizeofCallHead,
  sizeofFragmentPrefix,
  sizeofFramePrefix,
  writeCallFrame,
  writeFragmentPrefix,
} from "@grpc-router/protocol";
import type { Clock } from "../clock.js";
import type { AttemptTarget } from "../follow/following.js";
import type { CallRecord } from "../forward/call-record.js";
import type { StreamUser } from "../forward/stream-user.js";

/** What the writer tells its channel. */
export interface CallWriterOwner extends AttemptTarget {
  /** The call that the next Start begins gets this id. */
  readonly nextCallId: number;
  /** The number of the method in this instance's frames. */
  methodNumber(call: CallRecord): number;
  /** The Start of `call` is in the output. */
  onStarted(call: CallRecord): void;
  /** The transport takes no more now. */
  onBlocked(): void;
}

/** There is no room for the frame, and nothing of it is written. */
const NO_ROOM = -1;
/** The payload goes behind what is written, by `Connection.write`. */
const BEHIND = -2;

/** One record for all writers, since a frame is written in one go. */
const fields = new CallHeadFields();
/** The inner fields of a Fragment before its data: at most two tags, a flag and two varints. */
const sliceHead = new Uint8Array(16);
/** The prefix of a frame that one DATA frame does not hold. */
let scratch = new Uint8Array(1_024);

/**
 * Writes the frames of calls straight into the output of the channel's stream: no frame object, no copy in between.
 * Every verb answers false, and nothing is written, when there is no room; the first frame of a call carries its Start.
 */
export class CallWriter {
  readonly #owner: CallWriterOwner;
  readonly #connection: Connection<StreamUser>;
  readonly #stream: Stream<StreamUser>;
  readonly #clock: Clock;

  constructor(owner: CallWriterOwner, connection: Connection<StreamUser>, stream: Stream<StreamUser>, clock: Clock) {
    this.#owner = owner;
    this.#connection = connection;
    this.#stream = stream;
    this.#clock = clock;
  }

  /** A whole message, typed: `bytes[start, end)` without its prefix as the member `number`. */
  member(call: CallRecord, number: number, bytes: Uint8Array, start: number, end: number, halfClose: boolean): boolean {
    this.#head(call, halfClose);
    const offset = this.#write(number, end - start);
    if (offset === NO_ROOM) return false;
    this.#append(offset, bytes, start, end);
    call.payloadFrames++;
    this.#commit(call, halfClose);
    return true;
  }

  /** A slice of the message at hand; `remaining` bytes of it follow. */
  fragment(
    call: CallRecord,
    remaining: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    halfClose: boolean,
  ): boolean {
    const size = end - start;
    const prefix = sizeofFragmentPrefix(remaining, call.requestCompressed, size);
    this.#head(call, halfClose);
    const offset = this.#write(FRAGMENT_NUMBER, prefix + size);
    if (offset === NO_ROOM) return false;
    writeFragmentPrefix(sliceHead, 0, remaining, call.requestCompressed, size);
    this.#append(this.#append(offset, sliceHead, 0, prefix), bytes, start, end);
    call.payloadFrames++;
    this.#commit(call, halfClose);
    return true;
  }

  /** A frame without payload: a Start that comes before its message, a half-close after it. */
  bare(call: CallRecord, halfClose: boolean): boolean {
    this.#head(call, halfClose);
    if (this.#write(0, 0) === NO_ROOM) return false;
    this.#commit(call, halfClose);
    return true;
  }

  /** The Cancel and the credit that wait for `call`. */
  control(call: CallRecord): boolean {
    fields.callId = call.callId;
    fields.hasStart = false;
    fields.halfClose = false;
    fields.credit = call.creditPending;
    fields.cancel = call.cancelPending === 0 ? -1 : call.cancelPending;
    if (this.#write(0, 0) === NO_ROOM) return false;
    call.replyCredit += call.creditPending;
    call.creditPending = 0;
    call.cancelPending = 0;
    return true;
  }

  /** Bytes that are a frame already. */
  frame(bytes: Uint8Array): boolean {
    const offset = this.#connection.reserve(this.#stream, bytes.length);
    if (offset < 0) {
      this.#owner.onBlocked();
      return false;
    }
    copyBytes(bytes, 0, bytes.length, this.#connection.outputBytes, offset);
    return true;
  }

  /** Fills the head of a frame of `call`; its first frame carries the Start. */
  #head(call: CallRecord, halfClose: boolean): void {
    const isStart = call.callId === 0;
    fields.callId = isStart ? this.#owner.nextCallId : call.callId;
    fields.hasStart = isStart;
    fields.halfClose = halfClose;
    fields.credit = 0;
    fields.cancel = -1;
    if (!isStart) return;
    fields.method = this.#owner.methodNumber(call);
    const { policy } = call.route;
    const attemptEndMs = policy?.retry?.attemptEndMs(this.#clock.lastMs) ?? Number.POSITIVE_INFINITY;
    fields.timeoutUs = this.#timeoutUs(Math.min(call.deadlineMs, attemptEndMs));
    fields.attempt = call.attempt + call.previousAttempts;
    fields.restStart = 0;
    const start = call.following?.startOf(call, this.#owner, this.#clock.lastMs);
    fields.rest = start ?? call.rest;
    fields.restEnd = start?.length ?? call.restEnd;
  }

  /** Writes a frame up to its payload; answers where in the output the payload goes, `BEHIND` or `NO_ROOM`. */
  #write(payloadNumber: number, payloadSize: number): number {
    const connection = this.#connection;
    const prefix = sizeofFramePrefix(sizeofCallHead(fields), payloadNumber, payloadSize);
    const offset = connection.reserve(this.#stream, prefix + payloadSize);
    if (offset >= 0) return writeCallFrame(connection.outputBytes, offset, fields, payloadNumber, payloadSize);
    if (connection.room(this.#stream) < prefix + payloadSize) {
      this.#owner.onBlocked();
      return NO_ROOM;
    }
    // One DATA frame does not hold it: prefix and payload go one after the other.
    if (scratch.length < prefix) scratch = new Uint8Array(prefix * 2);
    writeCallFrame(scratch, 0, fields, payloadNumber, payloadSize);
    connection.write(this.#stream, scratch, 0, prefix, false);
    return BEHIND;
  }

  /** Puts a part of the payload where `#write` said; answers where the next part goes. */
  #append(offset: number, bytes: Uint8Array, start: number, end: number): number {
    const connection = this.#connection;
    if (offset !== BEHIND) return copyBytes(bytes, start, end, connection.outputBytes, offset);
    connection.write(this.#stream, bytes, start, end, false);
    return BEHIND;
  }

  #commit(call: CallRecord, halfClose: boolean): void {
    if (halfClose) call.halfCloseSent = true;
    if (call.callId === 0) this.#owner.onStarted(call);
  }

  /** Time left until `endMs`, rounded up, at least 1; 0 stands for no deadline. */
  #timeoutUs(endMs: number): number {
    if (endMs === Number.POSITIVE_INFINITY) return 0;
    // Fractions of a millisecond lose a little in a double; without the allowance an untouched timeout would grow by 1.
    return Math.max(1, Math.ceil((endMs - this.#clock.lastMs) * 1000 - 0.01));
  }
}
