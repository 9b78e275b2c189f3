// SPDX-License-Identifier: Apache-2.0
import type { Connection, Stream } from "@grpc-router/http2";
import {
  CallTable,
  CreditGrowth,
  DRAIN_GRACE_MS,
  encodeRouterControl,
  Feature,
  INITIAL_CREDIT,
  MAX_OPEN_CALLS,
  StatusCode,
  TRANSPORT_STALL_MS,
} from "@grpc-router/protocol";
import type { Candidate, CandidateLoad } from "../balance/balancer.js";
import type { Grant } from "../credentials/registration-gate.js";
import type { CallRecord } from "../forward/call-record.js";
import { CallState, type CancelMode } from "../forward/call-state.js";
import type { Forwarder } from "../forward/forwarder.js";
import type { StreamHandler, StreamUser } from "../forward/stream-user.js";
import { noLabelSet } from "../metrics/label-sets.js";
import type { InstanceProfile } from "../registry/instance-profile.js";
import type { MethodTable } from "../registry/method-table.js";
import type { ServiceEntry } from "../registry/service-entry.js";
import { OutlierStats } from "../resilience/outlier-stats.js";
import { CallWriter, type CallWriterOwner } from "./call-writer.js";
import { ChannelEnd, type DrainReason } from "./channel-end.js";
import type { ChannelFault } from "./channel-fault.js";
import { ChannelOutput, type ChannelOutputOwner } from "./channel-output.js";
import type { ChannelOwner, PreviousChannel } from "./channel-owner.js";
import { ChannelState } from "./channel-state.js";
import { ChannelWatch } from "./channel-watch.js";
import { ChannelWeight } from "./channel-weight.js";
import { Demand } from "./demand.js";
import { FrameReceiver } from "./frame-receiver.js";
import { pongWithinMs } from "./heartbeat.js";
import { pingFrame } from "./ping-frame.js";
import { ReplyBudget } from "./reply-budget.js";

/** Parts of a `Channel`. */
export interface ChannelParts {
  readonly forwarder: Forwarder;
  readonly owner: ChannelOwner;
  readonly connection: Connection<StreamUser>;
  readonly stream: Stream<StreamUser>;
  readonly service: ServiceEntry;
  readonly profile: InstanceProfile;
  readonly grant: Grant;
  readonly methods: MethodTable;
  /** Rises with every channel of this router process. */
  readonly epoch: bigint;
  /** Open calls of an instance that states no capacity. Default `MAX_OPEN_CALLS`. */
  readonly maxOpenCalls?: number | undefined;
  /** As `RouterOptions.holdLostMs`. Default 0. */
  readonly holdLostMs?: number | undefined;
}

/**
 * One registration channel, seen from the router: which calls are on it, what it may still take, and how it ends
 * (docs/channel.md sections 4, 5 and 7). It decides nothing about a call; that is the forwarder's.
 */
export class Channel implements Candidate, StreamHandler, CallWriterOwner, ChannelOutputOwner {
  readonly service: ServiceEntry;
  readonly methods: MethodTable;
  readonly profile: InstanceProfile;
  readonly instanceId: string;
  readonly epoch: bigint;
  readonly connection: Connection<StreamUser>;
  readonly stream: Stream<StreamUser>;
  readonly writer: CallWriter;
  readonly output: ChannelOutput;
  readonly table = new CallTable<CallRecord>();
  readonly receiver: FrameReceiver;
  readonly budget: ReplyBudget;
  /** Of the windows of replies. */
  readonly growth: CreditGrowth;
  /** How it ends. */
  readonly end: ChannelEnd;
  readonly registeredMs: number;
  state: ChannelState = ChannelState.open;
  /** What lets it register; the registry looks after it. */
  grant: Grant;
  /** The instance says that it serves. */
  serving = true;
  /** An operator keeps new calls from it; those that it has go on. */
  withdrawn = false;
  labels: ReadonlyMap<string, string>;
  /** Those of its labels by which metrics tell instances apart. */
  labelSet: number;
  readonly weights: ChannelWeight;
  load: CandidateLoad | undefined = undefined;
  loadMs = Number.NEGATIVE_INFINITY;
  /** False while it is ejected for its failures. */
  healthy = true;
  readonly outlierStats = new OutlierStats();
  capacity: number;
  /** Credit of each call's request direction at its start. */
  readonly sendCredit: number;
  /** Credit of each call's reply direction at its start. */
  readonly replyCredit: number = INITIAL_CREDIT;
  readonly maxRequestMessageBytes: number;
  /** The id of the last Start. */
  lastCallId = 0;
  /** Calls up to this id may have reached user code. */
  acceptedThrough = 0;
  /** The last id that the instance runs; above the last Start until it drains. */
  drainedThrough = Number.MAX_SAFE_INTEGER;
  readonly #forwarder: Forwarder;
  readonly #owner: ChannelOwner;
  readonly #watch: ChannelWatch;
  /** Undefined if the instance does not ask for it. */
  readonly #demand: Demand | undefined;
  #drainReason: DrainReason = "ROUTER_DRAINING";
  #pings = 0;
  /** When the calls of a withdrawn instance are ended. */
  #callsEndMs: number = Number.POSITIVE_INFINITY;
  /** Whose turn it was when there was room last: calls that wait to begin, or data of those under way. */
  #startsFirst = false;

  constructor(parts: ChannelParts) {
    const { forwarder, profile } = parts;
    const { clock, random } = forwarder.context;
    this.#forwarder = forwarder;
    this.#owner = parts.owner;
    this.connection = parts.connection;
    this.stream = parts.stream;
    this.service = parts.service;
    this.methods = parts.methods;
    this.profile = profile;
    this.grant = parts.grant;
    this.instanceId = profile.instanceId;
    this.epoch = parts.epoch;
    this.labels = profile.labels;
    this.labelSet = this.#labelSetOf(profile.labels);
    this.weights = new ChannelWeight(profile.weight, parts.service.slowStart, clock.lastMs);
    this.serving = profile.serving;
    this.capacity = profile.capacity ?? parts.maxOpenCalls ?? MAX_OPEN_CALLS;
    this.sendCredit = profile.initialCredit;
    this.maxRequestMessageBytes = profile.maxMessageBytes;
    this.registeredMs = clock.lastMs;
    this.writer = new CallWriter(this, parts.connection, parts.stream, clock);
    this.output = new ChannelOutput(this, this.writer);
    this.receiver = new FrameReceiver(this, forwarder);
    this.budget = new ReplyBudget(profile.instanceId, forwarder);
    this.growth = new CreditGrowth(this.replyCredit, forwarder.context.counters);
    this.end = new ChannelEnd(this, parts);
    this.#watch = new ChannelWatch(clock.lastMs, random);
    this.#demand = profile.features.includes(Feature.demand) ? new Demand(this.output) : undefined;
  }

  // Candidate

  get ready(): boolean {
    return !this.output.blocked && (this.healthy || this.service.policy.panics);
  }

  get openCalls(): number {
    return this.table.size;
  }

  get weight(): number {
    return this.weights.effective;
  }

  /** It takes calls; not draining, not closed. */
  get open(): boolean {
    return this.state === ChannelState.open;
  }

  /** The channel is among those that may be picked. */
  get available(): boolean {
    return this.open && this.serving && !this.withdrawn;
  }

  // CallWriterOwner and ChannelOutputOwner

  get nextCallId(): number {
    return this.lastCallId + 1;
  }

  get address(): string {
    return this.profile.address;
  }

  methodNumber(call: CallRecord): number {
    return this.methods.number(call.route.index);
  }

  onStarted(call: CallRecord): void {
    call.callId = ++this.lastCallId;
    call.state = CallState.sent;
    this.table.add(call);
    const { policy, metrics } = call.route;
    if (metrics !== undefined) call.sample.beginAttempt(metrics, call, this.#forwarder.context.clock);
    if (policy !== undefined) this.#forwarder.attempts.began(call, policy);
  }

  onBlocked(): void {
    this.#watch.blocked(this.#forwarder.context.clock.lastMs);
    this.output.block();
  }

  turn(call: CallRecord): void {
    this.#forwarder.requests.turn(call, this);
  }

  // What the forwarder does with its calls

  /** The call is on this channel no more: its slot is free. */
  forget(call: CallRecord): void {
    if (call.callId === 0) return;
    // Of one whose end nobody has told by now, none is known: the channel is lost.
    this.countAttempt(call, StatusCode.unavailable);
    if (call.attempts !== undefined) this.#forwarder.attempts.left(call);
    if (call.creditWindow > this.replyCredit) this.growth.end(call);
    this.table.remove(call);
    this.output.ring.remove(call);
    this.output.control.remove(call);
  }

  /** The attempt that is here has ended with `code`, if nobody has told yet. */
  countAttempt(call: CallRecord, code: number): void {
    const { clock } = this.#forwarder.context;
    call.sample.endAttempt(call.route.metrics, call, code, clock, this.labelSet);
    call.following?.attemptEnded(code, clock.lastMs);
  }

  /** Tells the instance that the call is over; what of its request has not gone is dropped. */
  cancel(call: CallRecord, mode: CancelMode): void {
    call.cancelPending = mode;
    call.creditPending = 0;
    this.output.ring.remove(call);
    this.output.control.add(call);
    this.output.pump();
  }

  // StreamHandler

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    // The window goes back on parse, never on consumption, so that no stalled call delays control.
    this.connection.consume(this.stream, end - start);
    this.#watch.heard(this.#forwarder.context.clock.lastMs);
    this.receiver.receive(bytes, start, end);
    if (endStream) this.end.halfClosed();
  }

  onSent(): void {}

  onRoom(): void {
    this.#watch.unblocked();
    this.output.unblock();
    // In turns: data that always fills the transport must not keep calls from beginning, nor the other way round.
    this.#startsFirst = !this.#startsFirst;
    if (this.#startsFirst) this.#dispatch();
    this.output.pump();
    if (!this.#startsFirst) this.#dispatch();
  }

  onClosed(): void {
    this.end.connectionLost();
  }

  // Life

  /** Takes what the instance says of how much it takes; it hears of it if it gives a `token`. */
  setCapacity(calls: number, token: number): void {
    this.capacity = calls;
    this.#dispatch();
    if (token !== 0) this.#demand?.answer(token, this.#waiting, this.#forwarder.context.clock.lastMs);
  }

  /** Says anew how many calls wait for room here, if that has changed. */
  tellDemand(nowMs: number): void {
    if (this.open) this.#demand?.update(this.#waiting, nowMs);
  }

  setServing(serving: boolean): void {
    if (serving === this.serving) return;
    this.serving = serving;
    if (serving) this.weights.restart(this.#forwarder.context.clock.lastMs);
    this.#owner.onAvailability(this);
  }

  /** An operator keeps new calls from it; those that it has may go on for `graceMs`. */
  withdraw(graceMs: number): void {
    this.#callsEndMs = this.#forwarder.context.clock.lastMs + graceMs;
    if (this.withdrawn) return;
    this.withdrawn = true;
    this.#owner.onAvailability(this);
  }

  /** It gets calls again. */
  resume(): void {
    if (!this.withdrawn) return;
    this.withdrawn = false;
    this.#callsEndMs = Number.POSITIVE_INFINITY;
    this.weights.restart(this.#forwarder.context.clock.lastMs);
    this.#owner.onAvailability(this);
  }

  /** An operator orders its weight, or (undefined) leaves it to the instance again. */
  orderWeight(weight: number | undefined): void {
    this.weights.order(weight, this.#forwarder.context.clock.lastMs);
    this.#owner.onTraits(this);
  }

  setTraits(labels: ReadonlyMap<string, string>, weight: number): void {
    this.labels = labels;
    this.labelSet = this.#labelSetOf(labels);
    this.weights.state(weight, this.#forwarder.context.clock.lastMs);
    this.#owner.onTraits(this);
  }

  onPrevious(previous: PreviousChannel): ChannelFault | undefined {
    return this.#owner.onPrevious(this, previous);
  }

  /** The router drains the channel: no Start follows, the instance registers anew. */
  drain(reason: DrainReason, graceMs: number): void {
    if (this.state === ChannelState.closed) return;
    this.#watch.drains(this.#forwarder.context.clock.lastMs + graceMs);
    if (this.state === ChannelState.draining) return;
    this.#drainReason = reason;
    this.#beginDrain();
    const drain = { reason, lastCallId: BigInt(this.lastCallId), graceMs: Math.ceil(graceMs) };
    this.output.say("drain", encodeRouterControl({ kind: { case: "drain", value: drain } }));
  }

  /** A newer channel of the instance has taken over. */
  supersede(): void {
    this.drain("SUPERSEDED", DRAIN_GRACE_MS);
  }

  /** The instance drains: it runs nothing above `lastCallId`, which is proof for those calls. */
  instanceDrains(lastCallId: number): void {
    this.drainedThrough = Math.min(this.drainedThrough, lastCallId);
    if (this.state === ChannelState.open) this.#beginDrain();
    for (const call of this.table.list()) {
      if (call.callId > this.drainedThrough) this.#forwarder.ending.notRun(call, this);
    }
  }

  /** Ends the channel with a reason; its calls go by the lost rule. */
  close(fault: ChannelFault, note?: string): void {
    this.end.close(fault, note);
  }

  /** Looks at the time limits; call often. `judged` false: this process stood still, so nobody is judged now. */
  sweep(nowMs: number, judged: boolean): void {
    this.tellDemand(nowMs);
    if (nowMs >= this.#callsEndMs) {
      this.#callsEndMs = Number.POSITIVE_INFINITY;
      for (const call of this.table.list()) this.#forwarder.ending.giveUp(call);
    }
    if (this.weights.grow(nowMs)) this.service.touch();
    const busy = this.table.size > 0;
    switch (this.#watch.judge(nowMs, busy, judged)) {
      case "ping":
        this.output.say("ping", pingFrame(++this.#pings));
        break;
      case "dead":
        this.close({ reason: "HEARTBEAT_LOST", facts: { limitMs: pongWithinMs(busy) } });
        break;
      case "stalled":
        this.close({ reason: "TRANSPORT_STALLED", facts: { limitMs: TRANSPORT_STALL_MS } });
        break;
      case "grace over":
        this.end.graceOver(this.#drainReason);
        break;
      default:
    }
  }

  /** Calls that wait for an instance get their turn, if they may go here. */
  #dispatch(): void {
    if (this.available && this.ready) this.#forwarder.placement.dispatch(this.service);
  }

  /** Calls that wait because the channel is full; what waits for its transport waits for no capacity. */
  get #waiting(): number {
    if (!this.available || this.openCalls < this.capacity) return 0;
    return this.service.countWaiting(this.methods);
  }

  #labelSetOf(labels: ReadonlyMap<string, string>): number {
    return this.#forwarder.context.metrics?.labelSets.intern(labels) ?? noLabelSet;
  }

  #beginDrain(): void {
    this.state = ChannelState.draining;
    this.#owner.onAvailability(this);
  }
}
