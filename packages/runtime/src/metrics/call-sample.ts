// SPDX-License-Identifier: Apache-2.0
import { noLabelSet } from "./label-sets.js";
import type { MethodMetrics } from "./method-metrics.js";

/** What the end of a call says beside its status. */
export interface EndedCall {
  readonly openedMs: number;
  /** Attempts before the last one. */
  readonly attempt: number;
  /** The instance that had it last. */
  readonly channel: { readonly labelSet: number } | undefined;
}

/** Where the time is; a number of its own would be an allocation for each call that takes it. */
interface LastTime {
  /** Milliseconds of `Scheduler.nowMs`. */
  readonly lastMs: number;
}

/** A time that has not come; a double from the start, as clocks give it. */
const never = Number.NEGATIVE_INFINITY;

/** What metrics keep of a call under way; a record of calls has one for good. Times are those of `Scheduler.nowMs`. */
export class CallSample {
  /** Where the end of the call is to be counted; undefined: it is counted, or nobody counts. */
  method: MethodMetrics | undefined = undefined;
  /** When the attempt at hand was sent; -Infinity: none is, or its end is counted. */
  attemptMs: number = never;
  /** Since when it waits for an instance; -Infinity: it does not. */
  queuedMs: number = never;
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
    const { method } = this;
    if (method === undefined) return;
    this.method = undefined;
    if (this.queuedMs !== never) this.#leaveQueue(method, clock);
    method.countCall(code, call.channel?.labelSet ?? noLabelSet, call.attempt);
    const tookUs = Math.round((clock.lastMs - call.openedMs) * 1_000);
    method.seriesOfCalls(code).record(tookUs, this.replyBytes, this.requestBytes);
  }

  /** An attempt is sent to an instance. */
  beginAttempt(method: MethodMetrics, clock: LastTime): void {
    method.attemptsStarted++;
    this.attemptMs = clock.lastMs;
    this.requestBytes = 0;
    this.replyBytes = 0;
    if (this.queuedMs !== never) this.#leaveQueue(method, clock);
  }

  /** The attempt has ended, or nobody waits for it any more. A second end counts as none. */
  endAttempt(method: MethodMetrics | undefined, code: number, clock: LastTime, labelSet: number): void {
    if (this.attemptMs === never || method === undefined) return;
    const tookUs = Math.round((clock.lastMs - this.attemptMs) * 1_000);
    this.attemptMs = never;
    method.seriesOfAttempts(code, labelSet).record(tookUs, this.requestBytes, this.replyBytes);
  }

  /** The client's side goes to another attempt of the call. */
  handOver(heir: CallSample): void {
    heir.method = this.method;
    this.method = undefined;
  }

  reset(): void {
    this.method = undefined;
    this.attemptMs = never;
    this.queuedMs = never;
    this.requestBytes = 0;
    this.replyBytes = 0;
  }

  /** It waits for an instance, if it did not already. */
  enterQueue(clock: LastTime): void {
    if (this.queuedMs === never) this.queuedMs = clock.lastMs;
  }

  #leaveQueue(method: MethodMetrics, clock: LastTime): void {
    method.service.queueWait.record(Math.round((clock.lastMs - this.queuedMs) * 1_000));
    this.queuedMs = never;
  }
}
