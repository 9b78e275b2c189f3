// SPDX-License-Identifier: Apache-2.0

import { encodeBinaryValue, statusName } from "@grpc-router/protocol";
import type {
  AttemptFollower,
  CallFollower,
  CallSkip,
  CallWatcher,
  FollowedAttempt,
  FollowedEnd,
  WatchedCall,
} from "@grpc-router/runtime";
import type { NewTrace, RandomIds } from "./random-ids.js";
import { SharedFields, type SpanAttribute, SpanFields, type SpanFieldsParts, SpanKind } from "./span-fields.js";
import type { EndedSpan, FinishedSpan } from "./span-writer.js";
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

/** What many spans have alike. */
const shared = {
  received: new SharedFields((path: string) => callOf("Recv", SpanKind.server, path)),
  attempted: new SharedFields((path: string) => callOf("Attempt", SpanKind.client, path)),
  clients: new SharedFields((address: string) => ({ attributes: addressOf("client", address) })),
  instances: new SharedFields((id: string, address: string) => ({
    attributes: [...addressOf("server", address), ["grpcrouter.instance", id]],
  })),
  calls: new SharedFields((code: number, attempts: number) => ({
    attributes: [codeOf(code), ["grpcrouter.attempts", attempts]],
  })),
  attempts: new SharedFields((code: number, attempt: number) => ({ attributes: attemptOf(code, attempt, false) })),
  reasons: new SharedFields((reason: string) => ({ attributes: [["error.type", reason]] })),
} as const;
const queue = new SpanFields({ name: "Queue", kind: SpanKind.internal, attributes: [] });

/** What spans are made with. */
export interface CallSpansOptions {
  /** Takes a span that has ended. */
  add(span: EndedSpan): void;
  /** Share of the calls that are traced, of those whose clients do not say: 0 to 1. */
  readonly ratio: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly ids: Pick<RandomIds, "newTrace" | "spanId">;
  /** Tells what has to be added to `Scheduler.nowMs` for milliseconds since 1970. */
  readonly clock: { originAt(nowMs: number): number };
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
  /** Calls that pass before the next one is traced, of those whose clients do not say. */
  readonly skip: CallSkip;
  /** Of the probability that a call is not traced. */
  readonly #logarithm: number;

  constructor(options: CallSpansOptions) {
    this.options = options;
    this.#logarithm = Math.log1p(-options.ratio);
    this.skip = { calls: this.#drawGap() };
  }

  watch(call: WatchedCall): CallFollower | undefined {
    const parent = parentOf(call);
    if (parent?.sampled === false) return undefined;
    if (parent === undefined && this.skip.calls > 0) {
      this.skip.calls--;
      return undefined;
    }
    if (parent === undefined) this.skip.calls = this.#drawGap();
    return new CallSpan(this.options, call, parent);
  }

  /**
   * How many calls come before the next one that is traced, if each is with the probability `ratio`: geometrically
   * distributed. A draw for each call would cost as much as all else that a call which is not traced costs.
   */
  #drawGap(): number {
    const { ratio, random } = this.options;
    if (ratio === 0) return Number.POSITIVE_INFINITY;
    return Math.floor(Math.log1p(-random()) / this.#logarithm);
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
  /** What the first attempt is, if the trace begins here. */
  readonly #drawn: NewTrace | undefined = undefined;
  readonly #traceState: string;
  readonly #openedMs: number;
  readonly #peerAddress: string;
  readonly path: string;
  /** Its path leads somewhere. */
  readonly isKnown: boolean;
  /** A client that speaks the old form only has instances that may do so, too. */
  readonly isBinary: boolean;
  #ownId: string | undefined = undefined;
  /** When the call began to wait; -1: it does not. */
  #queuedMs = -1;
  #lastAttempt = -1;
  #end: FollowedEnd | undefined = undefined;

  constructor(options: CallSpansOptions, call: WatchedCall, parent: TraceContext | undefined) {
    this.#options = options;
    this.#originMs = options.clock.originAt(call.openedMs);
    this.#parent = parent;
    if (parent === undefined) {
      this.#drawn = options.ids.newTrace();
      this.traceId = this.#drawn.traceId;
    } else this.traceId = parent.traceId;
    const state = parent === undefined ? "" : (call.metadata(tracestateName) ?? "");
    this.#traceState = state.length <= maxTraceState ? state : "";
    this.#openedMs = call.openedMs;
    this.#peerAddress = call.peerAddress;
    this.path = call.path;
    this.isKnown = call.service !== "";
    this.isBinary = call.hasTraceContext && call.metadata(grpcTraceBinName) !== undefined;
  }

  queued(nowMs: number): void {
    if (this.#queuedMs < 0) this.#queuedMs = nowMs;
  }

  attempt(about: FollowedAttempt): AttemptFollower {
    this.#leaveQueue(about.nowMs);
    // One in place of an attempt that did not run has the number of that.
    const isTransparent = about.attempt <= this.#lastAttempt;
    const drawn = this.#lastAttempt < 0 ? this.#drawn : undefined;
    this.#lastAttempt = Math.max(this.#lastAttempt, about.attempt);
    const spanId = drawn?.spanId ?? this.newId();
    const traceparent = drawn?.traceparent ?? writeTraceparent({ traceId: this.traceId, spanId, sampled: true });
    return new AttemptSpan(this, about, { isTransparent, spanId, traceparent });
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
    const { path } = this;
    const fields = [
      this.isKnown ? shared.received.of(path) : new SpanFields(nowhere("Recv", SpanKind.server, path)),
      shared.clients.of(this.#peerAddress),
      shared.calls.of(code, attempts),
    ];
    if (reason !== undefined) fields.push(shared.reasons.of(reason));
    return {
      traceId: this.traceId,
      spanId: this.#id,
      parentId: this.#parent?.spanId ?? "",
      isRemote: this.#parent !== undefined,
      traceState: this.#traceState,
      startMs: this.#originMs + this.#openedMs,
      endMs: this.#originMs + nowMs,
      fields,
      error: serverFaults.has(code) ? statusName(code) : "",
    };
  }

  /** A span within this one; times as the router has them. */
  inner(spanId: string, startMs: number, endMs: number, fields: readonly SpanFields[], error = ""): FinishedSpan {
    return {
      traceId: this.traceId,
      spanId,
      parentId: this.#id,
      isRemote: false,
      traceState: this.#traceState,
      startMs: this.#originMs + startMs,
      endMs: this.#originMs + endMs,
      fields,
      error,
    };
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

interface AttemptParts {
  /** It is in place of one that did not run. */
  readonly isTransparent: boolean;
  readonly spanId: string;
  /** What the instance is told. */
  readonly traceparent: string;
}

/** The span of an attempt, whose id the instance gets. */
class AttemptSpan implements AttemptFollower, EndedSpan {
  readonly #call: CallSpan;
  readonly #about: FollowedAttempt;
  readonly #isTransparent: boolean;
  readonly #spanId: string;
  readonly #traceparent: string;
  #code = 0;
  #endMs = 0;

  constructor(call: CallSpan, about: FollowedAttempt, { isTransparent, spanId, traceparent }: AttemptParts) {
    this.#call = call;
    this.#about = about;
    this.#isTransparent = isTransparent;
    this.#spanId = spanId;
    this.#traceparent = traceparent;
  }

  get metadata(): readonly (readonly [name: string, value: string])[] {
    const text = [traceparentName, this.#traceparent] as const;
    const { traceId, isBinary } = this.#call;
    if (!isBinary) return [text];
    const context = { traceId, spanId: this.#spanId, sampled: true };
    return [text, [grpcTraceBinName, encodeBinaryValue(writeGrpcTraceBin(context))]];
  }

  ended(code: number, nowMs: number): void {
    this.#code = code;
    this.#endMs = nowMs;
    this.#call.add(this);
  }

  toSpan(): FinishedSpan {
    const { instance, address, attempt, nowMs } = this.#about;
    const { path, isKnown } = this.#call;
    const code = this.#code;
    const fields = [
      isKnown ? shared.attempted.of(path) : new SpanFields(nowhere("Attempt", SpanKind.client, path)),
      shared.instances.of(instance, address),
      this.#isTransparent
        ? new SpanFields({ attributes: attemptOf(code, attempt, true) })
        : shared.attempts.of(code, attempt),
    ];
    return this.#call.inner(this.#spanId, nowMs, this.#endMs, fields, code === 0 ? "" : statusName(code));
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
    return this.#call.inner(this.#call.newId(), this.#startMs, this.#endMs, [queue]);
  }
}

/** Of a path that leads somewhere: `Recv.pkg.Service.Method`. */
function callOf(what: string, kind: SpanKind, path: string): SpanFieldsParts {
  const method = path.slice(1);
  const name = `${what}.${method.replaceAll("/", ".")}`;
  return { name, kind, attributes: [grpcSystem, ["rpc.method", method]] };
}

/** Of one that leads nowhere: it may be anything, and names of spans are few. */
function nowhere(what: string, kind: SpanKind, path: string): SpanFieldsParts {
  const attributes = [grpcSystem, ["rpc.method", other], ["rpc.method_original", path]] as const;
  return { name: `${what}.${other}`, kind, attributes };
}

function codeOf(code: number): SpanAttribute {
  return ["rpc.response.status_code", statusName(code)];
}

function attemptOf(code: number, attempt: number, isTransparent: boolean): readonly SpanAttribute[] {
  return [["previous-rpc-attempts", attempt], ["transparent-retry", isTransparent], codeOf(code)];
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
