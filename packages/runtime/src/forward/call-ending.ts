// SPDX-License-Identifier: Apache-2.0
import { CANCEL_CONFIRM_MS, type Reason, type ReasonFacts, StatusCode } from "@grpc-router/protocol";
import type { Channel } from "../channel/channel.js";
import type { Following } from "../follow/following.js";
import { judgeLost, judgeNotRun, type Verdict } from "../resilience/lost-rule.js";
import type { RouterStatus } from "../status/router-status.js";
import { encodeStatusLiterals } from "../status/status-literals.js";
import { sendStatus } from "./answer.js";
import type { CallRecord } from "./call-record.js";
import { CallState, CancelMode } from "./call-state.js";
import type { ClientAccount } from "./client-account.js";
import { executionOf } from "./execution-of.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";
import { lostStatus } from "./lost-status.js";
import { reroute } from "./reroute.js";

/**
 * Everything that ends a call or an attempt other than the instance's own answer: the caller's going, deadlines,
 * limits, lost channels, proof that it did not run. The columns of docs/channel.md section 4, router side, read downwards.
 */
export class CallEnding {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
  }

  /**
   * The router ends the call: the client gets this status, with the time in milliseconds after which it may try again if
   * one is given, the instance, if there is one, a Cancel ABORT.
   */
  fail<R extends Reason>(call: CallRecord, reason: R, facts: ReasonFacts<R>, retryAfterMs?: number): void {
    if (reroute(this.#forwarder, call, reason) || this.#isRival(call)) return;
    const about = { execution: executionOf(call) };
    const options = retryAfterMs === undefined ? about : { ...about, retryAfterMs };
    const status = this.#context.statuses.get(reason, facts, options);
    if (call.attempts !== undefined) this.#endAttempts(call, reason);
    if (!this.#stop(call, isDeadline(reason) ? CancelMode.deadline : CancelMode.abort)) return;
    this.answer(call, status);
    this.settle(call);
  }

  /** The router's program ends the call with a status of its own. */
  refuse(call: CallRecord, status: { readonly code: number; readonly message: string }): void {
    this.#forwarder.attempts.dropRivals(call);
    if (!this.#stop(call, CancelMode.abort)) return;
    call.attempts?.gate?.close();
    this.#forwarder.interceptions.ended(call, status.code, status.message);
    this.count(call, status.code);
    sendStatus(call, { literals: encodeStatusLiterals(status) });
    this.settle(call);
  }

  /** The time for it is over on this side: a drain's grace has passed, or the router closes. */
  giveUp(call: CallRecord): void {
    if (call.state === CallState.queued || call.state === CallState.backoff) {
      this.fail(call, "ROUTER_DRAINING", {});
      return;
    }
    if (call.attempts?.race !== undefined && this.#forwarder.attempts.hedging.retire(call)) return;
    const instance = call.channel?.instanceId ?? "none";
    this.fail(call, "INSTANCE_LOST", { method: call.route.path, instance, execution: executionOf(call) });
  }

  /** What the router keeps for the call's connection leaves no room for it. */
  overMemory(call: CallRecord, client: ClientAccount): void {
    const { memoryBytes, headerBytes } = client.budget;
    const limit = client.isFullOfHeads ? `${headerBytes} bytes of metadata` : `${memoryBytes} bytes`;
    this.fail(call, "CONNECTION_MEMORY", { method: call.route.path, limit });
  }

  /** The router ends the call by resetting its stream, since what waits for the client must go, too. */
  cutOff(call: CallRecord, errorCode: number): void {
    const { connection, stream } = call;
    this.#context.counters.reasons.BUFFER_LIMIT++;
    this.count(call, StatusCode.resourceExhausted, "BUFFER_LIMIT");
    // `onClosed` follows at once and does what a caller's going does.
    if (connection !== undefined && stream !== undefined) connection.reset(stream, errorCode);
  }

  /** Metrics, and who follows the call: the client has its answer, with this code, or has gone; if they have not been told. */
  count(call: CallRecord, code: number, reason?: Reason): void {
    const { clock } = this.#context;
    call.sample.end(call, code, clock);
    if (call.following !== undefined) tellFollowers(call, call.following, code, reason, clock.lastMs);
  }

  /** The client's stream is over, whoever ended it. */
  clientGone(call: CallRecord): void {
    // Nearly always they have been told.
    if (call.sample.method !== undefined || call.following !== undefined) this.count(call, StatusCode.cancelled);
    call.stream = undefined;
    call.connection = undefined;
    if (call.replyHeld > 0 || call.trailersHeld > 0) this.#forwarder.replies.credit.forget(call);
    if (call.attempts !== undefined) {
      this.#forwarder.attempts.dropRivals(call);
      this.#forwarder.interceptions.ended(call, StatusCode.cancelled, "the caller has gone");
    }
    this.#stop(call, CancelMode.abort);
    if (call.state === CallState.cancelling) this.#linger(call);
    this.settle(call);
  }

  /** The time that the call waited for in the wheel has come: its deadline, or the end of patience with its Cancel. */
  due(call: CallRecord): void {
    const { route } = call;
    if (
      call.attempts !== undefined &&
      this.#context.clock.lastMs < call.deadlineMs &&
      call.state !== CallState.cancelling
    ) {
      this.#forwarder.attempts.onAlarm(call);
      return;
    }
    switch (call.state) {
      case CallState.backoff:
      case CallState.queued:
        if (call.waitingIndex < 0) this.fail(call, "CALL_DEADLINE", { method: route.path, instance: "none" });
        else this.expire(call);
        return;
      case CallState.sent:
      case CallState.accepted:
      case CallState.held:
      case CallState.done: // its answer waits for hooks
        this.fail(call, "CALL_DEADLINE", { method: route.path, instance: call.channel?.instanceId ?? "none" });
        return;
      case CallState.cancelling:
        this.#reportStuck(call);
        return;
      default:
        return;
    }
  }

  /** The instance has ended the call, or what it says of the call is worth nothing any more: the slot is free. */
  endChannelSide(call: CallRecord, channel: Channel): void {
    channel.forget(call);
    this.#finish(call);
  }

  /** The attempt is over, and another one has the call. */
  done(call: CallRecord, channel: Channel): void {
    this.endChannelSide(call, channel);
    this.settle(call);
  }

  /** Nobody waits for the attempt any more: the instance is told, and holds its slot until it confirms. */
  abandon(call: CallRecord, isDeadline: boolean): void {
    if (call.state === CallState.sent || call.state === CallState.accepted) {
      this.#cancel(call, isDeadline ? CancelMode.deadline : CancelMode.abort);
      return;
    }
    call.channel?.forget(call);
    this.#finish(call);
    this.settle(call);
  }

  /** The channel of a sent call is lost, and the instance may still say what became of it. */
  hold(call: CallRecord): void {
    call.state = CallState.held;
  }

  /** The deadline of a waiting call passed before its turn came. */
  expire(call: CallRecord): void {
    const { route } = call;
    this.fail(call, "QUEUE_DEADLINE", { method: route.path, service: route.service.name });
  }

  /** The channel of a sent, accepted or cancelling call is lost: the lost rule. */
  lost(call: CallRecord, channel: Channel): void {
    if (call.attempts !== undefined && call.state !== CallState.cancelling) {
      this.#forwarder.attempts.ended(call, StatusCode.unavailable);
    }
    if (this.#isAnswered(call, channel)) return;
    call.deaths++;
    const { policy } = call.route;
    if (call.attempts !== undefined && this.#goesOnWithout(call, channel)) return;
    const verdict = judgeLost({
      state: call.state === CallState.accepted ? "accepted" : "sent",
      // Where a retry policy speaks of lost channels, it has spoken.
      mayRepeat: call.route.idempotent && policy?.retry?.isRetryable(StatusCode.unavailable) !== true,
      // With hooks a message may be on its way before headers are.
      forwarded: call.headersSent || call.payloadSeen,
      kept: call.log.kept,
      requeues: call.requeues,
      deaths: call.deaths,
      execution: call.execution,
    });
    this.#apply(call, channel, verdict);
  }

  /** Policies take the loss of an attempt's channel for a failure. True: the call goes on without it. */
  #goesOnWithout(call: CallRecord, channel: Channel): boolean {
    const { attempts } = this.#forwarder;
    const { policy, idempotent } = call.route;
    // What would end a race the lost rule repeats; then the other attempts can stay, too.
    if (idempotent && policy?.hedging?.isFatal(StatusCode.unavailable) === true) {
      return attempts.hedging.leave(call, channel);
    }
    return attempts.failed(call, channel, StatusCode.unavailable, undefined);
  }

  /** Proof that the attempt did not run: not_run, a Drain below the id, Previous. */
  notRun(call: CallRecord, channel: Channel): void {
    if (this.#isAnswered(call, channel)) return;
    if (call.attempts !== undefined && this.#forwarder.attempts.hedging.notRun(call, channel)) return;
    const verdict = judgeNotRun({
      state: call.state === CallState.accepted ? "accepted" : "sent",
      kept: call.log.kept,
      requeues: call.requeues,
      deaths: call.deaths,
      execution: call.execution,
    });
    this.#apply(call, channel, verdict);
  }

  /** Gives the record back if nobody needs it any more. */
  settle(call: CallRecord): void {
    if (call.state === CallState.done && call.stream === undefined) this.#context.pool.give(call);
  }

  /** A call whose client has its answer has nothing to lose: only the slot is freed. */
  #isAnswered(call: CallRecord, channel: Channel): boolean {
    channel.forget(call);
    if (call.state !== CallState.cancelling) return false;
    this.#finish(call);
    this.settle(call);
    return true;
  }

  #apply(call: CallRecord, channel: Channel, verdict: Verdict): void {
    if (verdict.action === "requeue") {
      call.execution = verdict.execution;
      call.requeues++;
      if (verdict.countsAsAttempt) call.attempt++;
      call.noteTried(channel);
      call.rewind();
      call.state = CallState.queued;
      this.#forwarder.placement.place(call);
      return;
    }
    this.#finish(call);
    if (verdict.action === "end") {
      const status = lostStatus(this.#context.statuses, call, channel, verdict);
      if (call.attempts?.gate?.keepEnd({ status }) !== true) this.answer(call, status);
    }
    this.settle(call);
  }

  /** Gives the client its status. */
  answer(call: CallRecord, status: RouterStatus): void {
    const { counters } = this.#context;
    counters.reasons[status.reason]++;
    call.attempts?.gate?.close();
    const reply = call.headersSent ? undefined : call.route.policy?.fallback?.replyFor(status.reason);
    if (reply !== undefined && this.#forwarder.replies.answer(call, reply)) {
      counters.fallbacks.replied++;
      return;
    }
    if (call.attempts !== undefined) this.#forwarder.interceptions.ended(call, status.code, status.message);
    this.count(call, status.code, status.reason);
    sendStatus(call, status);
  }

  /** Takes the call from wherever it is. False: its client has its answer, or will. */
  #stop(call: CallRecord, mode: CancelMode): boolean {
    switch (call.state) {
      case CallState.queued:
      case CallState.backoff:
        this.#forwarder.placement.withdraw(call);
        this.#finish(call);
        return true;
      case CallState.held:
        call.channel?.forget(call);
        this.#finish(call);
        return true;
      case CallState.sent:
      case CallState.accepted:
        this.#cancel(call, mode);
        return true;
      case CallState.done:
        return call.attempts?.gate?.owesEnd === true;
      default:
        return false;
    }
  }

  /** Tells the instance; the slot stays taken until it confirms (CVE-2025-8671). */
  #cancel(call: CallRecord, mode: CancelMode): void {
    call.state = CallState.cancelling;
    call.channel?.countAttempt(call, mode === CancelMode.deadline ? StatusCode.deadlineExceeded : StatusCode.cancelled);
    call.log.clear();
    call.dropHead();
    call.deadlineMs = Number.POSITIVE_INFINITY;
    if (call.attempts !== undefined) call.attempts.alarmMs = Number.POSITIVE_INFINITY;
    this.#context.wheel.insert(call, this.#context.clock.lastMs + CANCEL_CONFIRM_MS);
    call.channel?.cancel(call, mode);
  }

  #finish(call: CallRecord): void {
    call.state = CallState.done;
    if (call.attempts !== undefined) this.#forwarder.attempts.leaveBudget(call);
    if (call.wheelSlot >= 0) this.#context.wheel.remove(call);
    if (call.lingers) call.client?.release(call);
    call.log.clear();
    call.dropHead();
  }

  /** Whether the client waits on another attempt of the call, which then goes on without this one. */
  #isRival(call: CallRecord): boolean {
    const race = call.attempts?.race;
    if (race === undefined || race.holder === call) return false;
    return this.#forwarder.attempts.hedging.retire(call);
  }

  /** The call ends here for its client: what policies make of its attempts does, too. */
  #endAttempts(call: CallRecord, reason: Reason): void {
    if (isDeadline(reason)) this.#forwarder.attempts.ended(call, StatusCode.deadlineExceeded);
    this.#forwarder.attempts.dropRivals(call);
  }

  /** The client's slot stays taken, too, as long as anyone may believe that the instance will confirm. */
  #linger(call: CallRecord): void {
    if (!call.stuckReported) call.client?.linger(call);
  }

  /**
   * Patience with a Cancel is over. The instance's slot stays taken, since the work may go on; the client gets its own
   * back, or one instance that hangs would lock out whoever called it. The bound is not the call's deadline: that is the
   * client's choice, and who resets calls to make work would choose a short one.
   */
  #reportStuck(call: CallRecord): void {
    if (call.stuckReported) return;
    call.stuckReported = true;
    if (call.lingers) {
      this.#context.counters.slotsGivenUp++;
      call.client?.release(call);
    }
    const instance = call.channel?.instanceId ?? "none";
    this.#context.logger.log(
      "warn",
      "call_stuck",
      `${instance} has not confirmed within ${CANCEL_CONFIRM_MS} ms that a cancelled ${call.route.path} has ended; the call keeps its slot`,
      { instance, method: call.route.path, callId: call.callId },
    );
  }
}

function tellFollowers(
  { channel, tried, sample }: CallRecord,
  following: Following,
  code: number,
  reason: Reason | undefined,
  nowMs: number,
): void {
  following.ended({
    code,
    reason,
    nowMs,
    instance: (channel ?? tried)?.instanceId,
    attempts: following.attempts,
    requestBytes: sample.requestBytes,
    replyBytes: sample.replyBytes,
  });
}

function isDeadline(reason: Reason): boolean {
  return reason === "CALL_DEADLINE" || reason === "ATTEMPT_TIMEOUT";
}
