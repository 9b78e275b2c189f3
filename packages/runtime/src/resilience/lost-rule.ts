// SPDX-License-Identifier: Apache-2.0
import { MAX_INSTANCES_LOST, MAX_REQUEUES } from "@grpc-router/protocol";

/**
 * Whether user code has run for a call, as far as the router knows: the worst of its attempts, in this order
 * (docs/channel.md section 8, ErrorInfo metadata `execution`).
 */
export type Execution = "none" | "unknown" | "started";

/** What the rules look at when an instance gives up a call that was written to it. */
export interface GivenUpCall {
  /** Where the call stood (docs/channel.md section 4, router side): not yet under the mark, under it, or answered already. */
  readonly state: "sent" | "accepted" | "cancelling";
  /** The method is idempotent, as far as the contract allows it, or the policy lets the call be tried again. */
  readonly mayRepeat: boolean;
  /** A header or message of the reply went to the client, which commits it to this attempt (gRFC A6). */
  readonly forwarded: boolean;
  /** All of the request that was written is still here: it did not outgrow 64 KiB. */
  readonly kept: boolean;
  /** Times the call was queued again so far, for whatever reason. */
  readonly requeues: number;
  /** Instances lost while they had the call, the present one included. */
  readonly deaths: number;
  /** The worst of the attempts before this one. */
  readonly execution: Execution;
}

/** What becomes of the call; `execution` includes the attempt just given up. */
export type Verdict =
  /** It waits again, with `attempt` + 1 if that attempt may have run. */
  | { readonly action: "requeue"; readonly countsAsAttempt: boolean; readonly execution: Execution }
  /** The client gets UNAVAILABLE with this reason. */
  | { readonly action: "end"; readonly reason: "INSTANCE_LOST" | "REQUEUE_LIMIT"; readonly execution: Execution }
  /** The client has its answer; only the slot is freed. */
  | { readonly action: "done" };

/**
 * The lost rule (docs/channel.md section 4): the channel is gone, which proves nothing, as the mark that would tell may be
 * what was lost. The call is tried again only if it may run twice, the client has seen nothing of this attempt, and the
 * whole request is kept.
 */
export function judgeLost(call: GivenUpCall): Verdict {
  if (call.state === "cancelling") return { action: "done" };
  const execution = worst(call.execution, call.state === "sent" ? "unknown" : "started");
  if (!call.mayRepeat || call.forwarded || !call.kept) return { action: "end", reason: "INSTANCE_LOST", execution };
  if (isSpent(call)) return { action: "end", reason: "REQUEUE_LIMIT", execution };
  return { action: "requeue", countsAsAttempt: true, execution };
}

/**
 * Proof that user code did not run this time (not_run, a Drain below the id, Previous): the call is queued again
 * whatever its method, and this was no attempt. Where that cannot be, `execution` still tells the client whether its
 * own retry is safe.
 */
export function judgeNotRun(call: Omit<GivenUpCall, "mayRepeat" | "forwarded">): Verdict {
  if (call.state === "cancelling") return { action: "done" };
  if (!call.kept || isSpent(call)) return { action: "end", reason: "REQUEUE_LIMIT", execution: call.execution };
  return { action: "requeue", countsAsAttempt: false, execution: call.execution };
}

function isSpent(call: Pick<GivenUpCall, "requeues" | "deaths">): boolean {
  return call.requeues >= MAX_REQUEUES || call.deaths >= MAX_INSTANCES_LOST;
}

function worst(one: Execution, other: Execution): Execution {
  if (one === "started" || other === "started") return "started";
  return one === "unknown" || other === "unknown" ? "unknown" : "none";
}
