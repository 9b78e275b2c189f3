// SPDX-License-Identifier: Apache-2.0
// The state tables of docs/channel.md section 4 as a model small enough to look at every interleaving. It shares no code
// with the router or the bridge: it says what they must do, not what they do.

/** What is known of user code; the worst of all attempts counts. */
export type Execution = "none" | "unknown" | "started";

/** How a call ended for its caller. */
export type Outcome = "ok" | "gone" | "deadline" | "lost" | "requeueLimit";

/** A call as the router holds it. */
export interface RouterCall {
  readonly state: "queued" | "sent" | "accepted" | "held" | "cancelling" | "done";
  /** Index of the channel that owns it; -1: none. */
  readonly channel: number;
  readonly id: number;
  readonly idempotent: boolean;
  /** A header or payload went to the caller. */
  readonly forwarded: boolean;
  readonly requeues: number;
  readonly deaths: number;
  readonly execution: Execution;
  readonly outcome: Outcome | undefined;
  /** Times that user code began, on all instances: what the caller cares about. */
  readonly runs: number;
  /** Events that come at most once. */
  readonly mayGo: boolean;
  readonly mayExpire: boolean;
}

/** A call as a bridge holds it. */
export interface BridgeCall {
  readonly id: number;
  readonly call: number;
  readonly state: "received" | "begun" | "aborting" | "ended";
  readonly paid: boolean;
}

export type DownFrame =
  | { readonly kind: "start"; readonly id: number; readonly call: number }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "drain" };

export type UpFrame =
  | { readonly kind: "hello"; readonly previous: readonly { readonly channel: number; readonly mark: number }[] }
  | { readonly kind: "mark"; readonly through: number }
  | { readonly kind: "payload"; readonly id: number }
  | { readonly kind: "end"; readonly id: number; readonly notRun: boolean; readonly aborted: boolean }
  | { readonly kind: "drain"; readonly last: number };

/** One registration channel, both ends and what is on its way between them. */
export interface ModelChannel {
  /** The instance's process. */
  readonly process: number;
  readonly link: "up" | "cut";
  readonly router: "hello" | "open" | "draining" | "closed";
  readonly bridge: "open" | "closed";
  readonly down: readonly DownFrame[];
  readonly up: readonly UpFrame[];
  // The router's end.
  readonly lastStart: number;
  readonly marked: number;
  // The bridge's end.
  readonly lastRead: number;
  readonly mark: number;
  readonly markSent: number;
  /** Its own Drain's last_call_id; -1: none. */
  readonly drainedAt: number;
  /** The router's Drain has been read. */
  readonly told: boolean;
  readonly calls: readonly BridgeCall[];
  /** Its fate has been stated to the router. */
  readonly stated: boolean;
}

/** Everything. */
export interface ModelState {
  readonly calls: readonly RouterCall[];
  readonly channels: readonly ModelChannel[];
  /** Processes that have crashed. */
  readonly dead: readonly number[];
  /** Faults that may still happen. */
  readonly faults: number;
  readonly drains: number;
}

/** What is explored. */
export interface ModelConfig {
  /** One entry per call: whether it is idempotent. */
  readonly idempotent: readonly boolean[];
  /** Instance processes, each with one channel at the start. */
  readonly processes: number;
  /** Channels in all, those of reconnects included. */
  readonly maxChannels: number;
  /** Cuts and crashes. */
  readonly faults: number;
  /** Drains, of either side. */
  readonly drains: number;
  readonly cancels: boolean;
  readonly deadlines: boolean;
  /** The router holds sent calls of a lost channel for Previous. */
  readonly holds: boolean;
  /** A rule that is broken on purpose, to see that the exploration finds it. */
  readonly bug?: ModelBug;
}

/** Rules that a test breaks. */
export type ModelBug =
  | "mark after user code"
  | "mark not before the answer"
  | "drain below a begun call"
  | "previous moves begun calls"
  | "lost call moves without proof"
  | "late frames of a closed channel count"
  | "cancel frees the slot"
  | "drained instance runs late starts";

/** The state before anything has happened. */
export function initialState(config: ModelConfig): ModelState {
  const { cancels, deadlines } = config;
  return {
    calls: config.idempotent.map((idempotent) => ({
      state: "queued",
      channel: -1,
      id: 0,
      idempotent,
      forwarded: false,
      requeues: 0,
      deaths: 0,
      execution: "none",
      outcome: undefined,
      runs: 0,
      mayGo: cancels,
      mayExpire: deadlines,
    })),
    channels: Array.from({ length: config.processes }, (_, process) => ({
      ...newChannel(process, []),
      router: "open",
      up: [],
    })),
    dead: [],
    faults: config.faults,
    drains: config.drains,
  };
}

/** A channel whose hello is on its way. */
export function newChannel(
  process: number,
  previous: readonly { readonly channel: number; readonly mark: number }[],
): ModelChannel {
  return {
    process,
    link: "up",
    router: "hello",
    bridge: "open",
    down: [],
    up: [{ kind: "hello", previous }],
    lastStart: 0,
    marked: 0,
    lastRead: 0,
    mark: 0,
    markSent: 0,
    drainedAt: -1,
    told: false,
    calls: [],
    stated: false,
  };
}

/** `state` with call `index` changed. */
export function withCall(state: ModelState, index: number, change: Partial<RouterCall>): ModelState {
  return { ...state, calls: state.calls.map((call, at) => (at === index ? { ...call, ...change } : call)) };
}

/** `state` with channel `index` changed. */
export function withChannel(state: ModelState, index: number, change: Partial<ModelChannel>): ModelState {
  return {
    ...state,
    channels: state.channels.map((channel, at) => (at === index ? { ...channel, ...change } : channel)),
  };
}

/** A rule of the specification does not hold. */
export class ModelViolation extends Error {
  override readonly name = "ModelViolation";
}
