// SPDX-License-Identifier: Apache-2.0
import { type Connection, copyBytes, type Stream } from "@grpc-router/http2";
import { type GrowingWindow, SliceTracker } from "@grpc-router/protocol";
import type { BalancedCall, Candidate } from "../balance/balancer.js";
import type { Channel } from "../channel/channel.js";
import type { Following } from "../follow/following.js";
import { keptHeadShare } from "../limits.js";
import { CallSample } from "../metrics/call-sample.js";
import type { MethodRoute } from "../registry/method-route.js";
import type { Execution } from "../resilience/lost-rule.js";
import type { WheelEntry } from "../resilience/timer-wheel.js";
import type { WaitingEntry, WaitingPlace } from "../resilience/waiting-room.js";
import { AttemptState } from "./attempt-state.js";
import type { CallHead } from "./call-head.js";
import { CallState, type CancelMode } from "./call-state.js";
import type { ClientAccount } from "./client-account.js";
import { ContentType } from "./request-head.js";
import type { HeadHolder } from "./request-head-reader.js";
import { RequestLog } from "./request-log.js";
import type { StreamUser } from "./stream-user.js";

const nothing = new Uint8Array(0);

/** Octets of metadata for which a record keeps its buffer: memory that large heads would pin for good. */
const maxOwnRestBytes = 1024;

/**
 * One call: everything about it as numbers, offsets and links, so that a call makes no garbage. Records are pooled;
 * every field is set here and never added later. The verbs live in `Forwarder`, `sendRequest` and
 * `ReplyForwarder`; the fields say who may write them.
 */
export class CallRecord implements WheelEntry, WaitingEntry, BalancedCall, HeadHolder, GrowingWindow {
  state: CallState = CallState.idle;
  route: MethodRoute;

  // The client's side: the forwarder.
  connection: Connection<StreamUser> | undefined = undefined;
  /** The client's stream; undefined once it is over. */
  stream: Stream<StreamUser> | undefined = undefined;
  /** Who gets the window of what is taken of the request: the connection, or what hooks are behind. */
  source: Pick<Connection<StreamUser>, "consume"> | undefined = undefined;
  /** What the connection has to answer for; there until the call is done. */
  client: ClientAccount | undefined = undefined;
  /** Counted in `ClientAccount.lingering`. */
  lingers = false;
  contentType: ContentType = ContentType.grpc;
  contentTypeText = "";
  waitForReady = false;
  /** Next call of the connection that waits for the end of the turn. */
  freshNext: CallRecord | undefined = undefined;
  isFresh = false;

  // What the Start says.
  rest: Uint8Array = nothing;
  restEnd = 0;
  /** `rest` is the head reader's own buffer, which the next head overwrites. */
  restIsBorrowed = false;
  /** Where `rest` is copied to when it must be. */
  ownRest: Uint8Array = nothing;
  /** What of it is counted in the client's account. */
  restKept = 0;
  /** When its head came, in milliseconds of `Scheduler.nowMs`. */
  openedMs: number = Number.NEGATIVE_INFINITY; // a double from the start, as the clock gives it
  /** Milliseconds of `Scheduler.nowMs`; `Infinity`: none. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Attempts of this router that may have run. */
  attempt = 0;
  /** Attempts of the caller that may have run. */
  previousAttempts = 0;

  // What is known of attempts: the forwarder.
  requeues = 0;
  /** Instances lost while they had the call. */
  deaths = 0;
  /** The worst of the attempts before the present one. */
  execution: Execution = "none";
  /** The instances that had it. */
  tried: Channel | undefined = undefined;
  triedBefore: Channel[] | undefined = undefined;

  /** What policies and balancers keep; there once a call of a route with a policy has used the record. */
  attempts: AttemptState | undefined = undefined;

  // The request's way: `sendRequest`.
  log = new RequestLog();
  /** The client has ended its side. */
  requestEnded = false;
  halfCloseSent = false;
  /** Bytes of the message at hand that are still to be sent as fragments; 0 between messages. */
  requestLeft = 0;
  requestCompressed = false;
  /** Cost units that may be sent. */
  sendCredit = 0;
  payloadFrames = 0;
  creditFrames = 0;

  // The reply's way: `ReplyForwarder`.
  /** Response headers went to the client. */
  headersSent = false;
  /** A header came, so no other may follow. */
  headerSeen = false;
  /** A payload came, so no header may follow. */
  payloadSeen = false;
  readonly replySlices = new SliceTracker();
  /** Cost units that the instance may still send. */
  replyCredit = 0;
  /** Cost of payloads that the client's writer has not taken. */
  replyHeld = 0;
  /** When that writer last took some of it, or when it began to hold. */
  replyTakenMs = 0;
  /** Cost taken by the client's writer and not yet returned to the instance. */
  replyOwed = 0;
  // `CreditGrowth`: the window of the reply.
  creditWindow = 0;
  creditSpan = 0;
  creditSinceMs = -1;
  creditCaughtUp = false;
  /** Octets of trailers that wait behind such payloads. */
  trailersHeld = 0;

  // The channel's side: `Channel`, `CallTable`, `TurnRing`, `ControlQueue`.
  channel: Channel | undefined = undefined;
  callId = 0;
  tableNext: CallRecord | undefined = undefined;
  ringPrevious: CallRecord | undefined = undefined;
  ringNext: CallRecord | undefined = undefined;
  inRing = false;
  controlPrevious: CallRecord | undefined = undefined;
  controlNext: CallRecord | undefined = undefined;
  inControl = false;
  /** Cancel to be written; 0: none. */
  cancelPending: CancelMode | 0 = 0;
  /** Credit to be written. */
  creditPending = 0;
  stuckReported = false;

  /** What metrics keep of it. */
  readonly sample = new CallSample();
  /** Those who follow it, if somebody does. */
  following: Following | undefined = undefined;

  /** Its place among the records in use: `CallPool`. */
  poolIndex = -1;

  // `TimerWheel` and `WaitingRoom`.
  wheelDueMs = 0;
  wheelSlot = -1;
  wheelPrevious: this | undefined = undefined;
  wheelNext: this | undefined = undefined;
  waitingBytes = 0;
  waitingIndex = -1;
  yieldIndex = -1;
  waitingOrder = 0;
  waitingIn: WaitingPlace | undefined = undefined;

  constructor(route: MethodRoute) {
    this.route = route;
  }

  get nowMs(): number {
    return this.route.service.nowMs;
  }

  get hasKey(): boolean {
    return this.attempts?.hasKey ?? false;
  }

  get keyHigh(): number {
    return this.attempts?.keyHigh ?? 0;
  }

  get keyLow(): number {
    return this.attempts?.keyLow ?? 0;
  }

  avoids(candidate: Candidate): boolean {
    if (candidate === this.tried) return true;
    return this.triedBefore?.some((channel) => channel === candidate) ?? false;
  }

  admits(candidate: Candidate): boolean {
    const { policy } = this.route;
    return policy === undefined || policy.admits(candidate, this.nowMs);
  }

  /** `channel` had an attempt, and others are asked first for the next one. */
  noteTried(channel: Channel): void {
    if (this.tried !== undefined && this.tried !== channel) {
      this.triedBefore ??= [];
      this.triedBefore.push(this.tried);
    }
    this.tried = channel;
  }

  /** Takes from the head what the Start needs; the head's bytes only by reference until `saveHead`. */
  takeHead(head: CallHead): void {
    this.contentType = head.contentType;
    this.contentTypeText = head.contentTypeText;
    this.previousAttempts = head.previousAttempts;
    this.rest = head.rest;
    this.restEnd = head.restEnd;
    this.restIsBorrowed = !head.kept;
    // One that many calls share costs next to nothing, unless a client makes the many heads that look shared.
    if (head.kept && head.restEnd > maxOwnRestBytes) this.#chargeHead();
  }

  saveHead(): void {
    if (!this.restIsBorrowed) return;
    this.#chargeHead();
    this.shedHead();
    if (!this.restIsBorrowed) return;
    this.restIsBorrowed = false;
    if (this.ownRest.length < this.restEnd) {
      // A buffer that the record does not keep has no use for more than this call needs.
      const size = this.restEnd * 2 > maxOwnRestBytes ? this.restEnd : Math.max(128, this.restEnd * 2);
      this.ownRest = new Uint8Array(size);
    }
    copyBytes(this.rest, 0, this.restEnd, this.ownRest, 0);
    this.rest = this.ownRest;
  }

  /**
   * A call on an instance keeps its head only for a second try. Where heads take up too much of the client's memory, the
   * call gives the try up.
   */
  shedHead(): void {
    const { client } = this;
    if (this.restKept === 0 || this.callId === 0 || client === undefined) return;
    const { headerBytes, counters } = client.budget;
    if (client.headBytes <= headerBytes * keptHeadShare) return;
    counters.requestsNotKept++;
    this.commit();
  }

  /** The call stays with the present attempt: nothing of what it was sent is needed again. */
  commit(): void {
    this.log.drop();
    this.dropHead();
  }

  /** Another head in place of its own, which was saved. */
  replaceHead(rest: Uint8Array): void {
    this.dropHead();
    this.rest = rest;
    this.restEnd = rest.length;
    this.#chargeHead();
  }

  dropHead(): void {
    this.rest = nothing;
    this.restEnd = 0;
    this.restIsBorrowed = false;
    if (this.ownRest.length > maxOwnRestBytes) this.ownRest = nothing;
    if (this.restKept === 0) return;
    if (this.client !== undefined) {
      this.client.headBytes -= this.restKept;
      this.client.keptBytes -= this.restKept;
    }
    this.restKept = 0;
  }

  /** Back to the state before the first attempt, for the next one: what was sent counts as not sent. */
  rewind(): void {
    this.log.rewind();
    this.halfCloseSent = false;
    this.requestLeft = 0;
    this.payloadFrames = 0;
    this.creditFrames = 0;
    this.headerSeen = false;
    this.payloadSeen = false;
    if (this.attempts !== undefined) this.attempts.heldHeader = undefined;
    this.replySlices.remaining = 0;
    this.replyOwed = 0;
    this.cancelPending = 0;
    this.creditPending = 0;
    this.callId = 0;
    this.channel = undefined;
  }

  /** When the wheel has to tell of it. */
  get dueMs(): number {
    return this.attempts === undefined ? this.deadlineMs : Math.min(this.deadlineMs, this.attempts.alarmMs);
  }

  /** What policies keep of it, made if it is not there. */
  get attemptState(): AttemptState {
    this.attempts ??= new AttemptState();
    return this.attempts;
  }

  /**
   * The client's side goes to `heir`, another attempt of the same call: stream, deadline, what is known of attempts. What
   * was written to an instance stays here, with nobody behind it.
   */
  handOver(heir: CallRecord): void {
    heir.connection = this.connection;
    heir.stream = this.stream;
    heir.client = this.client;
    heir.source = this.source;
    if (heir.stream?.data === this) heir.stream.data = heir;
    heir.contentType = this.contentType;
    heir.contentTypeText = this.contentTypeText;
    heir.waitForReady = this.waitForReady;
    heir.openedMs = this.openedMs;
    heir.deadlineMs = this.deadlineMs;
    heir.attempt = this.attempt;
    heir.previousAttempts = this.previousAttempts;
    heir.requeues = this.requeues;
    heir.deaths = this.deaths;
    heir.execution = this.execution;
    heir.tried = this.tried;
    heir.triedBefore = this.triedBefore;
    this.sample.handOver(heir.sample);
    if (this.following !== undefined) heir.following = this.following.handOver(heir.following);
    this.attempts?.handOver(heir);
    this.stream = undefined;
    this.connection = undefined;
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** The request goes to `heir`, too: everything that is kept of it. */
  handOverRequest(heir: CallRecord): void {
    this.saveHead();
    const { log } = this;
    this.log = heir.log;
    heir.log = log;
    heir.log.client = this.client;
    this.log.client = this.client;
    const { ownRest } = this;
    heir.rest = this.rest;
    heir.restEnd = this.restEnd;
    heir.restKept = this.restKept;
    this.ownRest = heir.ownRest;
    heir.ownRest = ownRest;
    this.rest = nothing;
    this.restEnd = 0;
    this.restKept = 0;
    heir.requestEnded = this.requestEnded;
  }

  /** Back to what a new record is, but for the buffers. */
  reset(): void {
    this.state = CallState.idle;
    this.connection = undefined;
    this.source = undefined;
    this.stream = undefined;
    this.contentTypeText = "";
    this.waitForReady = false;
    this.dropHead();
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.attempt = 0;
    this.requeues = 0;
    this.deaths = 0;
    this.execution = "none";
    this.tried = undefined;
    this.triedBefore = undefined;
    this.attempts?.reset();
    this.sample.reset();
    this.following = undefined;
    this.log.clear();
    this.log.client = undefined;
    this.client = undefined;
    this.requestEnded = false;
    this.halfCloseSent = false;
    this.requestLeft = 0;
    this.payloadFrames = 0;
    this.creditFrames = 0;
    this.headersSent = false;
    this.headerSeen = false;
    this.payloadSeen = false;
    this.replySlices.remaining = 0;
    this.replyHeld = 0;
    this.replyOwed = 0;
    this.channel = undefined;
    this.callId = 0;
    this.cancelPending = 0;
    this.creditPending = 0;
    this.stuckReported = false;
  }

  #chargeHead(): void {
    const { client } = this;
    if (client === undefined) return;
    this.restKept = this.restEnd;
    client.headBytes += this.restEnd;
    client.keptBytes += this.restEnd;
  }
}
