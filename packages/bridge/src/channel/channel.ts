// SPDX-License-Identifier: Apache-2.0

import type { FieldList } from "@grpc-router/http2";
import {
  Feature,
  FrameFault,
  formatReason,
  MAX_CONTROL_BURST,
  MAX_CONTROL_PER_SECOND,
  MAX_CREDIT,
  MAX_FRAME_BYTES,
  MAX_HELLO_BYTES,
  MessageSplitter,
  MIN_INITIAL_CREDIT,
  RateLimiter,
  type Reason,
  type RouterControl,
  reasons,
  WELCOME_TIMEOUT_MS,
} from "@grpc-router/protocol";
import type { ServedService } from "../dispatch/served-service.js";
import { ABORT_SETTLE_MS, FAREWELL_MS } from "../limits.js";
import type { Call } from "./call.js";
import { ChannelCalls } from "./channel-calls.js";
import {
  CHANNEL_DONE,
  type ChannelEnd,
  channelLost,
  channelSilent,
  judgeResponse,
  readChannelEnd,
} from "./channel-end.js";
import { type ChannelOptions, REVISION } from "./channel-options.js";
import { FrameReader, type FrameTarget } from "./frame-reader.js";
import { Heartbeat, type HeartbeatTarget } from "./heartbeat.js";
import { RegisterStream } from "./register-stream.js";
import { type Control, ReplyWriter } from "./reply-writer.js";
import { readWelcomeTerms } from "./welcome-terms.js";

type ChannelState =
  /** The Hello is out. */
  | "greeting"
  /** Calls come. */
  | "open"
  /** We have half-closed and wait for the router's status. */
  | "leaving"
  /** Nothing is read or written any more. */
  | "over";

const SILENT = `the router must answer within ${WELCOME_TIMEOUT_MS / 1000} s, it did not`;

/**
 * One Register stream, from its Hello to its end.
 *
 * ```
 *  greeting ── Welcome ──▶ open ── drained, last End written ──▶ leaving ── status ──▶ over
 *     └───────── refusal, 10 s, fault, heartbeat lost, stream or connection gone ────────┘
 * ```
 */
export class Channel implements FrameTarget, HeartbeatTarget {
  readonly service: ServedService;
  /** What the Welcome said: which router process, and which channel of it. Empty and 0 before. */
  routerId = "";
  epoch = 0n;
  /** When the Welcome came, in the scheduler's time; -1 before. */
  welcomeMs = -1;
  lastCallId = Number.POSITIVE_INFINITY;
  readonly #options: ChannelOptions;
  readonly #stream: RegisterStream<Channel>;
  readonly #writer: ReplyWriter<Channel>;
  readonly #calls: ChannelCalls;
  readonly #reader: FrameReader;
  readonly #splitter = new MessageSplitter(MAX_HELLO_BYTES);
  readonly #controlRate: RateLimiter;
  #state: ChannelState = "greeting";
  #heartbeat: Heartbeat | undefined;
  #pingToken = 0n;
  /** Either side has announced that no call follows. */
  #drains = false;
  /** When the grace of our own Drain is over. */
  #graceEndMs = Number.POSITIVE_INFINITY;

  constructor(options: ChannelOptions) {
    const { ports, service, connection, stream } = options;
    this.#options = options;
    this.service = service;
    this.#stream = new RegisterStream(connection, stream, ports.scheduler);
    this.#writer = new ReplyWriter({
      output: connection,
      stream,
      scheduler: ports.scheduler,
      onEnded: (call, end) => this.#calls.ended(call, end),
    });
    this.#calls = new ChannelCalls(options, this.#writer, () => this.#onCallOver());
    this.#reader = new FrameReader(this, this.#calls);
    this.#controlRate = new RateLimiter(ports.scheduler.nowMs(), MAX_CONTROL_BURST, MAX_CONTROL_PER_SECOND);
    this.#stream.wait(WELCOME_TIMEOUT_MS, () => this.#abandon(channelSilent(SILENT)));
  }

  get isWelcome(): boolean {
    return this.#state !== "greeting";
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Calls up to this id may have run. */
  get acceptedThrough(): number {
    return this.#writer.acceptedThrough;
  }

  /** Calls open here, or still running after the channel's end. */
  get runningCalls(): number {
    return this.#calls.table.size + this.#calls.orphans.size;
  }

  /** Adds the calls of `runningCalls` to `counts`: by path. */
  countCalls(counts: Map<string, number>): void {
    this.#calls.count(counts);
  }

  get hasCalls(): boolean {
    return this.#calls.table.size > 0;
  }

  /** Sends a control frame; the first one is the Hello. */
  say(control: Control): void {
    if (this.#state === "greeting" || this.#state === "open") this.#writer.control(control);
  }

  /** Takes no new calls, lets the open ones finish, leaves; after `graceMs` what still runs is aborted. */
  drain(graceMs: number): void {
    const endMs = this.#options.ports.scheduler.nowMs() + graceMs;
    this.#options.share.retire();
    // Said again, it may only end sooner.
    if (endMs >= this.#graceEndMs) return;
    if (this.#state === "open") {
      this.#graceEndMs = endMs;
      this.#announceDrain(graceMs);
    } else if (this.#state === "greeting") {
      // Calls may be under way behind a Welcome, and only a Drain proves to the router that they have not run.
      this.#graceEndMs = endMs;
      this.#stream.wait(Math.min(graceMs, WELCOME_TIMEOUT_MS), () => this.#abandon(CHANNEL_DONE));
    }
  }

  /** Ends it at once; the router learns it from the stream. */
  close(): void {
    this.#abandon(CHANNEL_DONE);
  }

  // What the connection tells.

  onHead(fields: FieldList, endStream: boolean): void {
    if (this.isOver) return;
    const refusal = endStream ? readChannelEnd(fields) : judgeResponse(fields);
    if (refusal !== undefined) this.#abandon(refusal);
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    if (this.isOver) return;
    this.#heartbeat?.heard(this.#options.ports.scheduler.nowMs());
    const fault = this.#splitter.push(bytes, start, end, this.#reader);
    if (fault !== FrameFault.none) this.#reader.malformed(fault);
    if (endStream && !this.isOver) this.#abandon(channelLost("the router ended the stream without a status"));
  }

  onTrailers(fields: FieldList): void {
    if (this.isOver) return;
    this.#end(readChannelEnd(fields));
    // Else both sides have ended, and the stream closes by itself.
    if (!this.#stream.isEnded) this.#stream.reset();
  }

  onRoom(): void {
    this.#writer.run();
    this.#leaveIfDone();
  }

  onStreamClosed(message: string): void {
    this.#stream.gone();
    if (!this.isOver) this.#end(channelLost(message));
  }

  // What the frames say.

  control(control: RouterControl): void {
    const { kind } = control;
    if (!this.isWelcome) {
      this.#onFirst(kind);
      return;
    }
    if (!this.#controlRate.take(this.#options.ports.scheduler.nowMs())) {
      const facts = { kind: "control", limit: `${MAX_CONTROL_PER_SECOND} a second` };
      this.fault("CONTROL_FLOOD", formatReason("CONTROL_FLOOD", facts));
      return;
    }
    switch (kind.case) {
      case "ping":
        this.say({ case: "pong", value: { token: kind.value.token, frames: BigInt(this.#reader.frames) } });
        return;
      case "drain":
        this.#drains = true;
        this.#options.share.retire();
        this.#options.owner.onRouterDrain(this, kind.value.reason);
        this.#leaveIfDone();
        return;
      case "welcome":
        this.fault("CALL_STATE", "Cannot take a second Welcome (CALL_STATE)");
        return;
      case undefined:
        if (control.critical) this.fault("CONTROL_UNKNOWN", formatReason("CONTROL_UNKNOWN", {}));
        return;
      case "routers":
        this.#options.owner.onRouters(this, kind.value.addresses);
        return;
      case "demand":
        this.#options.share.demand(kind.value.waiting, kind.value.token);
        return;
      case "pong": // any byte has been an answer already
    }
  }

  opened(): void {
    if (this.#calls.table.size === 1) this.#heartbeat?.hurry();
  }

  credited(call: Call): void {
    this.#writer.credited(call);
  }

  /** The router broke the channel's rules: says so in a last frame, and gives the channel up. */
  fault(reason: Reason, message: string): void {
    if (this.isOver) return;
    const { ports, routerName: router } = this.#options;
    ports.logger.log("error", "channel_fault", `${this.service.name}: ${message}`, { reason, router });
    if (this.isWelcome) this.say({ case: "close", value: { reason, message } });
    const isSaid = this.isWelcome && this.#writer.idle;
    this.#end({ ...channelLost(message, reason), code: reasons[reason].code });
    if (!isSaid) {
      this.#stream.reset();
      return;
    }
    this.#stream.end();
    this.#stream.wait(FAREWELL_MS, () => this.#stream.reset());
  }

  // What the heartbeat asks.

  ping(): void {
    this.say({ case: "ping", value: { token: ++this.#pingToken } });
  }

  dead(limitMs: number): void {
    this.#abandon(channelSilent(formatReason("HEARTBEAT_LOST", { limitMs }), "HEARTBEAT_LOST"));
  }

  #onFirst(kind: RouterControl["kind"]): void {
    if (kind.case !== "welcome") {
      this.fault("CALL_STATE", "Cannot go on: a Welcome must come first (CALL_STATE)");
      return;
    }
    const welcome = kind.value;
    if (welcome.revision !== REVISION) {
      const facts = { service: this.service.name, received: REVISION, supported: welcome.revision };
      this.fault("REVISION_UNSUPPORTED", formatReason("REVISION_UNSUPPORTED", facts));
      return;
    }
    const { ports } = this.#options;
    const terms = readWelcomeTerms(welcome);
    if (terms.initialCredit < MIN_INITIAL_CREDIT || terms.initialCredit > MAX_CREDIT) {
      const detail = `initial_credit of a Welcome must be from ${MIN_INITIAL_CREDIT} to ${MAX_CREDIT}, received ${terms.initialCredit}`;
      this.fault("FRAME_MALFORMED", formatReason("FRAME_MALFORMED", { detail }));
      return;
    }
    this.#stream.stopWaiting();
    this.#state = "open";
    this.routerId = welcome.routerId;
    this.epoch = welcome.epoch;
    this.welcomeMs = ports.scheduler.nowMs();
    this.#splitter.maxBytes = MAX_FRAME_BYTES;
    this.#calls.limitReplies(terms);
    this.#heartbeat = new Heartbeat({ ...terms, scheduler: ports.scheduler, target: this, random: ports.random() });
    this.#options.owner.onWelcome(this, welcome);
    this.#options.share.welcome(welcome.features.includes(Feature.demand));
    if (this.#graceEndMs < Number.POSITIVE_INFINITY) {
      this.#announceDrain(Math.max(0, this.#graceEndMs - ports.scheduler.nowMs()));
    }
  }

  #announceDrain(graceMs: number): void {
    this.#drains = true;
    this.lastCallId = Math.min(this.lastCallId, this.#reader.lastStart);
    const value = { reason: "INSTANCE_DRAINING", lastCallId: BigInt(this.lastCallId), graceMs: Math.ceil(graceMs) };
    this.say({ case: "drain", value });
    this.#stream.wait(graceMs, () => this.#graceOver());
    this.#leaveIfDone();
  }

  #onCallOver(): void {
    this.#options.owner.onCallOver(this);
    this.#leaveIfDone();
  }

  /** Drained, and the last End is out: half-closes and waits for the router's OK. */
  #leaveIfDone(): void {
    if (this.#state !== "open" || !this.#drains || this.#calls.table.size > 0 || !this.#writer.idle) return;
    this.#state = "leaving";
    this.#stream.end();
    this.#stream.wait(FAREWELL_MS, () => this.#abandon(CHANNEL_DONE));
  }

  #graceOver(): void {
    const { name } = this.service;
    const { size } = this.#calls.table;
    const calls = size === 1 ? "1 call has not ended and is" : `${size} calls have not ended and are`;
    const text = `The grace of ${name} is over: ${calls} aborted`;
    this.#options.ports.logger.log("warn", "grace_over", text, { service: name, openCalls: size });
    // Longer than user code may take: the table empties when it settles, and then the channel leaves by itself.
    this.#stream.wait(ABORT_SETTLE_MS, () => this.#abandon(channelLost("calls still ran after the grace")));
    this.#options.owner.onCallsCut(size);
    this.#calls.failAll();
  }

  /** Ends the channel and its stream at once. */
  #abandon(end: ChannelEnd): void {
    if (!this.isOver) this.#end(end);
    this.#stream.reset();
  }

  #end(end: ChannelEnd): void {
    this.#state = "over";
    this.#heartbeat?.stop();
    this.#splitter.stop();
    this.#options.share.retire();
    this.#calls.lose();
    this.#writer.close();
    this.#options.owner.onChannelOver(this, end);
  }
}
