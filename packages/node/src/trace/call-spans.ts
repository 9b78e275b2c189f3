// SPDX-License-Identifier: Apache-2.0

import { encodeBinaryValue, statusName } from "@grpc-router/protocol";
import type {
  AttemptFollower,
  CallFollower,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
  WatchedCall,
} from "@grpc-router/runtime";
import type { RandomIds } from "./random-ids.js";
import { SharedAttributes, type SpanAttribute, SpanAttributes } from "./span-attributes.js";
import { type EndedSpan, type FinishedSpan, SpanKind } from "./span-writer.js";
import {
  parseGrpcTraceBin,
  parseTraceparent,
  type TraceContext,
  writeGrpcTraceBin,
  writeTraceparent,
} from "./trace-context.js";

const traceparentName = "traceparent";
const tracestateName = "tracestate";
const grpcTraceBinName = "grpc-trace-bin";
/** Stands for methods that are not there, by the semantic conventions of RPC. */
const other = "_OTHER";
const grpcSystem = ["rpc.system.name", "grpc"] as const;
/** Characters of a `tracestate` that spans repeat (W3C Trace Context, section 3.3.1.5); instances get it whole. */
const maxTraceState = 512;

/** What many spans have alike; by what stands on the left. */
const shared = {
  methods: new SharedAttributes((path) => [grpcSystem, ["rpc.method", path.slice(1)]]),
  clients: new SharedAttributes((address) => addressOf("client", address)),
  servers: new SharedAttributes((address) => addressOf("server", address)),
  instances: new SharedAttributes((id) => [["grpcrouter.instance", id]]),
  codes: new SharedAttributes((name) => [["rpc.response.status_code", name]]),
  attempts: new SharedAttributes((count) => [["grpcrouter.attempts", Number(count)]]),
  reasons: new SharedAttributes((reason) => [["error.type", reason]]),
} as const;
const firstAttempt = furtherAttempt(0, false);

/** What spans are made with. */
export interface CallSpansOptions {
  /** Takes a span that has ended. */
  add(span: EndedSpan): void;
  /** Share of the calls that are traced, of those whose clients do not say: 0 to 1. */
  readonly ratio: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly ids: Pick<RandomIds, "traceId" | "spanId">;
  /** Tells what `Scheduler.nowMs` has to be added to for milliseconds since 1970. */
  readonly clock: { readonly originMs: number };
}

/** Codes that are the server's fault and so errors of its span, by the semantic conventions of gRPC. */
const serverFaults: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/**
 * Spans of calls (gRFC A72): `Recv.` from the head of a call to its end, in it `Queue` for the time without an instance,
 * and `Attempt.` for each attempt, which the instance sees as the parent of its own. A client that says whether it samples
 * is obeyed; of the others a share is taken. What is not sampled passes as it came.
 */
export class CallSpans implements CallWatcher {
  readonly options: CallSpansOptions;

  constructor(options: CallSpansOptions) {
    this.options = options;
  }

  watch(call: WatchedCall): CallFollower | undefined {
    const parent = parentOf(call);
    if (parent?.sampled === false) return undefined;
    if (parent === undefined && this.options.random() >= this.options.ratio) return undefined;
    return new CallSpan(this.options, call, parent);
  }
}

function parentOf(call: WatchedCall): TraceContext | undefined {
  if (!call.hasTraceContext) return undefined; // as most clients do
  const text = call.metadata(traceparentName);
  const parsed = text === undefined ? undefined : parseTraceparent(text);
  if (parsed !== undefined) return parsed;
  const bytes = call.metadataBytes(grpcTraceBinName);
  return bytes === undefined ? undefined : parseGrpcTraceBin(bytes);
}

/** The span of a call, and what those within it have from it. Of what it is told it keeps the facts: see `EndedSpan`. */
class CallSpan implements CallFollower, EndedSpan {
  readonly #options: CallSpansOptions;
  /** One for all of a call's spans: an attempt lies within its call, also if the clock is set meanwhile. */
  readonly #originMs: number;
  readonly traceId: string;
  readonly #parent: TraceContext | undefined;
  readonly #traceState: string;
  readonly #openedMs: number;
  readonly #peerAddress: string;
  readonly #path: string;
  readonly #service: string;
  readonly #method: string;
  /** A client that speaks the old form only has instances that may do so, too. */
  readonly isBinary: boolean;
  #ownId: string | undefined = undefined;
  /** When the call began to wait; -1: it does not. */
  #queuedMs = -1;
  #lastAttempt = -1;
  #end: FollowedEnd | undefined = undefined;

  constructor(options: CallSpansOptions, call: WatchedCall, parent: TraceContext | undefined) {
    this.#options = options;
    this.#originMs = options.clock.originMs;
    this.#parent = parent;
    this.traceId = parent?.traceId ?? options.ids.traceId();
    const state = parent === undefined ? "" : (call.metadata(tracestateName) ?? "");
    this.#traceState = state.length <= maxTraceState ? state : "";
    this.#openedMs = call.openedMs;
    this.#peerAddress = call.peerAddress;
    this.#path = call.path;
    this.#service = call.service;
    this.#method = call.method;
    this.isBinary = call.hasTraceContext && call.metadata(grpcTraceBinName) !== undefined;
  }

  queued(nowMs: number): void {
    if (this.#queuedMs < 0) this.#queuedMs = nowMs;
  }

  attempt(about: FollowedAttempt): AttemptFollower {
    this.#leaveQueue(about.nowMs);
    // One in place of an attempt that did not run has the number of that.
    const isTransparent = about.attempt <= this.#lastAttempt;
    this.#lastAttempt = Math.max(this.#lastAttempt, about.attempt);
    return new AttemptSpan(this, about, isTransparent, this.newId());
  }

  ended(end: FollowedEnd): void {
    this.#leaveQueue(end.nowMs);
    this.#end = end;
    this.add(this);
  }

  add(span: EndedSpan): void {
    this.#options.add(span);
  }

  newId(): string {
    return this.#options.ids.spanId();
  }

  toSpan(): FinishedSpan {
    const { code = 0, reason, nowMs = this.#openedMs, attempts = 0 } = this.#end ?? {};
    const parent = this.#parent;
    const attributes = [
      this.methodAttributes,
      shared.clients.of(this.#peerAddress),
      shared.codes.of(statusName(code)),
      shared.attempts.of(`${attempts}`),
      ...(reason === undefined ? [] : [shared.reasons.of(reason)]),
    ];
    return {
      ...this.inner(this.#id, this.#openedMs, nowMs),
      parent: parent && { spanId: parent.spanId, isRemote: true },
      name: `Recv.${this.name}`,
      kind: SpanKind.server,
      attributes,
      error: serverFaults.has(code) ? statusName(code) : undefined,
    };
  }

  /** What a span within this one begins with; times as the router has them. */
  inner(spanId: string, startMs: number, endMs: number): InnerSpan {
    return {
      traceId: this.traceId,
      spanId,
      parent: { spanId: this.#id, isRemote: false },
      traceState: this.#traceState,
      startMs: this.#originMs + startMs,
      endMs: this.#originMs + endMs,
    };
  }

  /** `pkg.Service.Method`, as span names have it. A path that leads nowhere may be anything, and names of spans are few. */
  get name(): string {
    return this.#service === "" ? other : `${this.#service}.${this.#method}`;
  }

  get methodAttributes(): SpanAttributes {
    return this.#service === "" ? new SpanAttributes(nowhere(this.#path)) : shared.methods.of(this.#path);
  }

  get #id(): string {
    this.#ownId ??= this.newId();
    return this.#ownId;
  }

  #leaveQueue(nowMs: number): void {
    if (this.#queuedMs < 0) return;
    this.add(new QueueSpan(this, this.#queuedMs, nowMs));
    this.#queuedMs = -1;
  }
}

type InnerSpan = Pick<FinishedSpan, "traceId" | "spanId" | "parent" | "traceState" | "startMs" | "endMs">;

/** The span of an attempt, whose id the instance gets. */
class AttemptSpan implements AttemptFollower, EndedSpan {
  readonly #call: CallSpan;
  readonly #about: FollowedAttempt;
  readonly #isTransparent: boolean;
  readonly #spanId: string;
  #code = 0;
  #endMs = 0;

  constructor(call: CallSpan, about: FollowedAttempt, isTransparent: boolean, spanId: string) {
    this.#call = call;
    this.#about = about;
    this.#isTransparent = isTransparent;
    this.#spanId = spanId;
  }

  get metadata(): readonly (readonly [name: string, value: string])[] {
    const { traceId, isBinary } = this.#call;
    const context = { traceId, spanId: this.#spanId, sampled: true };
    const text = [traceparentName, writeTraceparent(context)] as const;
    return isBinary ? [text, [grpcTraceBinName, encodeBinaryValue(writeGrpcTraceBin(context))]] : [text];
  }

  ended(code: number, nowMs: number): void {
    this.#code = code;
    this.#endMs = nowMs;
    this.#call.add(this);
  }

  toSpan(): FinishedSpan {
    const { instance, address, attempt, nowMs } = this.#about;
    const status = statusName(this.#code);
    return {
      ...this.#call.inner(this.#spanId, nowMs, this.#endMs),
      name: `Attempt.${this.#call.name}`,
      kind: SpanKind.client,
      attributes: [
        this.#call.methodAttributes,
        shared.servers.of(address),
        shared.instances.of(instance),
        attempt === 0 && !this.#isTransparent ? firstAttempt : furtherAttempt(attempt, this.#isTransparent),
        shared.codes.of(status),
      ],
      error: this.#code === 0 ? undefined : status,
    };
  }
}

/** The span of a call's time without an instance. */
class QueueSpan implements EndedSpan {
  readonly #call: CallSpan;
  readonly #startMs: number;
  readonly #endMs: number;

  constructor(call: CallSpan, startMs: number, endMs: number) {
    this.#call = call;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  toSpan(): FinishedSpan {
    const { internal: kind } = SpanKind;
    const inner = this.#call.inner(this.#call.newId(), this.#startMs, this.#endMs);
    return { ...inner, name: "Queue", kind, attributes: [], error: undefined };
  }
}

/** Of a path that leads nowhere. */
function nowhere(path: string): readonly SpanAttribute[] {
  return [grpcSystem, ["rpc.method", other], ["rpc.method_original", path]];
}

function furtherAttempt(attempt: number, isTransparent: boolean): SpanAttributes {
  return new SpanAttributes([
    ["previous-rpc-attempts", attempt],
    ["transparent-retry", isTransparent],
  ]);
}

/** `client.address` and `client.port`, or those of a server. */
function addressOf(side: "client" | "server", address: string): readonly SpanAttribute[] {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  if (at < 0 || !Number.isInteger(port)) return address === "" ? [] : [[`${side}.address`, address]];
  return [
    [`${side}.address`, address.slice(0, at).replace(/^\[|\]$/g, "")],
    [`${side}.port`, port],
  ];
}
