// SPDX-License-Identifier: Apache-2.0
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import type { WaitingQueue } from "../resilience/waiting-queue.js";
import type { CandidateList } from "./candidate-list.js";
import type { MethodRoute } from "./method-route.js";

/**
 * What stays of a method while its settings change: its place in the method tables of instances, its instances, and the
 * calls that wait for one. The route of new calls and those of calls under way share it.
 */
export class RouteSlot {
  /** Position in the method tables of the service's instances; no other method ever gets it. */
  readonly index: number;
  /** Instances of the service; those of the method while one of them lacks it. */
  candidates: CandidateList<Channel>;
  /** Calls that wait for an instance. */
  waiting: WaitingQueue<CallRecord>;
  /** The newest route. Undefined only while the first one is made. */
  route: MethodRoute | undefined = undefined;

  constructor(index: number, candidates: CandidateList<Channel>, waiting: WaitingQueue<CallRecord>) {
    this.index = index;
    this.candidates = candidates;
    this.waiting = waiting;
  }

  /** Lets calls wait in `queue` from now on, those that wait already, too. */
  moveTo(queue: WaitingQueue<CallRecord>, nowMs: number): void {
    const former = this.waiting;
    this.waiting = queue;
    for (let call = former.peek(nowMs); call !== undefined; call = former.peek(nowMs)) {
      const sizeBytes = call.waitingBytes;
      former.remove(call);
      // There is room: it has just left.
      queue.offer(call, sizeBytes);
    }
  }
}
