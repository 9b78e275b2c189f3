// SPDX-License-Identifier: Apache-2.0

import { create, type DescMethod, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { statusName } from "@grpc-router/protocol";
import type {
  AttemptFollower,
  CallFollower,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
  MessagePiece,
  WatchedCall,
} from "@grpc-router/runtime";
import { type TapEvent, TapEventSchema } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { READER_QUEUE_BYTES, TAP_EVENTS_PER_SECOND } from "../limits.js";
import { preciseDuration } from "./durations.js";
import type { Kept as KeptOf, ReaderQueue } from "./reader-queue.js";
import { headOf, sizeOfHead } from "./tap-head.js";
import { GatheringRoom, MessageGatherer, tapMessageOf } from "./tap-messages.js";

type Kept = KeptOf<TapEvent>;

/** Which calls are told; all of it must hold. */
export interface TapFilter {
  /** `pkg.Service/Method` or `pkg.Service`; empty: all. */
  readonly method: string;
  /** Empty: all. */
  readonly instance: string;
  /** First values by name. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly failed: boolean;
  /** Milliseconds; undefined: any. */
  readonly slowerMs: number | undefined;
  /** Share of the calls, by lot. */
  readonly sample: number;
  /** Calls in all; Infinity: it goes on. */
  readonly count: number;
  /** Octets of each message that are told; undefined: messages are not. */
  readonly messageBytes: number | undefined;
}

/** Clock and lot of a tap. */
export interface TapPorts {
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** The schema of a method, `pkg.Service/Method`; undefined: it is not known. */
  readonly schema: (method: string) => DescMethod | undefined;
}

/** Octets of an event beside its texts, or so. */
const EVENT_BYTES = 200;

/** Writes what happens to the calls that a filter lets through into a queue. */
export class CallTap implements CallWatcher {
  readonly filter: TapFilter;
  readonly ports: TapPorts;
  readonly room = new GatheringRoom();
  readonly #queue: ReaderQueue<TapEvent>;
  /** Octets of events of calls of which it is not yet known whether they are told. */
  #heldBytes = 0;
  #second = -1;
  #eventsInSecond = 0;
  #watched = 0;
  #told = 0;
  /** Told calls that have not ended. */
  #open = 0;
  #isClosed = false;

  constructor(filter: TapFilter, queue: ReaderQueue<TapEvent>, ports: TapPorts) {
    this.filter = filter;
    this.#queue = queue;
    this.ports = ports;
  }

  /** All calls that were asked for have ended. */
  get isOver(): boolean {
    return this.#told >= this.filter.count && this.#open === 0;
  }

  /** Its reader has gone; calls that it follows may go on for days. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Nobody reads any more. */
  close(): void {
    this.#isClosed = true;
    this.#queue.take();
    this.#queue.wake();
  }

  watch(call: WatchedCall): CallFollower | undefined {
    if (this.#told >= this.filter.count || !this.#matches(call)) return undefined;
    const { sample } = this.filter;
    if (sample < 1 && this.ports.random() >= sample) return undefined;
    if (this.#mayTell()) return new TappedCall(this, ++this.#watched, call);
    this.#queue.passOver();
    return undefined;
  }

  /** The call is to be told. False: there were enough before it. */
  tell(held: readonly Kept[]): boolean {
    this.drop(held);
    if (this.#told >= this.filter.count) return false;
    this.#told++;
    this.#open++;
    for (const kept of held) this.#queue.push(kept);
    return true;
  }

  /** A told call has ended. */
  end(): void {
    this.#open--;
    if (this.isOver) this.#queue.wake();
  }

  push(kept: Kept): void {
    this.#queue.push(kept);
  }

  /** Room for an event of a call that may come to be told. False: there is none. */
  hold({ sizeBytes }: Kept): boolean {
    if (this.#heldBytes + sizeBytes > READER_QUEUE_BYTES) {
      this.#queue.lose(1);
      return false;
    }
    this.#heldBytes += sizeBytes;
    return true;
  }

  /** Such events are not held any more. */
  drop(held: readonly Kept[]): void {
    for (const { sizeBytes } of held) this.#heldBytes -= sizeBytes;
  }

  countEvent(): void {
    this.#eventsInSecond++;
  }

  /** A message may be told. False: there are too many, and this one is lost. */
  mayTellMessage(): boolean {
    if (this.#mayTell()) return true;
    this.#queue.lose(1);
    return false;
  }

  #mayTell(): boolean {
    const second = Math.floor(this.ports.wallMs() / 1_000);
    if (second !== this.#second) this.#eventsInSecond = 0;
    this.#second = second;
    return this.#eventsInSecond < TAP_EVENTS_PER_SECOND;
  }

  #matches(call: WatchedCall): boolean {
    const { method, metadata } = this.filter;
    if (method !== "" && method !== call.service && method !== call.path.slice(1)) return false;
    for (const name in metadata) if (call.metadata(name) !== metadata[name]) return false;
    return true;
  }
}

type TapInit = MessageInitShape<typeof TapEventSchema>;

/** A call that is watched, and told once the filter is sure. */
class TappedCall implements CallFollower {
  readonly #tap: CallTap;
  readonly #number: bigint;
  readonly #openedMs: number;
  #state: "held" | "told" | "dropped" = "held";
  #held: Kept[] = [];
  #instanceSeen: boolean;
  readonly #request: MessageGatherer | undefined;
  readonly #reply: MessageGatherer | undefined;
  readonly #schema: DescMethod | undefined;

  constructor(tap: CallTap, number: number, call: WatchedCall) {
    this.#tap = tap;
    this.#number = BigInt(number);
    this.#openedMs = call.openedMs;
    this.#instanceSeen = tap.filter.instance === "";
    const { messageBytes } = tap.filter;
    if (messageBytes !== undefined) {
      this.#request = new MessageGatherer(tap.room, messageBytes);
      this.#reply = new MessageGatherer(tap.room, messageBytes);
      this.#schema = tap.ports.schema(call.path.slice(1));
    }
    const value = headOf(call);
    this.#add({ case: "head", value }, sizeOfHead(value));
    this.#decide(undefined);
  }

  request(piece: MessagePiece): void {
    if (this.#isDropped()) return;
    this.#addMessage(this.#request?.add(piece), { reply: false, schema: this.#schema?.input });
  }

  reply(piece: MessagePiece): void {
    if (this.#isDropped()) return;
    this.#addMessage(this.#reply?.add(piece), { reply: true, schema: this.#schema?.output });
  }

  attempt({ instance, attempt }: FollowedAttempt): AttemptFollower | undefined {
    if (this.#isDropped()) return undefined;
    this.#request?.reset();
    this.#add({ case: "attempt", value: { instance, attempt: attempt + 1 } });
    if (instance === this.#tap.filter.instance) this.#instanceSeen = true;
    this.#decide(undefined);
    return {
      ended: (code) => this.#add({ case: "attemptEnd", value: { instance, status: statusName(code) } }),
    };
  }

  ended(end: FollowedEnd): void {
    if (this.#isDropped()) return;
    this.#request?.reset();
    this.#reply?.reset();
    this.#add({ case: "end", value: this.#endOf(end) });
    this.#decide(end);
    if (this.#state === "told") this.#tap.end();
    else this.#drop();
  }

  /** Nothing more is told of it, nor kept for it. */
  #isDropped(): boolean {
    if (this.#state !== "dropped" && this.#tap.isClosed) this.#drop();
    return this.#state === "dropped";
  }

  #addMessage(...[message, about]: [ReturnType<MessageGatherer["add"]>, Parameters<typeof tapMessageOf>[1]]): void {
    if (message === undefined || !this.#tap.mayTellMessage()) return;
    const value = tapMessageOf(message, about);
    this.#add({ case: "message", value }, value.data.length + value.json.length);
  }

  #endOf({ code, reason = "", nowMs, requestBytes, replyBytes, attempts, instance = "" }: FollowedEnd) {
    return {
      status: statusName(code),
      reason,
      duration: preciseDuration(nowMs - this.#openedMs),
      requestBytes: BigInt(requestBytes),
      replyBytes: BigInt(replyBytes),
      attempts,
      instance,
    };
  }

  #add(event: NonNullable<TapInit["event"]>, sizeBytes = 0): void {
    if (this.#isDropped()) return;
    this.#tap.countEvent();
    const time = timestampFromMs(this.#tap.ports.wallMs());
    const message = create(TapEventSchema, { call: this.#number, time, event });
    const kept = { event: message, sizeBytes: EVENT_BYTES + sizeBytes };
    if (this.#state === "told") this.#tap.push(kept);
    else if (this.#tap.hold(kept)) this.#held.push(kept);
  }

  /** Tells the call if nothing that may still happen can forbid it. */
  #decide(end: FollowedEnd | undefined): void {
    if (this.#state !== "held" || !this.#instanceSeen) return;
    const { failed, slowerMs } = this.#tap.filter;
    if (failed && (end === undefined || end.code === 0)) return;
    if (slowerMs !== undefined && (end === undefined || end.nowMs - this.#openedMs <= slowerMs)) return;
    const held = this.#held;
    this.#held = [];
    if (this.#tap.tell(held)) this.#state = "told";
    else this.#drop();
  }

  #drop(): void {
    this.#state = "dropped";
    this.#tap.drop(this.#held);
    this.#held = [];
    this.#request?.reset();
    this.#reply?.reset();
  }
}
