// SPDX-License-Identifier: Apache-2.0
import type { Scheduler, Timer } from "@grpc-router/http2";
import { MAX_CAPACITY_PER_SECOND } from "@grpc-router/protocol";
import { CAPACITY_REST_MS, CAPACITY_TURN_MS } from "../limits.js";
import { CapacityShare, type SayCapacity, type ShareOwner } from "./capacity-share.js";
import { planShares } from "./plan-shares.js";

const RESTATE_MS = 1_000 / MAX_CAPACITY_PER_SECOND;

/**
 * The calls of one service that a process may have open, shared by its channels to all routers. What the routers may go by
 * never sums to more than the total: a share is lowered and confirmed before another one is raised. Shares follow the calls
 * that wait; without any they rest, and after a while are even again. An idle pool says nothing and has no timer.
 */
export class CapacityPool implements ShareOwner {
  /** Channels that there will be, those that are not there yet included: a hello states no more than its part. */
  expected = 1;
  open = 0;
  readonly #scheduler: Scheduler;
  readonly #shares: CapacityShare[] = [];
  #total: number;
  /** When the shares are to be made even, unless calls wait; Infinity: they may stay. */
  #evenFromMs = Number.POSITIVE_INFINITY;
  /** A call that ends may make room for another channel. */
  #isUneasy = false;
  #timer: Timer | undefined;
  #isMoving = false;
  #isStale = false;

  /** `calls` undefined: the capacity is not stated, and every router pushes. */
  constructor(scheduler: Scheduler, calls: number | undefined) {
    this.#scheduler = scheduler;
    this.#total = calls ?? Number.POSITIVE_INFINITY;
  }

  /** `Infinity`: not stated. */
  get total(): number {
    return this.#total;
  }

  /** Calls that may be open from now on; those that are stay. */
  set total(calls: number) {
    this.#total = calls;
    this.onChange();
  }

  /** A new channel: its hello says `stated`, later `say` is called. */
  join(say: SayCapacity): CapacityShare {
    const share = new CapacityShare(this, this.#firstShare(), say);
    this.#shares.push(share);
    return share;
  }

  nowMs(): number {
    return this.#scheduler.nowMs();
  }

  onCalls(count: 1 | -1): void {
    this.open += count;
    if (count < 0 && this.#isUneasy) this.onChange();
  }

  onJoined(): void {
    this.#evenFromMs = this.nowMs();
    this.onChange();
  }

  onChange(): void {
    // What is said may let frames go that end calls.
    this.#isStale = true;
    if (this.#isMoving) return;
    this.#isMoving = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#update();
      }
    } finally {
      this.#isMoving = false;
    }
  }

  #update(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#forgetGone();
    if (this.#total === Number.POSITIVE_INFINITY) return;
    const nowMs = this.nowMs();
    for (const share of this.#shares) share.settle(nowMs);
    const dueMs = this.#move(nowMs);
    if (dueMs === Number.POSITIVE_INFINITY || this.#isStale) return;
    this.#timer = this.#scheduler.after(Math.max(0, dueMs - nowMs), () => this.onChange());
  }

  /** What is free, and no more than a part: whoever may be refused must not take it from those that serve. */
  #firstShare(): number {
    if (this.#total === Number.POSITIVE_INFINITY) return this.#total;
    return Math.min(this.#free(), Math.ceil(this.#total / Math.max(this.expected, 1)));
  }

  #free(): number {
    return Math.max(
      0,
      this.#shares.reduce((free, share) => free - share.committed, this.#total),
    );
  }

  #forgetGone(): void {
    for (let index = this.#shares.length - 1; index >= 0; index--) {
      const share = this.#shares[index];
      if (share?.phase === "retired" && share.open === 0) this.#shares.splice(index, 1);
    }
  }

  /** States what can be stated now. When to look again; Infinity: when something happens. */
  #move(nowMs: number): number {
    const live = this.#shares.filter(({ phase }) => phase !== "retired");
    const left = this.#shares.reduce((sum, { phase, open }) => (phase === "retired" ? sum + open : sum), 0);
    const isContended = live.length > 1 && live.some(({ waiting }) => waiting > 0);
    if (isContended) this.#evenFromMs = nowMs + CAPACITY_REST_MS;
    const isEven = !isContended && nowMs >= this.#evenFromMs;
    if (isEven || live.length < 2) this.#evenFromMs = Number.POSITIVE_INFINITY;
    this.#plan(live, Math.max(0, this.#total - left), nowMs, isEven);
    let dueMs = Number.POSITIVE_INFINITY;
    for (const share of live) {
      if (share.planned < share.stated) dueMs = Math.min(dueMs, this.#state(share, share.planned, nowMs));
    }
    for (const share of live) {
      // Never more than the others leave, whatever the plan.
      const calls = Math.min(share.planned, share.committed + this.#free());
      if (calls > share.stated) dueMs = Math.min(dueMs, this.#state(share, calls, nowMs));
    }
    this.#isUneasy = isContended || left > 0 || live.some(({ planned, stated }) => planned !== stated);
    const nextMs = isContended ? this.#nextTurn(live, nowMs) : this.#evenFromMs;
    return Math.min(dueMs, nextMs, ...live.map(({ settlesMs }) => settlesMs));
  }

  #plan(live: CapacityShare[], total: number, nowMs: number, even: boolean): void {
    live.sort((one, other) => this.#compare(one, other, nowMs));
    const facts = live.map((share) => ({
      needed: share.needed(nowMs, even),
      open: share.open,
      kept: share.planned,
      cap: share.phase === "greeting" ? share.stated : Number.POSITIVE_INFINITY,
    }));
    for (const [index, calls] of planShares(facts, { total, even }).entries()) {
      const share = live[index];
      if (share !== undefined) share.planned = calls;
    }
  }

  /** Infinity if it is said, else when it may be. */
  #state(share: CapacityShare, calls: number, nowMs: number): number {
    const fromMs = share.statedMs + RESTATE_MS;
    if (nowMs < fromMs) return fromMs;
    share.state(calls, nowMs);
    return Number.POSITIVE_INFINITY;
  }

  /** When time alone changes who gets what. */
  #nextTurn(live: readonly CapacityShare[], nowMs: number): number {
    const isStarved = live.some(({ isStarving }) => isStarving);
    return live.reduce((dueMs, share) => {
      const turnMs = isStarved && this.#isInTurn(share, nowMs) ? share.fedMs + CAPACITY_TURN_MS : dueMs;
      return Math.min(dueMs, turnMs, share.usedUntilMs(nowMs));
    }, Number.POSITIVE_INFINITY);
  }

  /**
   * Who goes first where there is not enough for all: whose turn it is, then who has nothing, the longest first, then who
   * has most, so that little moves.
   */
  #compare(one: CapacityShare, other: CapacityShare, nowMs: number): number {
    const rank = (share: CapacityShare): number => (this.#isInTurn(share, nowMs) ? 0 : share.isStarving ? 1 : 2);
    const byRank = rank(one) - rank(other);
    if (byRank !== 0) return byRank;
    return rank(one) === 1 ? one.starvedMs - other.starvedMs : other.planned - one.planned;
  }

  #isInTurn(share: CapacityShare, nowMs: number): boolean {
    return share.stated > 0 && nowMs < share.fedMs + CAPACITY_TURN_MS;
  }
}
