// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import type { HedgeState, HedgingPolicy } from "./hedging-policy.js";
import type { Pushback } from "./pushback.js";

/**
 * An attempt of a hedged call that ended, but for those that the router cancelled and those that provably did not run,
 * which are sent again and count for nothing. The service's throttle has been told of it.
 */
export interface EndedHedge extends HedgeState {
  /** gRPC status code. */
  readonly code: number;
  /** What the service said about trying again; undefined if nothing. */
  readonly pushback: Pushback | undefined;
  /** Other attempts that are still under way. */
  readonly open: number;
  /** When the next attempt would be due; `Infinity`: none will be sent. */
  readonly dueMs: number;
}

/** What becomes of the call. */
export type HedgeVerdict =
  /** The client gets this attempt's reply; the others are cancelled. */
  | { readonly action: "win" }
  /** The client gets this attempt's failure; others, if any, are cancelled. */
  | { readonly action: "fail" }
  /** The next attempt is sent now; the one after it is due a delay later. */
  | { readonly action: "send" }
  /** Others are under way or to come: the next at `dueMs`, none if that is `Infinity`. */
  | { readonly action: "wait"; readonly dueMs: number };

const win: HedgeVerdict = { action: "win" };
const fail: HedgeVerdict = { action: "fail" };
const send: HedgeVerdict = { action: "send" };
const waitForOthers: HedgeVerdict = { action: "wait", dueMs: Number.POSITIVE_INFINITY };

/**
 * The rules of hedging for an answer (gRFC A6): OK wins, a fatal code ends the call, any other sends the next attempt at
 * once. A pushback sets when the next is sent instead, or that none is. The last failure is the call's.
 */
export function judgeHedge(policy: HedgingPolicy, attempt: EndedHedge, nowMs: number): HedgeVerdict {
  if (attempt.code === StatusCode.ok) return win;
  if (policy.isFatal(attempt.code)) return fail;
  const { pushback } = attempt;
  const isOver = pushback === "stop" || attempt.dueMs === Number.POSITIVE_INFINITY;
  if (isOver || !policy.maySend(attempt)) return attempt.open > 0 ? waitForOthers : fail;
  return pushback === undefined || pushback === 0 ? send : { action: "wait", dueMs: nowMs + pushback };
}
