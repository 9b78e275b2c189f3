// SPDX-License-Identifier: Apache-2.0

import { CallTable, CreditGrowth, copyOf, pieceOf, type StartView, stackOf } from "@grpc-router/protocol";
import type { ServedMethod } from "../dispatch/served-method.js";
import type { ServedService } from "../dispatch/served-service.js";
import { Call, CallPhase, type CallPort, executionOf } from "./call.js";
import { type CallEnd, END_NO_CAPACITY, encodeExpired, encodeReasonEnd } from "./call-end.js";
import { expireCall, failCall, finishCall, loseCall, refuseCall } from "./call-life.js";
import type { Channel } from "./channel.js";
import type { ChannelOptions } from "./channel-options.js";
import { DeadlineTimer } from "./deadline-timer.js";
import { framesAfterStart, framesUnderWay, LateFrames } from "./late-frames.js";
import type { ReplyWriter } from "./reply-writer.js";
import { RequestBudget } from "./request-budget.js";
import type { WelcomeTerms } from "./welcome-terms.js";

/** What the calls of a channel ask of it. */
export type CallsOptions = Pick<
  ChannelOptions,
  "ports" | "service" | "instanceId" | "connection" | "scheme" | "maxRequestBytes" | "requestCredit" | "share" | "tally"
>;

/** The open calls of one channel, and what they ask of it. */
export class ChannelCalls implements CallPort {
  readonly table = new CallTable<Call>();
  /** The router's frames for calls that are not in it any more. */
  readonly late = new LateFrames();
  /** Calls whose channel is gone and whose user code still runs. */
  readonly orphans = new Set<Call>();
  maxReplyBytes = Number.POSITIVE_INFINITY;
  maxMetadataBytes = 0;
  readonly #options: CallsOptions;
  readonly #writer: ReplyWriter<Channel>;
  /** A call has left the table, or an orphan has settled. */
  readonly #onCallOver: () => void;
  readonly #deadlines: DeadlineTimer;
  readonly #credit = { request: 0, reply: 0 };
  readonly #budget: RequestBudget;
  readonly #growth: CreditGrowth;

  constructor(options: CallsOptions, writer: ReplyWriter<Channel>, onCallOver: () => void) {
    this.#options = options;
    this.#writer = writer;
    this.#onCallOver = onCallOver;
    this.#credit.request = options.requestCredit;
    this.#growth = new CreditGrowth(
      options.requestCredit,
      options.ports.counters ?? { creditGrown: 0, creditNotGrown: 0 },
    );
    this.#deadlines = new DeadlineTimer(options.ports.scheduler, this.table, (call) => {
      expireCall(call, encodeExpired(call.method.label, options.instanceId));
    });
    this.#budget = new RequestBudget({
      maxRequestBytes: options.maxRequestBytes,
      nowMs: () => this.nowMs(),
      calls: () => this.table.list(),
      end(call, limit) {
        const facts = { method: call.method.label, limit };
        failCall(call, encodeReasonEnd("BUFFER_LIMIT", facts, executionOf(call)));
      },
    });
  }

  get scheme(): string {
    return this.#options.scheme;
  }

  get maxRequestBytes(): number {
    return this.#options.maxRequestBytes;
  }

  nowMs(): number {
    return this.#options.ports.scheduler.nowMs();
  }

  /** The Welcome has come. */
  limitReplies(limits: WelcomeTerms): void {
    this.#credit.reply = limits.initialCredit;
    this.maxReplyBytes = limits.maxMessageBytes;
    this.maxMetadataBytes = limits.maxMetadataBytes;
  }

  /** Opens call `id` with the CallStart `bytes[start, end)`, read into `view`; it may be refused at once. */
  open(id: number, view: StartView, bytes: Uint8Array, start: number, end: number): Call {
    const method = this.#options.service.byNumber.get(view.method);
    const asked = method ?? this.#options.service.unknownMethod;
    // Streams may stay open for days, and would keep a whole slab each.
    const kept = asked.readsStream || asked.writesStream ? copyOf(bytes, start, end) : pieceOf(bytes, start, end);
    const call = new Call(id, asked, this, kept, this.#credit);
    const { hasRoom } = this.#options.share;
    this.table.add(call);
    this.#options.share.begin();
    if (this.#refuse(call, method, view, bytes, hasRoom)) return call;
    call.method.handler.open(call);
    if (view.timeoutUs > 0) {
      const nowMs = this.nowMs();
      call.deadlineMs = nowMs + view.timeoutUs / 1000;
      this.#deadlines.watch(call.deadlineMs, nowMs);
    }
    return call;
  }

  /** Adds the calls that run, orphans among them, to `counts`: by path. */
  count(counts: Map<string, number>): void {
    for (const { method } of [...this.table.list(), ...this.orphans]) {
      const path = `/${method.label}`;
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
  }

  /** Ends every open call: the grace of a drain is over. */
  failAll(): void {
    for (const call of this.table.list()) failCall(call, encodeReasonEnd("INSTANCE_DRAINING", {}, executionOf(call)));
  }

  /** The channel is gone. */
  lose(): void {
    this.#deadlines.stop();
    for (const call of this.table.list()) {
      loseCall(call);
      this.table.remove(call);
      if (call.phase === CallPhase.orphaned) this.orphans.add(call);
      else this.#options.share.end();
    }
  }

  /** The writer has written a call's End. */
  ended(call: Call, end: CallEnd): void {
    this.#options.tally?.count(end);
    finishCall(call);
    this.table.remove(call);
    this.late.ended(framesUnderWay(call), this.#options.share.mostOpen);
    this.#growth.end(call);
    this.#options.share.end();
    this.#onCallOver();
  }

  /** A Start came that is not taken; more of the call may follow. */
  passOver(): void {
    this.late.ended(framesAfterStart(this.#credit.request), this.#options.share.mostOpen);
  }

  get canInflate(): boolean {
    return this.#options.ports.inflate !== undefined;
  }

  inflate(bytes: Uint8Array): Uint8Array | undefined {
    return this.#options.ports.inflate?.(bytes, this.maxRequestBytes);
  }

  accept(call: Call): void {
    this.#writer.accept(call.callId);
  }

  ready(call: Call): void {
    this.#writer.ready(call);
  }

  consumed(call: Call, cost: number): void {
    call.requestOwed += cost;
    if (call.requestOwed * 2 < this.#credit.request || call.halfClosed) return;
    if (!call.creditWaits) this.#grow(call);
    this.#writer.giveCredit(call);
  }

  buffered(call: Call, sizeBytes: number): void {
    this.#budget.change(call, sizeBytes);
  }

  orphanSettled(call: Call): void {
    this.orphans.delete(call);
    this.#options.share.end();
    this.#onCallOver();
  }

  handlerFailed(call: Call, error: unknown): void {
    const fields = { method: call.method.label, error };
    this.#options.ports.logger.log("error", "handler_failed", `${call.method.label} threw: ${stackOf(error)}`, fields);
  }

  metadataDropped(call: Call, name: string): void {
    const { label } = call.method;
    const message = `Cannot send metadata ${name} of ${label}: its value must be printable ASCII, or base64 for a name ending in -bin`;
    this.#options.ports.logger.log("warn", "metadata_dropped", message, { method: label, name });
  }

  /** Credit goes back: more of it if the call's window limits its sender. */
  #grow(call: Call): void {
    const { assembly } = call;
    call.requestOwed = this.#growth.giveBack(call, {
      owed: call.requestOwed,
      nowMs: this.nowMs(),
      roundTripMs: this.#options.connection.roundTripMs,
      // What is assembled ahead of the reader it could not take in yet.
      unread: call.bufferedBytes - (assembly?.prepaid === true ? assembly.filledBytes : 0),
      hasRoom: this.#budget.isEasy,
    });
  }

  /** Answers a call that cannot be taken. */
  #refuse(call: Call, method: ServedMethod | undefined, view: StartView, bytes: Uint8Array, hasRoom: boolean): boolean {
    const { service } = this.#options;
    const end =
      method === undefined ? this.#unknown(call, view.method, service) : method.handler.refusal(call, view, bytes);
    if (end !== undefined) refuseCall(call, end);
    else if (!hasRoom) refuseCall(call, END_NO_CAPACITY);
    else return false;
    return true;
  }

  #unknown(call: Call, number: number, service: ServedService): CallEnd {
    const facts = { path: `number ${number} of ${service.name}`, served: service.methodNames };
    return encodeReasonEnd("METHOD_UNKNOWN", facts, executionOf(call));
  }
}
