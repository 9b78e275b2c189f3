// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import { type Call, CallPhase } from "./call.js";
import {
  type CallEnd,
  END_CANCELLED,
  END_CANCELLED_NOT_RUN,
  END_DEADLINE,
  END_DEADLINE_NOT_RUN,
  END_REVOKED,
} from "./call-end.js";

/** `grpcrouter.v1.Cancel.Mode`; an unknown mode counts as unspecified. */
export const CancelMode = { unspecified: 0, abort: 1, deadline: 2, revoke: 3 } as const;
export type CancelMode = (typeof CancelMode)[keyof typeof CancelMode];

/** The router's Cancel. */
export function cancelCall(call: Call, mode: number): void {
  switch (mode) {
    case CancelMode.deadline:
      expireCall(call);
      return;
    case CancelMode.revoke:
      // Once user code has begun there is nothing to give back.
      if (call.phase === CallPhase.received) closeCall(call, END_REVOKED);
      return;
    default:
      stopCall(call, END_CANCELLED_NOT_RUN, END_CANCELLED);
  }
}

/** The call's own deadline has passed, or the router, which has answered then, says so. */
export function expireCall(call: Call, begun: CallEnd = END_DEADLINE): void {
  stopCall(call, END_DEADLINE_NOT_RUN, begun);
}

/** The bridge ends the call: a broken message, a limit, the grace of a drain. */
export function failCall(call: Call, end: CallEnd): void {
  stopCall(call, end, end);
}

/** The call cannot be taken: answers it with `end` and the header that is set. */
export function refuseCall(call: Call, end: CallEnd): void {
  call.phase = CallPhase.ended;
  call.end = end;
  call.port.ready(call);
}

/** User code has settled: its last message, if there is one that has not been handed over, and how the call ends. */
export function settleCall(call: Call, message: Uint8Array | undefined, end: CallEnd): void {
  switch (call.phase) {
    case CallPhase.begun:
      if (call.end !== undefined) return;
      call.message = message;
      call.messageSent = 0;
      call.end = end;
      call.port.ready(call);
      return;
    case CallPhase.aborting:
      closeCall(call, call.cause ?? END_CANCELLED);
      return;
    case CallPhase.orphaned:
      call.phase = CallPhase.ended;
      call.context?.finish();
      call.port.orphanSettled(call);
      return;
    case CallPhase.received:
    case CallPhase.ended:
      return;
  }
}

/** The channel is gone. Calls that had not begun never will; what the others still produce is dropped. */
export function loseCall(call: Call): void {
  switch (call.phase) {
    case CallPhase.begun:
      // Settled: only its result waited, for nobody now.
      if (call.end !== undefined) {
        forgetCall(call);
        return;
      }
      call.phase = CallPhase.orphaned;
      releaseRequest(call);
      dropReply(call);
      abortUserCode(call, END_CANCELLED);
      return;
    case CallPhase.aborting:
      call.phase = CallPhase.orphaned;
      return;
    case CallPhase.received:
    case CallPhase.ended:
      forgetCall(call);
      return;
    case CallPhase.orphaned:
      return;
  }
}

/** The End is written: nothing more will be. */
export function finishCall(call: Call): void {
  call.phase = CallPhase.ended;
  releaseRequest(call);
  leaveQueue(call);
  call.context?.finish();
}

function stopCall(call: Call, notRun: CallEnd, begun: CallEnd): void {
  switch (call.phase) {
    case CallPhase.received:
      closeCall(call, notRun);
      return;
    case CallPhase.begun:
      // User code has settled and only its result waits: there is nobody left to abort.
      if (call.end !== undefined) {
        closeCall(call, begun);
        return;
      }
      call.phase = CallPhase.aborting;
      releaseRequest(call);
      dropReply(call);
      abortUserCode(call, begun);
      return;
    case CallPhase.aborting:
    case CallPhase.orphaned:
    case CallPhase.ended:
      return;
  }
}

/** Ends the call without a word. */
function forgetCall(call: Call): void {
  dropReply(call);
  call.end = undefined;
  finishCall(call);
}

/** Drops what is not written and lets `end` be the next thing that is. */
function closeCall(call: Call, end: CallEnd): void {
  call.phase = CallPhase.ended;
  releaseRequest(call);
  leaveQueue(call);
  dropReply(call);
  call.end = end;
  call.port.ready(call);
}

function abortUserCode(call: Call, cause: CallEnd): void {
  call.cause = cause;
  call.context?.abort(cause);
  call.queue?.fail(call.context?.abortReason);
  call.pump?.stop();
}

function dropReply(call: Call): void {
  call.header = undefined;
  call.message = undefined;
}

/** Whoever still reads requests must not take the end of the call for the end of the request. */
function leaveQueue(call: Call): void {
  if (call.queue?.finished === false) call.queue.fail(new ConnectError("the call is over", Code.Canceled));
}

function releaseRequest(call: Call): void {
  call.request = undefined;
  call.assembly = undefined;
  if (call.bufferedBytes > 0) call.port.buffered(call, -call.bufferedBytes);
}
