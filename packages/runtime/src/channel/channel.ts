// SPDX-License-Identifier: Apache-2.0
import { type Connection, ErrorCode, type Stream } from "@grpc-router/http2";
import {
  DRAIN_GRACE_MS,
  encodeRouterControl,
  INITIAL_CREDIT,
  MAX_CHANNEL_BUFFER_BYTES,
  MAX_OPEN_CALLS,
  PONG_WITHIN_MS,
  TRANSPORT_STALL_MS,
} from "@grpc-router/protocol";
import type { Candidate, CandidateLoad } from "../balance/balancer.js";
import { endStream, noTemplate, trailersOk } from "../forward/answer.js";
import type { CallRecord } from "../forward/call-record.js";
import { CallState, type CancelMode } from "../forward/call-state.js";
import type { Forwarder } from "../forward/forwarder.js";
import type { StreamHandler, StreamUser } from "../forward/stream-user.js";
import type { InstanceProfile } from "../registry/instance-profile.js";
import type { MethodTable } from "../registry/method-table.js";
import type { ServiceEntry } from "../registry/service-entry.js";
import { createRouterStatus } from "../status/router-status.js";
import { CallTable } from "./call-table.js";
import { CallWriter, type CallWriterOwner } from "./call-writer.js";
import { type ChannelFault, statusOfFault } from "./channel-fault.js";
import { ChannelOutput, type ChannelOutputOwner } from "./channel-output.js";
import { ChannelWatch } from "./channel-watch.js";
import { FrameReceiver } from "./frame-receiver.js";
import { ReplyBudget } from "./reply-budget.js";

/** Where a channel is in its life. */
export const ChannelState = {
  /** Takes calls. */
  open: 0,
  /** Finishes the calls it has; gets no new ones. */
  draining: 1,
  closed: 2,
} as const;
export type ChannelState = (typeof ChannelState)[keyof typeof ChannelState];

const nothing = new Uint8Array(0);

/** What a channel tells the registry. */
export interface ChannelOwner {
  /** Whether the channel may be picked has changed: it drains, or its health has changed. */
  onAvailability(channel: Channel): void;
  /** A label or a weight has changed. */
  onTraits(channel: Channel): void;
  /** What the instance says of channels it has given up. */
  onPrevious(channel: Channel, previous: PreviousChannel): ChannelFault | undefined;
  /** The channel is gone, and its instance may still say what became of the calls that it holds. */
  onHeld(channel: Channel): void;
  /** It holds no calls any more. */
  onReleased(channel: Channel): void;
  /** The channel is gone; `fault` says why unless it ended in good order. */
  onClosed(channel: Channel, fault: ChannelFault | undefined, note: string): void;
}

/** What an instance states about a channel it has given up. */
export interface PreviousChannel {
  readonly routerId: string;
  readonly epoch: bigint;
  readonly acceptedThrough: bigint;
}

/** Parts of a `Channel`. */
export interface ChannelParts {
  readonly forwarder: Forwarder;
  readonly owner: ChannelOwner;
  readonly connection: Connection<StreamUser>;
  readonly stream: Stream<StreamUser>;
  readonly service: ServiceEntry;
  readonly profile: InstanceProfile;
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
 * (channel.md sections 4, 5 and 7). It decides nothing about a call; that is the forwarder's.
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
  readonly table = new CallTable();
  readonly receiver: FrameReceiver;
  readonly registeredMs: number;
  state: ChannelState = ChannelState.open;
  /** The instance says that it serves. */
  serving = true;
  labels: ReadonlyMap<string, string>;
  weight: number;
  load: CandidateLoad | undefined = undefined;
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
  readonly #budget = new ReplyBudget();
  readonly #defaultCapacity: number;
  readonly #holdLostMs: number;
  #drainReason: "ROUTER_DRAINING" | "SUPERSEDED" = "ROUTER_DRAINING";
  #pings = 0n;

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
    this.instanceId = profile.instanceId;
    this.epoch = parts.epoch;
    this.labels = profile.labels;
    this.weight = profile.weight;
    this.serving = profile.serving;
    this.#defaultCapacity = parts.maxOpenCalls ?? MAX_OPEN_CALLS;
    this.#holdLostMs = parts.holdLostMs ?? 0;
    this.capacity = profile.capacity ?? this.#defaultCapacity;
    this.sendCredit = profile.initialCredit;
    this.maxRequestMessageBytes = profile.maxMessageBytes;
    this.registeredMs = clock.lastMs;
    this.writer = new CallWriter(this, parts.connection, parts.stream, clock);
    this.output = new ChannelOutput(this);
    this.receiver = new FrameReceiver(this, forwarder);
    this.#watch = new ChannelWatch(clock.lastMs, random);
  }

  // Candidate

  get ready(): boolean {
    return !this.output.blocked;
  }

  get openCalls(): number {
    return this.table.size;
  }

  /** It takes calls; not draining, not closed. */
  get open(): boolean {
    return this.state === ChannelState.open;
  }

  /** The channel is among those that may be picked. */
  get available(): boolean {
    return this.open && this.serving;
  }

  // CallWriterOwner and ChannelOutputOwner

  get nextCallId(): number {
    return this.lastCallId + 1;
  }

  methodNumber(call: CallRecord): number {
    return this.methods.number(call.route.index);
  }

  onStarted(call: CallRecord): void {
    call.callId = ++this.lastCallId;
    call.state = CallState.sent;
    this.table.add(call);
  }

  onBlocked(): void {
    this.#watch.blocked(this.#forwarder.context.clock.lastMs);
    this.output.block();
  }

  writeControl(call: CallRecord): boolean {
    return this.writer.control(call);
  }

  writeFrame(frame: Uint8Array): boolean {
    return this.writer.frame(frame);
  }

  turn(call: CallRecord): void {
    this.#forwarder.requests.turn(call, this);
  }

  // What the forwarder does with its calls

  /** The call is on this channel no more: its slot is free. */
  forget(call: CallRecord): void {
    if (call.callId === 0) return;
    this.table.remove(call);
    this.output.ring.remove(call);
    this.output.control.remove(call);
  }

  /** Tells the instance that the call is over; what of its request has not gone is dropped. */
  cancel(call: CallRecord, mode: CancelMode): void {
    call.cancelPending = mode;
    call.creditPending = 0;
    this.output.ring.remove(call);
    this.output.control.add(call);
    this.output.pump();
  }

  /** A client does not take what the instance has sent: the channel's budget, and who holds most of it. */
  hold(call: CallRecord, cost: number): void {
    this.#budget.add(call, cost);
    if (this.#budget.exceeded) this.#cutOffLargest();
  }

  release(call: CallRecord, cost: number): void {
    this.#budget.remove(call, cost);
  }

  // StreamHandler

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    // The window goes back on parse, never on consumption, so that no stalled call delays control.
    this.connection.consume(this.stream, end - start);
    this.#watch.heard(this.#forwarder.context.clock.lastMs);
    this.receiver.receive(bytes, start, end);
    if (endStream && this.state !== ChannelState.closed) this.#onHalfClose();
  }

  onSent(): void {}

  onRoom(): void {
    this.#watch.unblocked();
    this.output.unblock();
    if (this.available && this.ready) this.#forwarder.placement.dispatch(this.service);
  }

  onClosed(): void {
    if (this.state === ChannelState.closed) return;
    this.#stop();
    this.#lose(undefined, "its connection was lost");
  }

  // Life

  /** Takes what the instance says of how much it takes; undefined: as much as the router allows. */
  setCapacity(calls: number | undefined): void {
    this.capacity = calls ?? this.#defaultCapacity;
    if (this.available) this.#forwarder.placement.dispatch(this.service);
  }

  setServing(serving: boolean): void {
    if (serving === this.serving) return;
    this.serving = serving;
    this.#owner.onAvailability(this);
  }

  setTraits(labels: ReadonlyMap<string, string>, weight: number): void {
    this.labels = labels;
    this.weight = weight;
    this.#owner.onTraits(this);
  }

  onPrevious(previous: PreviousChannel): ChannelFault | undefined {
    return this.#owner.onPrevious(this, previous);
  }

  /** The router drains the channel: no Start follows, the instance registers anew. */
  drain(reason: "ROUTER_DRAINING" | "SUPERSEDED", graceMs: number): void {
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
    if (this.state === ChannelState.closed) return;
    const status = statusOfFault(fault);
    this.#stop();
    this.#end(status.literals);
    this.#lose(fault, note ?? status.message);
  }

  /**
   * The instance has given the channel up and states its fate (Previous): nothing above `acceptedThrough` ran or will,
   * which is proof for those calls; all others go by the lost rule.
   */
  giveUp(acceptedThrough: number): void {
    if (this.state !== ChannelState.closed) {
      this.#stop();
      this.#end(createRouterStatus("SUPERSEDED", { instance: this.instanceId }).literals);
      this.#owner.onClosed(this, undefined, "its process gave it up for a new channel");
    }
    for (const call of this.table.list()) {
      if (call.callId > acceptedThrough) this.#forwarder.ending.notRun(call, this);
      else this.#forwarder.ending.lost(call, this);
    }
  }

  /** Looks at the time limits; call often. `judged` false: this process stood still, so nobody is judged now. */
  sweep(nowMs: number, judged: boolean): void {
    switch (this.#watch.judge(nowMs, this.table.size > 0, judged)) {
      case "ping":
        this.output.say("ping", encodeRouterControl({ kind: { case: "ping", value: { token: ++this.#pings } } }));
        break;
      case "dead":
        this.close({ reason: "HEARTBEAT_LOST", facts: { limitMs: PONG_WITHIN_MS } });
        break;
      case "stalled":
        this.close({ reason: "TRANSPORT_STALLED", facts: { limitMs: TRANSPORT_STALL_MS } });
        break;
      case "grace over":
        this.#endDrain();
        break;
      default:
    }
  }

  #beginDrain(): void {
    this.state = ChannelState.draining;
    this.#owner.onAvailability(this);
  }

  /** The grace is over: what still runs is ended for its clients, then the channel. */
  #endDrain(): void {
    for (const call of this.table.list()) {
      const execution = call.state === CallState.accepted ? "started" : "unknown";
      const { instanceId: instance } = this;
      this.#forwarder.ending.fail(call, "INSTANCE_LOST", { method: call.route.path, instance, execution });
    }
    if (this.#drainReason === "SUPERSEDED") this.close({ reason: "SUPERSEDED", facts: { instance: this.instanceId } });
    else this.close({ reason: "ROUTER_DRAINING", facts: {} });
  }

  /** The instance has ended its side: in good order after a drain with no call left, else the channel is lost. */
  #onHalfClose(): void {
    if (this.state !== ChannelState.draining || this.table.size > 0) {
      this.close({ reason: "INSTANCE_DRAINING", facts: {} }, "it ended its stream without draining");
      return;
    }
    this.#stop();
    endStream(this.connection, this.stream, trailersOk, nothing);
    this.#lose(undefined, "drained");
  }

  #end(literals: Uint8Array): void {
    const { connection, stream } = this;
    if (!connection.closed && !stream.localEnded) endStream(connection, stream, noTemplate, literals);
  }

  /** From here on nothing is read or written, and the engine's word that the stream is over changes nothing. */
  #stop(): void {
    this.state = ChannelState.closed;
    this.receiver.stop();
  }

  #lose(fault: ChannelFault | undefined, note: string): void {
    this.#owner.onClosed(this, fault, note);
    // Whoever lost the connection may come back and say what became of its calls; a peer at fault is not believed.
    const holds = this.#holdLostMs > 0 && (fault === undefined || fault.reason === "HEARTBEAT_LOST");
    for (const call of this.table.list()) {
      if (holds && call.state === CallState.sent) this.#forwarder.ending.hold(call);
      else this.#forwarder.ending.lost(call, this);
    }
    if (this.table.size === 0) return;
    this.#owner.onHeld(this);
    this.#forwarder.context.clock.after(this.#holdLostMs, () => this.#endHold());
  }

  /** Nobody came: the lost rule. */
  #endHold(): void {
    this.#owner.onReleased(this);
    for (const call of this.table.list()) this.#forwarder.ending.lost(call, this);
  }

  #cutOffLargest(): void {
    const { largest } = this.#budget;
    if (largest === undefined) return;
    this.#forwarder.context.logger.log(
      "warn",
      "buffer_limit",
      `A call of ${largest.route.path} is ended (BUFFER_LIMIT): clients of ${this.instanceId} leave more than ${MAX_CHANNEL_BUFFER_BYTES} bytes unread, and this one ${largest.replyHeld}`,
      { instance: this.instanceId, method: largest.route.path, heldBytes: largest.replyHeld },
    );
    // RST_STREAM with ENHANCE_YOUR_CALM reads as RESOURCE_EXHAUSTED; trailers would have to queue behind the bytes.
    this.#forwarder.ending.cutOff(largest, ErrorCode.enhanceYourCalm);
  }
}
