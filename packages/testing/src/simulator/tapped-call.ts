// SPDX-License-Identifier: Apache-2.0
import type { Execution } from "./ledger.js";

/** Where a call of a channel stands, as both sides know it from their own reading and writing. */
export class TappedCall {
  readonly id: number;
  /** The caller's call, by its plan. */
  readonly call: number;
  routerState: "sent" | "accepted" | "cancelling" | "done" = "sent";
  /** "unread": the Start is on its way. */
  bridgeState: "unread" | "received" | "begun" | "aborting" | "ended" | "forgotten" = "unread";
  /** Cost units that the router has for requests, and the bridge for replies. */
  requestCredit: number;
  replyCredit: number;
  /** Cost that has come to each side and that it has not given back: what it may still grant. */
  requestOwed = 0;
  replyOwed = 0;
  /** What the router has spent on requests, as far as the instance has read. */
  requestSpent = 0;
  /** Credit that the router has given for replies, and frames with one that it has read. */
  replyGranted = 0;
  /** What the instance has spent of it, as far as the router has read. */
  replySpent = 0;
  replyFrames = 0;
  requestEnded = false;
  /** The router has it back: it was not run here. */
  isGivenBack = false;
  /** Whole replies that the router has read while the call was on this channel. */
  replies = 0;
  /** The channel was lost while the router had the call there. */
  isLost = false;
  /** Mode of the router's Cancel; -1: none. */
  cancel = -1;
  /** How the instance ended it, as long as the router still waited for that. */
  end: { readonly code: number; readonly pushback: string | undefined; readonly atMs: number } | undefined;
  execution: Execution | undefined;

  constructor(id: number, call: number, credit: { readonly request: number; readonly reply: number }) {
    this.id = id;
    this.call = call;
    this.requestCredit = credit.request;
    this.replyCredit = credit.reply;
  }
}
