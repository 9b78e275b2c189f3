// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { noLabelSet } from "./label-sets.js";
import type { MethodMetrics } from "./method-metrics.js";

/** A call whose head has come. */
interface Opened {
  readonly openedMs: number;
}

/** What the end of a call says beside its status. */
export interface EndedCall extends Opened {
  /** Attempts before the last one. */
  readonly attempt: number;
  /** The instance that had it last. */
  readonly channel: { readonly labelSet: number } | undefined;
}

/** What the end of an attempt says beside its status. */
export interface EndedAttempt extends Opened {
  /** What is kept of a call with policies or hooks, which may go on when an attempt has ended. */
  readonly attempts: object | undefined;
}

/** Where the time is; a number of its own would be an allocation for each call that takes it. */
interface LastTime {
  /** Milliseconds of `Scheduler.nowMs`. */
  readonly lastMs: number;
}

/** No time yet; a double from the start, as clocks give it. */
const unset = Number.NEGATIVE_INFINITY;

/** No attempt has answered the call. */
const unanswered = -1;

/** What metrics keep of a call under way; a record of calls has one for good. Times are those of `Scheduler.nowMs`. */
export class CallSample {
  /** Where the end of the call is to be counted; undefined: it is counted, or nobody counts. */
  method: MethodMetrics | undefined = undefined;
  /** An attempt is under way whose end is not counted. */
  isSent = false;
  // A time is a number of its own in memory, which most calls need not touch.
  /** From the head of the call to the attempt; undefined: it was sent in the same turn. */
  attemptAfterMs: number | undefined = undefined;
  /**
   * Label set of the instance whose attempt has just answered the call, which ends in the same turn: as most calls do, and
   * one sample tells of both. `unanswered`: none has.
   */
  answeredBy = unanswered;
  /** It waits for an instance. */
  isQueued = false;
  /** Since when. */
  queuedMs: number = unset;
  /** Bytes of messages that the attempt at hand, or the last one, sent to the instance, and of those that came back. */
  requestBytes = 0;
  replyBytes = 0;

  /** The head of the call has come. */
  begin(method: MethodMetrics | undefined): void {
    if (method === undefined) return;
    method.started++;
    this.method = method;
  }

  /** The client has its answer, with this status, or has gone. A second end counts as none. */
  end(call: EndedCall, code: number, clock: LastTime): void {
    const { method, answeredBy } = this;
    if (method === undefined) return;
    this.method = undefined;
    this.answeredBy = unanswered;
    const answers = code === StatusCode.ok && answeredBy !== unanswered ? method.answersOf(answeredBy) : undefined;
    if (answers === undefined) this.#endApart(method, call, code, clock, answeredBy);
    else answers.record(microsFrom(call.openedMs, clock), this.requestBytes, this.replyBytes);
  }

  /** An attempt is sent to an instance. */
  beginAttempt(method: MethodMetrics, { openedMs }: Opened, clock: LastTime): void {
    method.attemptsStarted++;
    this.isSent = true;
    this.attemptAfterMs = clock.lastMs === openedMs ? undefined : clock.lastMs - openedMs;
    this.requestBytes = 0;
    this.replyBytes = 0;
    if (this.isQueued) this.#leaveQueue(method, clock);
  }

  /** The attempt has ended, or nobody waits for it any more. A second end counts as none. */
  endAttempt(
    method: MethodMetrics | undefined,
    call: EndedAttempt,
    code: number,
    clock: LastTime,
    labelSet: number,
  ): void {
    if (!this.isSent || method === undefined) return;
    this.isSent = false;
    const endsCall = code === StatusCode.ok && call.attempts === undefined && this.method !== undefined;
    if (endsCall && this.attemptAfterMs === undefined) this.answeredBy = labelSet;
    else this.#endAttemptApart(method, call, code, clock, labelSet);
  }

  /** The client's side goes to another attempt of the call. */
  handOver(heir: CallSample): void {
    heir.method = this.method;
    this.method = undefined;
  }

  reset(): void {
    this.method = undefined;
    this.isSent = false;
    this.answeredBy = unanswered;
    this.isQueued = false;
    this.requestBytes = 0;
    this.replyBytes = 0;
  }

  /** It waits for an instance, if it did not already. */
  enterQueue(clock: LastTime): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.queuedMs = clock.lastMs;
  }

  // What few calls need stays out of the way: compilers inline what comes with each of them, up to a sum of sizes.

  #endApart(method: MethodMetrics, call: EndedCall, code: number, clock: LastTime, answeredBy: number): void {
    if (this.isQueued) this.#leaveQueue(method, clock);
    const { requestBytes, replyBytes } = this;
    const tookUs = microsFrom(call.openedMs, clock);
    if (answeredBy !== unanswered) {
      // The client was told something else, or there is no room for the labels.
      method.seriesOfAttempts(StatusCode.ok, answeredBy).record(tookUs, requestBytes, replyBytes);
    }
    method.countCall(code, call.channel?.labelSet ?? noLabelSet, call.attempt);
    method.seriesOfCalls(code).record(tookUs, replyBytes, requestBytes);
  }

  #endAttemptApart(method: MethodMetrics, call: Opened, code: number, clock: LastTime, labelSet: number): void {
    const tookUs = microsFrom(call.openedMs + (this.attemptAfterMs ?? 0), clock);
    method.seriesOfAttempts(code, labelSet).record(tookUs, this.requestBytes, this.replyBytes);
  }

  #leaveQueue(method: MethodMetrics, clock: LastTime): void {
    method.service.queueWait.record(microsFrom(this.queuedMs, clock));
    this.isQueued = false;
  }
}

function microsFrom(startMs: number, { lastMs }: LastTime): number {
  return Math.round((lastMs - startMs) * 1_000);
}
