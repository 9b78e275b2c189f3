// SPDX-License-Identifier: Apache-2.0

import { ErrorCode, type FieldList } from "@grpc-router/http2";
import { type FragmentView, FrameFault, type Reason, SliceTracker } from "@grpc-router/protocol";
import { type Call, CallPhase } from "../channel/call.js";
import { type CallEnd, END_OK } from "../channel/call-end.js";
import type { ReplySource, RequestIntake } from "../channel/call-handler.js";
import { failCall, settleCall } from "../channel/call-life.js";
import { encodeCutMessage, encodeLoss, encodeReplyFault, NOT_PROCESSED, TARGET_DOWN } from "./relay-ends.js";
import { endOf, type FieldsContext, headerOf, judgeHead } from "./reply-fields.js";
import { ReplyPipe } from "./reply-pipe.js";
import { createRequestHead, type RequestTemplates } from "./request-head.js";
import { type PipeOutput, RequestPipe } from "./request-pipe.js";
import type { Target } from "./target.js";
import type { OpenedStream, TargetLink } from "./target-link.js";
import type { TargetStream } from "./target-stream.js";

/**
 * One call on its way through: the request goes from the channel to a stream of the target, the reply the other way, slice
 * by slice. Nothing is decoded and nothing is put together.
 *
 * ```
 *  waits for a connection ──▶ open ── trailers, reset, loss ──▶ ended (its End waits behind what is left of the reply)
 *     ▲      │ target is down   │ not processed, request kept, first time
 *     │      ▼                  │
 *     │   not_run               │
 *     └─────────────────────────┘
 * ```
 */
export class RelayCall implements RequestIntake, ReplySource, TargetStream, PipeOutput, FieldsContext {
  readonly #call: Call;
  readonly #target: Target;
  readonly #templates: RequestTemplates;
  readonly #tracker = new SliceTracker();
  readonly #request: RequestPipe;
  readonly #reply: ReplyPipe;
  /** Stands in the target's line for a connection. */
  #waits = false;
  #opened: OpenedStream | undefined;
  #hasHead = false;
  /** The target has said once that it did not process the call. */
  #wasRefused = false;
  /** How the call ends, once what is left of the reply is written. */
  #end: CallEnd | undefined;
  /** Nobody wants it any more. */
  #stopped = false;

  constructor(call: Call, target: Target, templates: RequestTemplates) {
    this.#call = call;
    this.#target = target;
    this.#templates = templates;
    this.#request = new RequestPipe(target.kept);
    this.#reply = new ReplyPipe(call.port.maxReplyBytes);
  }

  get label(): string {
    return this.#call.method.label;
  }

  get maxMetadataBytes(): number {
    return this.#call.port.maxMetadataBytes;
  }

  dropped(name: string): void {
    this.#call.port.metadataDropped(this.#call, name);
  }

  // What the channel says.

  get isInMessage(): boolean {
    return this.#tracker.isOpen;
  }

  slice(bytes: Uint8Array, view: FragmentView, cost: number): Reason | undefined {
    const isFirst = !this.#tracker.isOpen;
    if (this.#tracker.accept(view) !== FrameFault.none) return "FRAGMENT_INVALID";
    if (this.#end !== undefined) return undefined;
    const { dataStart, dataEnd, remaining, compressed } = view;
    const totalBytes = isFirst ? dataEnd - dataStart + remaining : -1;
    const size = this.#request.add(bytes, dataStart, dataEnd, totalBytes, compressed, cost);
    this.#call.port.buffered(this.#call, size);
    this.#send();
    return undefined;
  }

  close(): void {
    this.#request.close();
    this.#send();
  }

  /** The first frame is here: asks for a connection to the target. */
  begin(): void {
    if (this.#waits || this.#opened !== undefined) return;
    this.#waits = true;
    this.#target.admit(this);
  }

  pull(): void {
    const call = this.#call;
    if (call.phase !== CallPhase.begun || call.message !== undefined || call.end !== undefined) return;
    const slice = this.#reply.take();
    if (slice === undefined) {
      if (this.#end !== undefined) settleCall(call, undefined, this.#end);
      return;
    }
    this.#opened?.link.consume(this.#opened.stream, slice.dataBytes);
    call.messageRest = slice.rest;
    call.messageCompressed = slice.compressed;
    if (this.#end !== undefined && this.#reply.isEmpty) {
      settleCall(call, slice.bytes, this.#end);
      return;
    }
    call.message = slice.bytes;
    call.messageSent = 0;
    call.port.ready(call);
  }

  stop(): void {
    this.#stopped = true;
    this.#waits = false;
    this.#request.drop();
    this.#reply.drop();
    this.#reset(ErrorCode.cancel);
    // What the target still does of it nobody here can know, so there is nothing to wait for; not for the channel's end either.
    if (this.#call.phase === CallPhase.aborting) settleCall(this.#call, undefined, END_OK);
    else if (this.#call.phase === CallPhase.orphaned) this.#call.phase = CallPhase.ended;
  }

  // What the target's connections say.

  /** Still waits for a connection. */
  get isWanted(): boolean {
    return this.#waits && this.#call.phase <= CallPhase.begun;
  }

  /** A connection with room for a stream. */
  open(link: TargetLink): void {
    const call = this.#call;
    this.#waits = false;
    call.port.accept(call);
    call.phase = CallPhase.begun;
    const timeLeftMs = call.deadlineMs - call.port.nowMs();
    const head = createRequestHead(this.#templates, call.start, timeLeftMs);
    this.#opened = link.open(this, head);
    this.#send();
  }

  /** There is no connection, and none in sight. */
  unreachable(): void {
    this.#waits = false;
    this.#giveBack(TARGET_DOWN);
  }

  onHead(fields: FieldList, endStream: boolean): void {
    this.#hasHead = true;
    this.#request.forgetSent();
    if (endStream) {
      this.#finish(endOf(fields, this));
      return;
    }
    const refusal = judgeHead(fields);
    const header = refusal ?? headerOf(fields, this);
    if (header instanceof Uint8Array) this.#call.header = header;
    else this.#fail(header);
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.#stopped || this.#end !== undefined) return;
    const fault = this.#reply.receive(bytes, start, end);
    if (fault !== undefined) {
      this.#fail(encodeReplyFault(fault, this.label, this.#call.port.maxReplyBytes));
      return;
    }
    if (endStream) this.#finish(endOf([], this));
  }

  onTrailers(fields: FieldList): void {
    this.#finish(endOf(fields, this));
  }

  onRoom(): void {
    this.#send();
  }

  onTurn(): void {
    const call = this.#call;
    if (call.phase !== CallPhase.begun) return;
    this.pull();
    // A header alone does not wait for the first message.
    if (call.header !== undefined && call.message === undefined && call.end === undefined) call.port.ready(call);
  }

  onClosed(code: number, by: "end" | "peer" | "local" | "connection"): void {
    this.#opened = undefined;
    if (this.#stopped || this.#end !== undefined) return;
    const isUnprocessed = code === ErrorCode.refusedStream && by === "peer" && !this.#hasHead;
    if (isUnprocessed) {
      this.#refused();
      return;
    }
    this.#finish(encodeLoss(this.label, code, by));
    this.onTurn();
  }

  // The stream of the target as the request sees it.

  room(): number {
    return this.#opened === undefined ? 0 : this.#opened.link.room(this.#opened.stream);
  }

  write(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#opened?.link.write(this.#opened.stream, bytes, start, end, endStream);
  }

  #send(): void {
    if (this.#opened === undefined || this.#end !== undefined) return;
    const call = this.#call;
    const before = this.#request.unsentBytes;
    const cost = this.#request.sendTo(this);
    const sent = before - this.#request.unsentBytes;
    if (sent > 0) call.port.buffered(call, -sent);
    if (cost > 0) call.port.consumed(call, cost);
  }

  /** The target did not look at the call: once more elsewhere if all of it is still here, else the router may. */
  #refused(): void {
    const call = this.#call;
    const before = this.#request.unsentBytes;
    if (this.#wasRefused || !this.#request.rewind()) {
      this.#giveBack(NOT_PROCESSED);
      return;
    }
    this.#wasRefused = true;
    call.port.buffered(call, this.#request.unsentBytes - before);
    this.#waits = true;
    this.#target.readmit(this);
  }

  /** Proof that it did not run, in either phase. */
  #giveBack(end: CallEnd): void {
    const call = this.#call;
    this.#end = end;
    this.#request.drop();
    if (call.phase === CallPhase.received) failCall(call, end);
    else settleCall(call, undefined, end);
  }

  /** The target has ended the call; what it sent before goes first. */
  #finish(end: CallEnd): void {
    if (this.#stopped || this.#end !== undefined) return;
    this.#end = end.code === 0 && this.#reply.isInMessage ? encodeCutMessage(this.label) : end;
    const call = this.#call;
    if (this.#request.unsentBytes > 0) call.port.buffered(call, -this.#request.unsentBytes);
    this.#request.drop();
    // Its answer is whole, so it needs no more of the request (RFC 9113 section 8.1).
    if (this.#opened?.stream.localEnded === false) this.#reset(ErrorCode.noError);
  }

  /** The reply cannot go on: what waits of it is dropped. */
  #fail(end: CallEnd): void {
    if (this.#stopped || this.#end !== undefined) return;
    this.#end = end;
    failCall(this.#call, end);
  }

  #reset(code: number): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.link.reset(opened.stream, code);
  }
}
