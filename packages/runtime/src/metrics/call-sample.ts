// SPDX-License-Identifier: Apache-2.0
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

/** Where the time is; a number of its own would be an allocation for each call that takes it. */
interface LastTime {
  /** Milliseconds of `Scheduler.nowMs`. */
  readonly lastMs: number;
}

/** No time yet; a double from the start, as clocks give it. */
const unset = Number.NEGATIVE_INFINITY;

/** What metrics keep of a call under way; a record of calls has one for good. Times are those of `Scheduler.nowMs`. */
export class CallSample {
  /** Where the end of the call is to be counted; undefined: it is counted, or nobody counts. */
  method: MethodMetrics | undefined = undefined;
  /** An attempt is under way whose end is not counted. */
  isSent = false;
  // A time is a number of its own in memory, which most calls need not touch.
  /** From the head of the call to the attempt; undefined: it was sent in the same turn. */
  attemptAfterMs: number | undefined = undefined;
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
    const { method } = this;
    if (method === undefined) return;
    this.method = undefined;
    if (this.isQueued) this.#leaveQueue(method, clock);
    method.countCall(code, call.channel?.labelSet ?? noLabelSet, call.attempt);
    const tookUs = Math.round((clock.lastMs - call.openedMs) * 1_000);
    method.seriesOfCalls(code).record(tookUs, this.replyBytes, this.requestBytes);
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
    { openedMs }: Opened,
    code: number,
    clock: LastTime,
    labelSet: number,
  ): void {
    if (!this.isSent || method === undefined) return;
    this.isSent = false;
    const tookUs = Math.round((clock.lastMs - openedMs - (this.attemptAfterMs ?? 0)) * 1_000);
    method.seriesOfAttempts(code, labelSet).record(tookUs, this.requestBytes, this.replyBytes);
  }

  /** The client's side goes to another attempt of the call. */
  handOver(heir: CallSample): void {
    heir.method = this.method;
    this.method = undefined;
  }

  reset(): void {
    this.method = undefined;
    this.isSent = false;
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

  #leaveQueue(method: MethodMetrics, clock: LastTime): void {
    method.service.queueWait.record(Math.round((clock.lastMs - this.queuedMs) * 1_000));
    this.isQueued = false;
  }
}
