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
import {
  type Attributes,
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
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
const contextNames = [traceparentName, grpcTraceBinName];
/** Stands for methods that are not there, by the semantic conventions of RPC. */
const other = "_OTHER";

/** What spans are made with. */
export interface CallSpansOptions {
  readonly tracer: Tracer;
  /** Share of the calls that are traced, of those whose clients do not say: 0 to 1. */
  readonly ratio: number;
  /** A number in [0, 1). */
  readonly random: () => number;
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
  // Most clients say nothing: one walk finds that out.
  if (!call.hasMetadata(contextNames)) return undefined;
  const text = call.metadata(traceparentName);
  const parsed = text === undefined ? undefined : parseTraceparent(text);
  if (parsed !== undefined) return parsed;
  const bytes = call.metadataBytes(grpcTraceBinName);
  return bytes === undefined ? undefined : parseGrpcTraceBin(bytes);
}

class CallSpan implements CallFollower {
  readonly #tracer: Tracer;
  /** One for all of a call's spans: an attempt lies within its call, also if the clock is set meanwhile. */
  readonly #originMs: number;
  readonly #span: Span;
  readonly #context: Context;
  readonly #attributes: Attributes;
  /** `pkg.Service/Method`, with a dot between, as span names have it. */
  readonly #name: string;
  readonly #binary: boolean;
  #queue: Span | undefined;
  #lastAttempt = -1;

  constructor(options: CallSpansOptions, call: WatchedCall, parent: TraceContext | undefined) {
    this.#tracer = options.tracer;
    this.#originMs = options.clock.originMs;
    const { service, method, path } = call;
    // A path that leads nowhere may be anything, and names of spans are few.
    this.#name = service === "" ? other : `${service}.${method}`;
    this.#attributes = {
      "rpc.system.name": "grpc",
      ...(service === ""
        ? { "rpc.method": other, "rpc.method_original": path }
        : { "rpc.method": `${service}/${method}` }),
    };
    // A client that speaks the old form only has instances that may do so, too.
    this.#binary = call.metadata(grpcTraceBinName) !== undefined;
    const state = call.metadata(tracestateName);
    const around =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId: parent.traceId,
            spanId: parent.spanId,
            traceFlags: TraceFlags.SAMPLED,
            isRemote: true,
            ...(state === undefined ? {} : { traceState: createTraceState(state) }),
          });
    const attributes = { ...this.#attributes, ...addressOf("client", call.peerAddress) };
    const startTime = this.#originMs + call.openedMs;
    this.#span = options.tracer.startSpan(
      `Recv.${this.#name}`,
      { kind: SpanKind.SERVER, startTime, attributes },
      around,
    );
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#span);
  }

  queued(nowMs: number): void {
    const startTime = this.#originMs + nowMs;
    this.#queue ??= this.#tracer.startSpan("Queue", { kind: SpanKind.INTERNAL, startTime }, this.#context);
  }

  attempt({ instance, address, attempt, nowMs }: FollowedAttempt): AttemptFollower {
    this.#leaveQueue(nowMs);
    const attributes = {
      ...this.#attributes,
      ...addressOf("server", address),
      "grpcrouter.instance": instance,
      "previous-rpc-attempts": attempt,
      // One in place of an attempt that did not run has the number of that.
      "transparent-retry": attempt <= this.#lastAttempt,
    };
    this.#lastAttempt = Math.max(this.#lastAttempt, attempt);
    const startTime = this.#originMs + nowMs;
    const name = `Attempt.${this.#name}`;
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime, attributes }, this.#context);
    const context = { ...span.spanContext(), sampled: true };
    return {
      metadata: [
        [traceparentName, writeTraceparent(context)],
        ...(this.#binary ? [[grpcTraceBinName, encodeBinaryValue(writeGrpcTraceBin(context))] as const] : []),
      ],
      ended: (code, endMs) => {
        endSpan(span, code, code !== 0);
        span.end(this.#originMs + endMs);
      },
    };
  }

  ended({ code, reason, nowMs, attempts }: FollowedEnd): void {
    this.#leaveQueue(nowMs);
    endSpan(this.#span, code, serverFaults.has(code));
    this.#span.setAttribute("grpcrouter.attempts", attempts);
    if (reason !== undefined) this.#span.setAttribute("error.type", reason);
    this.#span.end(this.#originMs + nowMs);
  }

  #leaveQueue(nowMs: number): void {
    this.#queue?.end(this.#originMs + nowMs);
    this.#queue = undefined;
  }
}

function endSpan(span: Span, code: number, isError: boolean): void {
  const name = statusName(code);
  span.setAttribute("rpc.response.status_code", name);
  if (isError) span.setStatus({ code: SpanStatusCode.ERROR, message: name });
}

/** `client.address` and `client.port`, or those of a server. */
function addressOf(side: "client" | "server", address: string): Attributes {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  if (at < 0 || !Number.isInteger(port)) return address === "" ? {} : { [`${side}.address`]: address };
  return { [`${side}.address`]: address.slice(0, at).replace(/^\[|\]$/g, ""), [`${side}.port`]: port };
}
