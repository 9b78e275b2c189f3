// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "../forward/call-record.js";
import { CallState } from "../forward/call-state.js";
import { maxListedCalls } from "../limits.js";

/** Which calls to list. */
export interface CallFilter {
  /** "acme.user.v1.UserService/GetUser", or the service alone for all of its methods; empty: all. */
  readonly method?: string;
  /** Id of the instance that has it; empty: all, and those that no instance has. */
  readonly instance?: string;
  /** Milliseconds that it is open at least. Default 0. */
  readonly olderThanMs?: number;
  /** Calls at most, the oldest ones; 1,000 at the most, which is the default. */
  readonly limit?: number;
}

/**
 * Where a call stands: `waiting` for its request or an instance, `sent` to one, `running` in user code, `cancelling` at an
 * instance that has yet to confirm, `held` until a lost instance comes back, in `backoff` between two attempts, or
 * `replying`: the instance is done and the client has not taken all of it.
 */
export type CallPhase = "waiting" | "sent" | "running" | "cancelling" | "held" | "backoff" | "replying";

/** A call that is not over, or an attempt of one that runs beside the others. */
export interface CallInfo {
  /** Name of the call at its client, "127.0.0.1:50312#7": address and stream; for what has no client any more, of its channel. */
  readonly id: string;
  /** "acme.user.v1.UserService/GetUser" */
  readonly method: string;
  readonly phase: CallPhase;
  /** The instance that has it; empty: none. */
  readonly instance: string;
  /** Milliseconds since its head came. */
  readonly ageMs: number;
  /** Milliseconds to its deadline, negative after it; `Infinity`: it has none. */
  readonly remainingMs: number;
  /** The attempt at hand, the first being 1. */
  readonly attempt: number;
  /** Octets of reply messages that went to the client, each with a prefix of 5. */
  readonly sentBytes: number;
  /** Octets that the router keeps for it now: of its request, its metadata, its reply. */
  readonly heldBytes: number;
}

/** The calls that were found. */
export interface CallList {
  /** Oldest first. */
  readonly calls: readonly CallInfo[];
  /** How many matched, those that did not fit included. */
  readonly matched: number;
}

const phases: Readonly<Record<CallState, CallPhase>> = {
  [CallState.idle]: "waiting",
  [CallState.queued]: "waiting",
  [CallState.sent]: "sent",
  [CallState.accepted]: "running",
  [CallState.cancelling]: "cancelling",
  [CallState.held]: "held",
  [CallState.done]: "replying",
  [CallState.backoff]: "backoff",
};

/** Lists the oldest of `calls` that match. Costs a look at each call, nothing before that. */
export function listCalls(calls: Iterable<CallRecord>, filter: CallFilter, nowMs: number): CallList {
  const limit = Math.min(filter.limit ?? maxListedCalls, maxListedCalls);
  const oldest: CallRecord[] = [];
  let matched = 0;
  for (const call of calls) {
    if (!matches(call, filter, nowMs)) continue;
    matched++;
    insert(oldest, call, limit);
  }
  return { calls: oldest.map((call) => describe(call, nowMs)), matched };
}

function matches(call: CallRecord, filter: CallFilter, nowMs: number): boolean {
  const { method = "", instance = "", olderThanMs = 0 } = filter;
  if (nowMs - call.openedMs < olderThanMs) return false;
  if (instance !== "" && call.channel?.instanceId !== instance) return false;
  const { route } = call;
  return method === "" || method === route.service.name || method === route.path.slice(1);
}

/** Keeps `oldest` in order and within `limit`; a call that is younger than all of a full list costs one look. */
function insert(oldest: CallRecord[], call: CallRecord, limit: number): void {
  const last = oldest.at(-1);
  if (oldest.length >= limit && (last === undefined || call.openedMs >= last.openedMs)) return;
  let low = 0;
  let high = oldest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((oldest[middle]?.openedMs ?? 0) <= call.openedMs) low = middle + 1;
    else high = middle;
  }
  oldest.splice(low, 0, call);
  if (oldest.length > limit) oldest.pop();
}

function describe(call: CallRecord, nowMs: number): CallInfo {
  const { channel, stream, client } = call;
  const instance = channel?.instanceId ?? "";
  return {
    id: stream === undefined ? `${instance}#${call.callId}` : `${client?.address ?? ""}#${stream.id}`,
    method: call.route.path.slice(1),
    phase: phases[call.state],
    instance,
    ageMs: nowMs - call.openedMs,
    remainingMs: call.deadlineMs - nowMs,
    attempt: call.attempt + 1,
    sentBytes: stream?.sentBytes ?? 0,
    heldBytes: call.log.held + call.restKept + call.replyHeld,
  };
}
