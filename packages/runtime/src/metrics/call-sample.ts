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

/** What metrics keep of a call under way; a record of calls has one for good. Times are those of `Scheduler.nowMs`. */
export class CallSample {
  /** Where the end of the call is to be counted; undefined: it is counted, or nobody counts. */
  method: MethodMetrics | undefined = undefined;
  /** When the attempt at hand was sent; -1: none is, or its end is counted. */
  attemptMs = -1;
  /** Since when it waits for an instance; -1: it does not. */
  queuedMs = -1;
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
  end(call: EndedCall, code: number, nowMs: number): void {
    const { method } = this;
    if (method === undefined) return;
    this.method = undefined;
    if (this.queuedMs >= 0) this.#leaveQueue(method, nowMs);
    method.countCall(code, call.channel?.labelSet ?? noLabelSet, call.attempt);
    method.seriesOfCalls(code).record(nowMs - call.openedMs, this.replyBytes, this.requestBytes);
  }

  /** An attempt is sent to an instance. */
  beginAttempt(method: MethodMetrics, nowMs: number): void {
    method.attemptsStarted++;
    this.attemptMs = nowMs;
    this.requestBytes = 0;
    this.replyBytes = 0;
    if (this.queuedMs >= 0) this.#leaveQueue(method, nowMs);
  }

  /** The attempt has ended, or nobody waits for it any more. A second end counts as none. */
  endAttempt(method: MethodMetrics | undefined, code: number, nowMs: number, labelSet: number): void {
    const { attemptMs } = this;
    if (attemptMs < 0 || method === undefined) return;
    this.attemptMs = -1;
    method.seriesOfAttempts(code, labelSet).record(nowMs - attemptMs, this.requestBytes, this.replyBytes);
  }

  /** The client's side goes to another attempt of the call. */
  handOver(heir: CallSample): void {
    heir.method = this.method;
    this.method = undefined;
  }

  reset(): void {
    this.method = undefined;
    this.attemptMs = -1;
    this.queuedMs = -1;
    this.requestBytes = 0;
    this.replyBytes = 0;
  }

  #leaveQueue(method: MethodMetrics, nowMs: number): void {
    method.service.queueWait.record((nowMs - this.queuedMs) / 1000);
    this.queuedMs = -1;
  }
}
