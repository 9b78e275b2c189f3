// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { Channel } from "../channel/channel.js";
import { type FailedAttempt, judgeRetry } from "../resilience/judge-retry.js";
import type { Pushback } from "../resilience/pushback.js";
import type { RoutePolicy } from "../resilience/route-policy.js";
import { wheelSlotMs } from "../resilience/timer-wheel.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";
import { Hedging } from "./hedging.js";

/** One record for all verdicts, which are reached one at a time. */
const failed: { -readonly [Name in keyof FailedAttempt]: FailedAttempt[Name] } = {
  code: 0,
  pushback: undefined,
  attempts: 0,
  retriesSincePushback: 0,
  committed: false,
  kept: false,
  previousAttempts: 0,
  remainingMs: 0,
  throttle: undefined,
  budget: undefined,
  openCalls: 0,
};

/**
 * What policies make of the attempts of calls: they are told how each begins and ends, and say whether another follows.
 * Only calls of routes with a policy ever get here.
 */
export class Attempts {
  readonly hedging: Hedging;
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
    this.hedging = new Hedging(forwarder, this);
  }

  /** The Start of an attempt is written to `channel`. */
  began(call: CallRecord, policy: RoutePolicy): void {
    const nowMs = this.#context.clock.lastMs;
    const state = call.attemptState;
    state.watched = true;
    state.counted = true;
    if (call.channel !== undefined) policy.begin(state, call.channel, nowMs);
    if (policy.retry !== undefined) {
      // Without a limit the wheel has the call's deadline already.
      if (policy.retry.limitsAttempts) this.#setAlarm(call, policy.retry.attemptEndMs(nowMs));
    } else if (policy.hedging !== undefined) this.hedging.began(call, policy.hedging);
  }

  /** How the attempt at hand ended, if nobody has been told yet. */
  ended(call: CallRecord, code: number, pushback?: Pushback): void {
    const { attempts: state, channel } = call;
    const { policy } = call.route;
    if (state?.watched !== true || policy === undefined || channel === undefined) return;
    const { clock, random } = this.#context;
    // That time ran out says nothing of an instance that was given little of it: `left` will say that nobody knows.
    if (code === StatusCode.deadlineExceeded && hadOnlyTheRest(call, clock.lastMs)) return;
    state.watched = false;
    policy.end(state, channel, { code, pushback, nowMs: clock.lastMs }, random);
  }

  /** The slot of the attempt at hand is free. An outcome that nobody told by now is none: the caller went, or it did not run. */
  left(call: CallRecord): void {
    const { attempts: state, channel } = call;
    const { policy, service } = call.route;
    if (state === undefined || policy === undefined || channel === undefined) return;
    if (state.watched) policy.abandon(state, channel);
    state.watched = false;
    if (!state.counted) return;
    state.counted = false;
    policy.leave(channel);
    if (policy.isLimited && service.room.count > 0)
      this.#context.clock.defer(() => this.#forwarder.placement.dispatch(service));
  }

  /**
   * The attempt on `channel` has failed with `code`, and its slot is free or will be (gRFC A6). True: another attempt
   * follows; false: the status is the client's.
   */
  #tryAgain(call: CallRecord, channel: Channel, code: number, pushback: Pushback | undefined): boolean {
    const { policy } = call.route;
    if (policy?.retry === undefined) return false;
    // Its place in the budget is the next attempt's.
    this.leaveBudget(call);
    const waitMs = this.#judge(call, policy, code, pushback);
    if (waitMs < 0) return false;
    channel.forget(call);
    this.#next(call, channel, waitMs);
    return true;
  }

  /**
   * The attempt on `channel` has ended with `code`, which is not OK, and with what the instance says of further ones.
   * True: the call goes on without it; false: the status is the client's.
   */
  failed(call: CallRecord, channel: Channel, code: number, pushback: Pushback | undefined): boolean {
    this.ended(call, code, pushback);
    return this.hedging.failed(call, channel, code, pushback) || this.#tryAgain(call, channel, code, pushback);
  }

  /** It is a retry or a hedge, and counts in the budget, also while it waits for its time or for an instance. */
  enterBudget(call: CallRecord): void {
    if (call.attemptState.isRetry) return;
    call.attemptState.isRetry = true;
    call.route.policy?.service.budget?.enter();
  }

  /** That attempt is over, in whatever way, or goes elsewhere. */
  leaveBudget(call: CallRecord): void {
    const { attempts: state } = call;
    if (state?.isRetry !== true) return;
    state.isRetry = false;
    call.route.policy?.service.budget?.leave();
  }

  /** What it waited for beside its deadline has come. */
  onAlarm(call: CallRecord): void {
    this.#setAlarm(call, Number.POSITIVE_INFINITY);
    const { policy } = call.route;
    if (call.state === CallState.backoff) {
      call.state = CallState.queued;
      this.#forwarder.placement.place(call);
    } else if (call.state === CallState.sent || call.state === CallState.accepted) {
      if (call.headersSent || call.payloadSeen || policy === undefined) return;
      if (policy.hedging !== undefined) this.hedging.add(call, policy.hedging);
      else this.#timedOut(call, policy);
    }
  }

  /** The call goes elsewhere: what its attempts here have waited for does not matter there. */
  forgetAlarm(call: CallRecord): void {
    if (call.attempts !== undefined) this.#setAlarm(call, Number.POSITIVE_INFINITY);
  }

  /** The call is over for its client: what races for it is cancelled. */
  dropRivals(call: CallRecord): void {
    if (call.attempts?.race !== undefined) this.hedging.drop(call);
  }

  /** `alarmMs` of `Scheduler.nowMs`; Infinity: none. */
  #setAlarm(call: CallRecord, alarmMs: number): void {
    call.attemptState.alarmMs = alarmMs;
    this.rearm(call);
  }

  /** Lets the wheel tell of what the call waits for. */
  rearm(call: CallRecord): void {
    const { dueMs } = call;
    const { wheel } = this.#context;
    if (dueMs !== Number.POSITIVE_INFINITY) wheel.insert(call, dueMs);
    else if (call.wheelSlot >= 0) wheel.remove(call);
  }

  /** The time of an attempt is over. Its slot stays taken until the instance confirms, so another record goes on with the call. */
  #timedOut(call: CallRecord, policy: RoutePolicy): void {
    const { channel, route } = call;
    if (channel === undefined) return;
    this.ended(call, StatusCode.deadlineExceeded);
    // Saving a head may show that there is no memory for a second try.
    call.saveHead();
    const waitMs = this.#judge(call, policy, StatusCode.deadlineExceeded, undefined);
    if (waitMs < 0) {
      const facts = { method: route.path, instance: channel.instanceId, limitMs: policy.retry?.attemptTimeoutMs ?? 0 };
      this.#forwarder.ending.fail(call, "ATTEMPT_TIMEOUT", facts);
      return;
    }
    const heir = this.#context.pool.take(route);
    call.handOver(heir);
    call.handOverRequest(heir);
    this.#forwarder.ending.abandon(call, true);
    this.#next(heir, channel, waitMs);
  }

  /** Milliseconds to wait before the next attempt; below 0: none. */
  #judge(call: CallRecord, policy: RoutePolicy, code: number, pushback: Pushback | undefined): number {
    const { clock, random, counters } = this.#context;
    const { service } = policy;
    failed.code = code;
    failed.pushback = pushback;
    failed.attempts = call.attempt + 1;
    failed.retriesSincePushback = call.attemptState.retriesSincePushback;
    // With hooks a message may be on its way before headers are.
    failed.committed = call.headersSent || call.payloadSeen;
    failed.kept = call.log.kept;
    failed.previousAttempts = call.previousAttempts;
    failed.remainingMs = call.deadlineMs - clock.lastMs;
    failed.throttle = service.throttle;
    failed.budget = service.budget;
    failed.openCalls = service.budget === undefined ? 0 : call.route.service.countOpen();
    const verdict = judgeRetry(policy.retry, failed, random);
    if (verdict.action === "end") {
      counters.retriesRefused[verdict.reason]++;
      return NO_RETRY;
    }
    counters.retries++;
    call.attemptState.retriesSincePushback = verdict.retriesSincePushback;
    return verdict.afterMs;
  }

  #next(call: CallRecord, channel: Channel, waitMs: number): void {
    call.execution = "started";
    call.attempt++;
    call.noteTried(channel);
    call.rewind();
    this.enterBudget(call);
    if (waitMs > 0) {
      call.state = CallState.backoff;
      this.#setAlarm(call, this.#context.clock.lastMs + waitMs);
      return;
    }
    this.#setAlarm(call, Number.POSITIVE_INFINITY);
    call.state = CallState.queued;
    this.#forwarder.placement.place(call);
  }
}

/** Of `#judge`. */
const NO_RETRY = -1;

/** The call's own deadline is over, of which it spent a part elsewhere. */
function hadOnlyTheRest({ attempts, attempt, deadlineMs }: CallRecord, nowMs: number): boolean {
  // An instance may find out a little earlier than the router.
  return nowMs >= deadlineMs - wheelSlotMs && (attempt > 0 || attempts?.waited === true);
}
