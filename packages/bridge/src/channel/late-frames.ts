// SPDX-License-Identifier: Apache-2.0

import { MAX_CREDIT_FRAMES, MAX_LATE_FRAMES, MAX_OPEN_CALLS, PAYLOAD_OVERHEAD } from "@grpc-router/protocol";
import type { Call } from "./call.js";

/** Cancels of one call: a REVOKE, and an ABORT or DEADLINE that replaces it. */
const CANCELS = 2;

/**
 * Counts the router's frames for calls that have ended here. Many may cross an End: all that the call still had credit
 * for, its half-close, its Cancels and the credit of its replies. But only of so many calls as may be open at once, for
 * the router counts a call as open until it reads the End. So no more are borne than the last calls could be sent: two
 * generations of calls are kept apart, and whatever the older one did not use is forgotten with it.
 */
export class LateFrames {
  #before = 0;
  #now = MAX_LATE_FRAMES;
  #ended = 0;

  /** A call has ended to which the router may still send `frames`; `openCalls` is how many it may have open. */
  ended(frames: number, openCalls: number): void {
    if (this.#ended >= Math.max(openCalls, MAX_OPEN_CALLS)) {
      this.#before = this.#now;
      this.#now = MAX_LATE_FRAMES;
      this.#ended = 0;
    }
    this.#ended++;
    this.#now += frames;
  }

  /** A frame for one of them. False: it is one that no correct router sends. */
  take(): boolean {
    if (this.#before > 0) this.#before--;
    else if (this.#now > 0) this.#now--;
    else return false;
    return true;
  }
}

/** Frames that may be on their way to a call, or be written before its End is read. */
export function framesUnderWay(call: Pick<Call, "halfClosed" | "requestCredit" | "payloadFrames" | "creditFrames">) {
  const creditFrames = call.payloadFrames + MAX_CREDIT_FRAMES - call.creditFrames;
  return requestFrames(call.halfClosed ? -1 : call.requestCredit) + creditFrames + CANCELS;
}

/** The same of a call that was never opened, after its Start. */
export function framesAfterStart(requestCredit: number): number {
  return requestFrames(requestCredit) + MAX_CREDIT_FRAMES + CANCELS;
}

/** Payloads, none of which costs less than its overhead, and the half-close; -1: it has come. */
function requestFrames(credit: number): number {
  return credit < 0 ? 0 : Math.floor(credit / PAYLOAD_OVERHEAD) + 1;
}
