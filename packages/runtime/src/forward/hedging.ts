// SPDX-License-Identifier: Apache-2.0
import type { Channel } from "../channel/channel.js";
import type { HedgeState, HedgingPolicy } from "../resilience/hedging-policy.js";
import { judgeHedge } from "../resilience/judge-hedge.js";
import type { Pushback } from "../resilience/pushback.js";
import type { Attempts } from "./attempts.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import { copyRequest } from "./copy-request.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";
import { Race } from "./race.js";

/** How often a hedge that is due looks whether the request has come whole by now, in milliseconds. */
const requestCheckMs = 16;

/**
 * Attempts that run at the same time (gRFC A6, hedging). Each is a record of its own on its own instance, with a copy of
 * the request; one of them has the client's side, and whoever answers first gets it. The others are cancelled, and hold
 * their slots until their instances confirm.
 */
export class Hedging {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;
  readonly #attempts: Attempts;

  constructor(forwarder: Forwarder, attempts: Attempts) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
    this.#attempts = attempts;
  }

  /** An attempt was sent. The first of a call starts its race. */
  began(call: CallRecord, policy: HedgingPolicy): void {
    const state = call.attemptState;
    if (state.race !== undefined && call.stream === undefined) return;
    state.race ??= new Race(call);
    this.#scheduleNext(call, state.race, policy);
  }

  /** It is time for the next attempt of the call that `holder` has the client's side of. */
  add(holder: CallRecord, policy: HedgingPolicy): void {
    const race = holder.attempts?.race;
    if (race === undefined || race.stopped || !keepsRequest(holder)) return;
    if (!holder.requestEnded) {
      this.#setDue(holder, this.#context.clock.lastMs + Math.max(policy.delayMs, requestCheckMs));
      return;
    }
    if (!policy.maySend(this.#stateOf(holder, race))) return;
    this.#send(holder, race);
    this.#scheduleNext(holder, race, policy);
  }

  /** `call` answers: the race is over, and the client's side is its own. */
  won(call: CallRecord): void {
    const race = call.attempts?.race;
    if (race === undefined) return;
    const { holder } = race;
    if (holder !== undefined && holder !== call) this.#give(holder, call);
    this.#setDue(call, Number.POSITIVE_INFINITY);
    this.drop(call);
  }

  /**
   * `call` has ended on `channel` with `code`, which is not OK. True: the call goes on without this attempt. False: this
   * is its last word, and there is no race any more.
   */
  failed(call: CallRecord, channel: Channel, code: number, pushback: Pushback | undefined): boolean {
    const race = call.attempts?.race;
    const policy = call.route.policy?.hedging;
    if (race === undefined || policy === undefined) return false;
    const holder = race.holder ?? call;
    if (pushback === "stop") race.stopped = true;
    const mayFollow = !race.stopped && holder.requestEnded && keepsRequest(holder);
    const nowMs = this.#context.clock.lastMs;
    const dueMs = mayFollow ? policy.nextDueMs(race.sent, holder.previousAttempts, nowMs) : Number.POSITIVE_INFINITY;
    const about = { ...this.#stateOf(holder, race), code, pushback, open: race.members.length - 1, dueMs };
    const verdict = judgeHedge(policy, about, nowMs);
    if (verdict.action === "win" || verdict.action === "fail") {
      this.won(call);
      return false;
    }
    holder.noteTried(channel);
    if (verdict.action === "send") this.#send(holder, race);
    race.remove(call);
    const [heir] = race.members;
    if (heir === undefined) {
      // None under way, none to come: nobody could take another attempt, and the client hears of this one.
      if (verdict.action === "wait") return this.#goOnAlone(call, channel, race, verdict.dueMs);
      call.attemptState.race = undefined;
      return false;
    }
    if (holder === call) this.#give(call, heir);
    const next = race.holder ?? heir;
    if (verdict.action === "send") this.#scheduleNext(next, race, policy);
    else if (verdict.dueMs !== Number.POSITIVE_INFINITY || race.stopped) this.#setDue(next, verdict.dueMs);
    this.#forwarder.ending.done(call, channel);
    return true;
  }

  /** `call` provably did not run on `channel`. True: others go on, and it was no attempt. False: it is to be sent again. */
  notRun(call: CallRecord, channel: Channel): boolean {
    const race = call.attempts?.race;
    if (!this.leave(call, channel)) return false;
    if (race !== undefined) race.sent--;
    return true;
  }

  /** The attempt on `channel` says nothing about the call, which may be sent again. True: others go on without it. */
  leave(call: CallRecord, channel: Channel): boolean {
    if (!this.#part(call)) return false;
    this.#forwarder.ending.done(call, channel);
    return true;
  }

  /** The router ends this attempt, which says nothing about the others. True: they go on without it. */
  retire(call: CallRecord): boolean {
    const { race } = call.attemptState;
    const { channel } = call;
    if (!this.#part(call)) return false;
    if (channel !== undefined) race?.holder?.noteTried(channel);
    this.#forwarder.ending.abandon(call, false);
    return true;
  }

  /** Cancels all that race with `call`, and the race is over. */
  drop(call: CallRecord): void {
    const state = call.attemptState;
    const { race } = state;
    state.race = undefined;
    for (const member of race?.members ?? []) {
      if (member === call) continue;
      member.attemptState.race = undefined;
      this.#forwarder.ending.abandon(member, false);
    }
  }

  /** Takes `call` out of its race, and the client's side from it. False: no other is under way, and all stays. */
  #part(call: CallRecord): boolean {
    const race = call.attempts?.race;
    const heir = race?.members.find((member) => member !== call);
    if (race === undefined || heir === undefined) return false;
    const { holder } = race;
    race.remove(call);
    if (holder === call) this.#give(call, heir);
    return true;
  }

  /** No other attempt is under way: the record itself waits for the next one's time. */
  #goOnAlone(call: CallRecord, channel: Channel, race: Race, dueMs: number): true {
    channel.forget(call);
    call.execution = "started";
    call.rewind();
    call.attempt = race.sent++;
    race.members.push(call);
    call.state = CallState.backoff;
    this.#attempts.enterBudget(call);
    this.#setDue(call, dueMs);
    return true;
  }

  #stateOf(holder: CallRecord, race: Race): HedgeState {
    const { service, policy } = holder.route;
    const { throttle, budget } = policy?.service ?? {};
    return { attempts: race.sent, throttle, budget, openCalls: budget === undefined ? 0 : service.countOpen() };
  }

  /** Sends a copy of the request to another instance, if one can take it now; a hedge never waits. */
  #send(holder: CallRecord, race: Race): void {
    const { pool, counters } = this.#context;
    const rival = pool.take(holder.route);
    const state = rival.attemptState;
    rival.state = CallState.queued;
    copyRequest(holder, rival);
    if (holder.attempts !== undefined) state.inherit(holder.attempts);
    state.race = race;
    rival.deadlineMs = holder.deadlineMs;
    rival.attempt = race.sent++;
    rival.previousAttempts = holder.previousAttempts;
    rival.tried = holder.tried;
    rival.triedBefore = holder.triedBefore?.slice();
    for (const { channel } of race.members) if (channel !== undefined) rival.noteTried(channel);
    const channel = this.#forwarder.placement.pick(rival);
    if (channel === undefined || rival.avoids(channel) || !this.#forwarder.requests.start(rival, channel)) {
      pool.give(rival);
    } else if (isUnderWay(rival)) {
      counters.hedges++;
      this.#attempts.enterBudget(rival);
      race.members.push(rival);
    } else holder.noteTried(channel); // its messages are shorter than the request, and the attempt is over
  }

  /** The client's side of `from` goes to `heir`. */
  #give(from: CallRecord, heir: CallRecord): void {
    const race = heir.attempts?.race;
    from.handOver(heir);
    heir.attemptState.race = race;
    this.#attempts.rearm(from);
    this.#attempts.rearm(heir);
  }

  #setDue(holder: CallRecord, dueMs: number): void {
    holder.attemptState.alarmMs = dueMs;
    this.#attempts.rearm(holder);
  }

  #scheduleNext(holder: CallRecord, race: Race, policy: HedgingPolicy): void {
    const { clock } = this.#context;
    const dueMs = policy.nextDueMs(race.sent, holder.previousAttempts, clock.lastMs);
    this.#setDue(holder, policy.delayMs > 0 ? dueMs : Number.POSITIVE_INFINITY);
    if (policy.delayMs > 0 || dueMs === Number.POSITIVE_INFINITY) return;
    // All at once; behind the write that is under way, which this is called from.
    clock.defer(() => {
      const { holder: now } = race;
      if (now?.attempts?.race === race && !now.headersSent) this.add(now, policy);
    });
  }
}

/** It was begun, and the router has not ended it for what is wrong with it. */
function isUnderWay({ state }: CallRecord): boolean {
  return state === CallState.sent;
}

/** The whole request is there for another attempt. Saving its head may show that there is no memory for one. */
function keepsRequest(call: CallRecord): boolean {
  call.saveHead();
  return call.log.kept;
}
