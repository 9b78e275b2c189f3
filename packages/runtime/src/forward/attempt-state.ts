// SPDX-License-Identifier: Apache-2.0
import type { PendingCall } from "../intercept/pending-call.js";
import type { PolicyAttempt } from "../resilience/route-policy.js";
import type { CallGate } from "./call-gate.js";
import type { CallRecord } from "./call-record.js";
import type { Race } from "./race.js";

/**
 * What policies and keyed balancers keep of a call, beside its record: routes without them never make one, which keeps the
 * record of a call in flight small.
 */
export class AttemptState implements PolicyAttempt {
  // The key: `CallKeys`.
  /** It has been looked for. */
  keyRead = false;
  hasKey = false;
  /** XXH64 of the key, as two unsigned halves of 32 bits. */
  keyHigh = 0;
  keyLow = 0;

  // The attempt at hand: `Attempts`.
  /** When it was sent, in milliseconds of `Scheduler.nowMs`. */
  sentMs = 0;
  /** Of the breakers of its instance and its service. */
  ticket = 0;
  serviceTicket = 0;
  /** Somebody wants to know how it ends, and has not been told. */
  watched = false;
  /** It counts in the limits of its policy. */
  counted = false;
  /** It is a retry, or a hedge, and counts in the service's budget of them. */
  isRetry = false;
  /** The encoded Header, while a status that may be tried again can still follow. */
  heldHeader: Uint8Array | undefined = undefined;

  // The call.
  /** What it waits for in the wheel beside its deadline: the end of a backoff, of an attempt's time, of a hedge's delay. */
  alarmMs: number = Number.POSITIVE_INFINITY;
  /** Retries since the call began, or since an instance last said how long to wait. */
  retriesSincePushback = 0;
  /** It has waited for an instance, so the one that has it got only what was left of its time. */
  waited = false;
  /** The attempts that run at the same time. */
  race: Race | undefined = undefined;
  /** It is with its fallback. */
  fellBack = false;
  /** Interceptors run around it. */
  pending: PendingCall | undefined = undefined;
  /** Hooks see its messages. */
  gate: CallGate | undefined = undefined;

  /** What every attempt of the call is to know. */
  inherit(from: AttemptState): void {
    this.keyRead = from.keyRead;
    this.hasKey = from.hasKey;
    this.keyHigh = from.keyHigh;
    this.keyLow = from.keyLow;
    this.waited = from.waited;
    this.retriesSincePushback = from.retriesSincePushback;
    this.fellBack = from.fellBack;
  }

  /** The client's side goes to another record, and with it what only one of the attempts may have. */
  handOver(heir: CallRecord): void {
    const { pending, gate } = this;
    const state = heir.attemptState;
    state.inherit(this);
    state.alarmMs = this.alarmMs;
    state.pending = pending;
    state.gate = gate;
    if (pending !== undefined) pending.call = heir;
    if (gate !== undefined) gate.call = heir;
    this.alarmMs = Number.POSITIVE_INFINITY;
    this.pending = undefined;
    this.gate = undefined;
  }

  reset(): void {
    this.keyRead = false;
    this.hasKey = false;
    this.watched = false;
    this.counted = false;
    this.isRetry = false;
    this.heldHeader = undefined;
    this.alarmMs = Number.POSITIVE_INFINITY;
    this.waited = false;
    this.retriesSincePushback = 0;
    this.race = undefined;
    this.pending = undefined;
    this.gate = undefined;
    this.fellBack = false;
  }
}
