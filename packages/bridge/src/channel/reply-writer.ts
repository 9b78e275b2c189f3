// SPDX-License-Identifier: Apache-2.0

import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Connection, Scheduler, Stream, Timer } from "@grpc-router/http2";
import {
  copyBytes,
  FRAGMENT_NUMBER,
  type InstanceControlSchema,
  MARK_DELAY_MS,
  MAX_PAYLOAD_BYTES,
  MESSAGE_PREFIX_BYTES,
  PAYLOAD_OVERHEAD,
  ReplyHeadFields,
  ReplySchema,
  sizeofFragmentPrefix,
  sizeofFramePrefix,
  sizeofReplyHead,
  TURN_BYTES,
  writeFragmentPrefix,
  writeMessagePrefix,
  writeReplyFrame,
} from "@grpc-router/protocol";
import { MIN_SLICE_BYTES } from "../limits.js";
import { type Call, CallPhase } from "./call.js";
import type { CallEnd } from "./call-end.js";
import { CallLine } from "./call-line.js";

/** A control frame to send: one of the kinds of `grpcrouter.v1.InstanceControl`. */
export type Control = NonNullable<MessageInitShape<typeof InstanceControlSchema>["kind"]>;

/** The part of a connection that a writer uses. */
export type ReplyOutput<Data> = Pick<Connection<Data>, "reserve" | "outputBytes" | "room" | "write">;

/** What a writer needs. */
export interface ReplyWriterOptions<Data> {
  readonly output: ReplyOutput<Data>;
  readonly stream: Stream<Data>;
  readonly scheduler: Scheduler;
  /** A call's End, this one, is written. */
  onEnded(call: Call, end: CallEnd): void;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Writes the frames of one Register stream. Control, credit and marks go ahead of all data; calls with data take turns of
 * 16 KiB; nothing is written while the connection has no room, so what waits here is one slot per kind and call.
 */
export class ReplyWriter<Data> {
  readonly #options: ReplyWriterOptions<Data>;
  readonly #output: ReplyOutput<Data>;
  readonly #stream: Stream<Data>;
  readonly #fields = new ReplyHeadFields();
  #mark = 0;
  #markWritten = 0;
  /** The mark has waited long enough for a frame that takes it along. */
  #markIsDue = false;
  #markTimer: Timer | undefined;
  readonly #line = new CallLine();
  /** One slot per kind: what is said again before it left replaces what was said. */
  readonly #controls = new Map<string, Control>();
  #creditCalls: Call[] = [];
  #running = false;
  #closed = false;
  /** Where frames go that do not fit into the output in one piece. */
  #scratch: Uint8Array = NO_BYTES;

  constructor(options: ReplyWriterOptions<Data>) {
    this.#options = options;
    this.#output = options.output;
    this.#stream = options.stream;
  }

  /** Calls up to this id may have reached user code. */
  get acceptedThrough(): number {
    return this.#mark;
  }

  /** Nothing waits here for room. */
  get idle(): boolean {
    const isQuiet = this.#controls.size === 0 && this.#creditCalls.length === 0 && !this.#markIsDue;
    return isQuiet && this.#line.first === undefined;
  }

  /** `call` has a message or its End to write, or its pump waits to go on. */
  ready(call: Call): void {
    if (call.waits) return;
    this.#line.add(call);
    this.run();
  }

  /** The router has given `call` credit: what waited for it goes on. */
  credited(call: Call): void {
    if (call.message !== undefined) this.ready(call);
  }

  /** Gives the router back what the call owes it. */
  giveCredit(call: Call): void {
    if (call.creditWaits) return;
    call.creditWaits = true;
    this.#creditCalls.push(call);
    this.run();
  }

  /** Sends a control frame, ahead of all data. */
  control(control: Control): void {
    this.#controls.set(slotOf(control), control);
    this.run();
  }

  /**
   * User code is about to run for this call: the mark rises now, and is on the wire with the next frame; soon with one of
   * its own, if no other has taken it along.
   */
  accept(callId: number): void {
    if (callId <= this.#mark) return;
    this.#mark = callId;
    this.#markTimer ??= this.#options.scheduler.after(MARK_DELAY_MS, this.#onMarkDue);
  }

  /** Writes what waits, as far as there is room. Called again when there is room anew. */
  run(): void {
    // What a call's end causes may want to write, too: the loop under way gets to it.
    if (this.#running || this.#closed) return;
    this.#running = true;
    try {
      while (this.#hasRoom() && this.#writeNext());
    } finally {
      this.#running = false;
    }
  }

  /** Forgets everything: nothing can be written any more. */
  close(): void {
    this.#closed = true;
    this.#line.clear();
    this.#controls.clear();
    this.#creditCalls = [];
    this.#markTimer?.cancel();
  }

  readonly #onMarkDue = (): void => {
    this.#markTimer = undefined;
    this.#markIsDue = this.#mark > this.#markWritten;
    if (this.#markIsDue) this.run();
  };

  #hasRoom(): boolean {
    return this.#output.room(this.#stream) > 0;
  }

  /** Writes one thing, the most urgent first. False: nothing waits. */
  #writeNext(): boolean {
    if (this.#controls.size > 0) this.#writeFirstControl();
    else if (this.#creditCalls.length > 0) this.#writeCredit(this.#creditCalls.pop());
    else if (this.#markIsDue) this.#writeHead(NO_CALL, 0);
    else {
      const call = this.#line.take();
      if (call === undefined) return false;
      if (this.#turn(call)) this.#line.add(call);
    }
    return true;
  }

  #writeFirstControl(): void {
    for (const [slot, control] of this.#controls) {
      this.#controls.delete(slot);
      this.#writeControl(control);
      return;
    }
  }

  /** Writes up to 16 KiB of one call. True: it could go on at once. */
  #turn(call: Call): boolean {
    for (let budget = TURN_BYTES; call.message !== undefined; ) {
      const sent = this.#writeSlice(call, call.message);
      if (sent < 0) return false; // credit brings it back into the line
      budget -= sent;
      if (call.message !== undefined && (budget <= 0 || !this.#hasRoom())) return true;
    }
    if (call.end !== undefined) this.#writeEnd(call, call.end);
    else if (call.phase === CallPhase.begun) {
      if (call.header !== undefined) this.#writeHeader(call);
      if (!this.#hasRoom()) return true;
      call.pump?.pull();
    }
    return false;
  }

  /** Writes as much of the message as goes into one frame. The bytes of it, or -1 if credit does not suffice. */
  #writeSlice(call: Call, message: Uint8Array): number {
    const rest = message.length - call.messageSent;
    // Only untyped methods have messages in pieces.
    const isMember = call.method.typed && message.length <= MAX_PAYLOAD_BYTES;
    const size = isMember ? rest : Math.min(rest, MAX_PAYLOAD_BYTES, call.replyCredit - PAYLOAD_OVERHEAD);
    if (size + PAYLOAD_OVERHEAD > call.replyCredit || size < Math.min(rest, MIN_SLICE_BYTES)) return -1;
    const isLast = size === rest;
    const fields = this.#begin(call);
    const end = isLast ? call.end : undefined;
    if (end !== undefined) setEnd(fields, end.bytes);
    const { messageSent, messageRest, messageCompressed } = call;
    if (isMember) this.#writeFrame(call.method.number, message, 0, size, -1, false);
    else {
      const remaining = rest - size + messageRest;
      this.#writeFrame(FRAGMENT_NUMBER, message, messageSent, messageSent + size, remaining, messageCompressed);
    }
    call.replyCredit -= size + PAYLOAD_OVERHEAD;
    call.payloadFrames++;
    call.messageSent += size;
    if (isLast) {
      call.message = undefined;
      if (end !== undefined) this.#ended(call, end);
    }
    return size;
  }

  /** A header that came before anything else of the reply. */
  #writeHeader(call: Call): void {
    this.#begin(call);
    this.#writeFrame(0, NO_BYTES, 0, 0, -1, false);
  }

  #writeEnd(call: Call, end: CallEnd): void {
    setEnd(this.#begin(call), end.bytes);
    this.#writeFrame(0, NO_BYTES, 0, 0, -1, false);
    this.#ended(call, end);
  }

  #ended(call: Call, end: CallEnd): void {
    call.end = undefined;
    this.#options.onEnded(call, end);
  }

  /** Starts the head of a frame of `call`: id, header if it waits, mark. */
  #begin(call: Call): ReplyHeadFields {
    const fields = this.#head(call.callId, 0);
    const header = call.header;
    if (header !== undefined) {
      fields.hasHeader = true;
      fields.header = header;
      fields.headerEnd = header.length;
      call.header = undefined;
    }
    return fields;
  }

  #head(callId: number, credit: number): ReplyHeadFields {
    const fields = this.#fields;
    fields.callId = callId;
    fields.credit = credit;
    fields.hasHeader = false;
    fields.hasEnd = false;
    fields.acceptedThrough = this.#mark > this.#markWritten ? this.#mark : 0;
    this.#markWritten = this.#mark;
    this.#markIsDue = false;
    return fields;
  }

  #writeCredit(call: Call | undefined): void {
    if (call === undefined) return;
    const credit = call.requestOwed;
    call.creditWaits = false;
    // After its End a call owes nothing any more.
    if (credit === 0 || call.phase > CallPhase.begun) return;
    call.requestOwed = 0;
    call.requestCredit += credit;
    this.#writeHead(call.callId, credit);
  }

  #writeHead(callId: number, credit: number): void {
    this.#head(callId, credit);
    this.#writeFrame(0, NO_BYTES, 0, 0, -1, false);
  }

  /** Writes the frame of the head at hand. `remaining` ≥ 0: the payload is a slice with so much behind it. */
  #writeFrame(
    number: number,
    payload: Uint8Array,
    start: number,
    end: number,
    remaining: number,
    compressed: boolean,
  ): void {
    const dataSize = end - start;
    const sliceSize = remaining < 0 ? 0 : sizeofFragmentPrefix(remaining, compressed, dataSize);
    const size = sizeofFramePrefix(sizeofReplyHead(this.#fields), number, sliceSize + dataSize) + sliceSize + dataSize;
    const reserved = this.#output.reserve(this.#stream, size);
    const target = reserved < 0 ? this.#scratchOf(size) : this.#output.outputBytes;
    let offset = writeReplyFrame(target, Math.max(reserved, 0), this.#fields, number, sliceSize + dataSize);
    if (remaining >= 0) offset = writeFragmentPrefix(target, offset, remaining, compressed, dataSize);
    copyBytes(payload, start, end, target, offset);
    if (reserved < 0) this.#output.write(this.#stream, target, 0, size, false);
  }

  #writeControl(control: Control): void {
    const { acceptedThrough } = this.#head(0, 0);
    const head = { acceptedThrough: BigInt(acceptedThrough), control: { kind: control } };
    const reply = toBinary(ReplySchema, create(ReplySchema, { head }));
    const frame = new Uint8Array(MESSAGE_PREFIX_BYTES + reply.length);
    copyBytes(reply, 0, reply.length, frame, writeMessagePrefix(frame, 0, false, reply.length));
    this.#output.write(this.#stream, frame, 0, frame.length, false);
  }

  #scratchOf(size: number): Uint8Array {
    if (this.#scratch.length < size) this.#scratch = new Uint8Array(size);
    return this.#scratch;
  }
}

/** The call id of frames about the channel. */
const NO_CALL = 0;

function setEnd(fields: ReplyHeadFields, end: Uint8Array): void {
  fields.hasEnd = true;
  fields.end = end;
  fields.endEnd = end.length;
}

/** Fates of several channels are several statements; of all other kinds the last word counts. */
function slotOf(control: Control): string {
  return control.case === "previous"
    ? `previous ${control.value.routerId} ${control.value.epoch}`
    : String(control.case);
}
