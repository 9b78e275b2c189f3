// SPDX-License-Identifier: Apache-2.0
import { MAX_OPEN_CALLS } from "@grpc-router/protocol";
import { RECENT_CALLS_MS, SETTLE_CAPACITY_MS } from "../limits.js";

/** Whose share it is. */
export interface ShareOwner {
  nowMs(): number;
  /** A call has begun, or one has ended. */
  onCalls(count: 1 | -1): void;
  /** A router has taken a channel. */
  onJoined(): void;
  /** Calls wait or no longer do, a lowering is settled, a channel is over. */
  onChange(): void;
}

/** Says to the router how many calls may be open on the channel; `token`: to be answered, unless it is 0. */
export type SayCapacity = (calls: number, token: number) => void;

/** Where a channel is, as far as its share goes. */
export type SharePhase =
  /** The hello is out; nobody knows whether the router takes it. */
  | "greeting"
  /** Calls come. */
  | "active"
  /** No call follows; those that run still count. */
  | "retired";

/** A lowering that the router has not confirmed: calls that it sent before may be under way. */
interface Lowering {
  readonly token: number;
  /** What may be used until it is settled. */
  readonly before: number;
  /** When it counts all the same: a router that does not answer. */
  readonly dueMs: number;
}

/** What one channel has of a capacity that several share. `Infinity` stands for a capacity that is not stated. */
export class CapacityShare {
  phase: SharePhase = "greeting";
  /** Calls open on the channel, or still running after its end. */
  open = 0;
  /** Calls that wait at the router because the channel is full, as it says. */
  waiting = 0;
  /** What the router has been told last: at first, by the hello. */
  stated: number;
  statedMs: number;
  /** What it is to have, as soon as it can be said. */
  planned: number;
  /** When it was given something after it had nothing. */
  fedMs = Number.NEGATIVE_INFINITY;
  /** When it was left with nothing. */
  starvedMs: number;
  readonly #owner: ShareOwner;
  readonly #say: SayCapacity;
  #tellsDemand = true;
  #lowerings: Lowering[] = [];
  #lastToken = 0;
  /** Most calls open at once, in the time until `#recentUntilMs`. */
  #recent = 0;
  #recentUntilMs = Number.NEGATIVE_INFINITY;

  constructor(owner: ShareOwner, stated: number, say: SayCapacity) {
    this.#owner = owner;
    this.#say = say;
    this.stated = stated;
    this.planned = stated;
    this.statedMs = owner.nowMs();
    this.starvedMs = this.statedMs;
  }

  // For the channel.

  /** Calls that may be open on the channel now. */
  get mostOpen(): number {
    const { granted } = this;
    return granted === Number.POSITIVE_INFINITY ? MAX_OPEN_CALLS : granted;
  }

  /** One more call may be open. */
  get hasRoom(): boolean {
    return this.open < this.mostOpen;
  }

  /** A call is open. */
  begin(): void {
    this.open++;
    this.#owner.onCalls(1);
  }

  /** A call has ended. */
  end(): void {
    // Nobody plans by the use of a capacity that is not stated; to ask the clock is 2 % of a small call.
    if (this.stated !== Number.POSITIVE_INFINITY) this.#noteUse();
    this.open--;
    this.#owner.onCalls(-1);
  }

  /** The router has taken the channel; `tellsDemand`: it says when calls wait, and answers. */
  welcome(tellsDemand: boolean): void {
    if (this.phase !== "greeting") return;
    this.phase = "active";
    this.#tellsDemand = tellsDemand;
    if (!tellsDemand) this.#lowerings = [];
    this.#owner.onJoined();
  }

  /** The router says how many calls wait because the channel is full, and which statement it goes by. */
  demand(waiting: number, token: number): void {
    if (this.phase === "retired") return;
    this.waiting = waiting;
    this.#lowerings = this.#lowerings.filter((lowering) => lowering.token > token);
    this.#owner.onChange();
  }

  /** No further call comes: it is drained, or over. */
  retire(): void {
    if (this.phase === "retired") return;
    this.phase = "retired";
    this.waiting = 0;
    this.stated = 0; // and so nothing is granted
    this.planned = 0;
    this.#lowerings = [];
    this.#owner.onChange();
  }

  // For the pool.

  /** Most calls that the router may go by, as far as is known here. */
  get granted(): number {
    return this.#lowerings.reduce((most, { before }) => Math.max(most, before), this.stated);
  }

  /** What the others cannot have. */
  get committed(): number {
    return Math.max(this.granted, this.open);
  }

  /** It has nothing, and calls wait for it, or may without anybody knowing. */
  get isStarving(): boolean {
    return this.stated === 0 && (this.waiting > 0 || !this.#tellsDemand);
  }

  /** Calls that it needs room for. `even`: whatever it was to have by the last plan. */
  needed(nowMs: number, even: boolean): number {
    if (this.waiting > 0) return this.open + this.waiting;
    const used = this.#used(nowMs);
    // A router that cannot ask must not be left with nothing.
    return Math.max(even ? used : Math.min(used, this.planned), this.#tellsDemand ? 0 : 1);
  }

  /** When less is used, by time alone; Infinity: never. */
  usedUntilMs(nowMs: number): number {
    return this.#used(nowMs) > this.open ? this.#recentUntilMs : Number.POSITIVE_INFINITY;
  }

  /** When a lowering counts that nobody has answered; Infinity: none is open. */
  get settlesMs(): number {
    return this.#lowerings[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Lowerings that waited too long for an answer count now. */
  settle(nowMs: number): void {
    if (this.settlesMs <= nowMs) this.#lowerings = this.#lowerings.filter(({ dueMs }) => dueMs > nowMs);
  }

  /** Says that `calls` may be open from now on. */
  state(calls: number, nowMs: number): void {
    const isLower = calls < this.stated && this.#tellsDemand;
    if (isLower) {
      const lowering = { token: ++this.#lastToken, before: this.stated, dueMs: nowMs + SETTLE_CAPACITY_MS };
      this.#lowerings.push(lowering);
    }
    if (this.stated === 0) this.fedMs = nowMs;
    if (calls === 0) this.starvedMs = nowMs;
    this.stated = calls;
    this.statedMs = nowMs;
    this.#say(calls, isLower ? this.#lastToken : 0);
  }

  #noteUse(): void {
    const nowMs = this.#owner.nowMs();
    if (this.open < this.#recent && nowMs < this.#recentUntilMs) return;
    this.#recent = this.open;
    this.#recentUntilMs = nowMs + RECENT_CALLS_MS;
  }

  /** Calls open, and those that were until a moment ago. */
  #used(nowMs: number): number {
    return nowMs < this.#recentUntilMs ? Math.max(this.open, Math.min(this.#recent, this.stated)) : this.open;
  }
}
