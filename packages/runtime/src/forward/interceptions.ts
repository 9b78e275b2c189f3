// SPDX-License-Identifier: Apache-2.0
import {
  END_TRAILERS_NUMBER,
  type EndView,
  percentDecode,
  type ReplyHeadView,
  StatusCode,
  stackOf,
} from "@grpc-router/protocol";
import { statusOfError } from "../intercept/call-error.js";
import type { CallInterceptor, CallResult, CallRun, InterceptedCall } from "../intercept/call-interceptor.js";
import { CallMetadata, type MetadataField } from "../intercept/call-metadata.js";
import { PendingCall } from "../intercept/pending-call.js";
import { readFields } from "../intercept/read-fields.js";
import type { MethodRoute } from "../registry/method-route.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { ForwardContext } from "./forward-context.js";
import type { Forwarder } from "./forwarder.js";

const decoder = new TextDecoder();

/** An encoded End. */
export type EndBytes = Pick<ReplyHeadView, "bytes" | "endStart" | "endEnd">;

/** Runs the program's interceptors around calls. Only routes that have some ever get here. */
export class Interceptions {
  readonly #context: ForwardContext;
  readonly #forwarder: Forwarder;
  /** By route: all of its interceptors as one, the first outermost. */
  readonly #runs = new WeakMap<MethodRoute, CallRun>();

  constructor(forwarder: Forwarder) {
    this.#context = forwarder.context;
    this.#forwarder = forwarder;
  }

  /** A call has come; it waits until its interceptors have let it go. */
  begin(call: CallRecord, interceptors: readonly CallInterceptor[]): void {
    const { route } = call;
    call.saveHead();
    const address = call.client?.address ?? "";
    const pending = new PendingCall(call, route.desc, address, () => this.#context.clock.nowMs());
    call.attemptState.pending = pending;
    this.#run(pending, route, interceptors).then(
      (result) => this.#answered(pending, result),
      (error: unknown) => this.#failed(pending, error),
    );
  }

  /** An interceptor need not be async: what it throws at once is what it rejects with. */
  async #run(pending: PendingCall, route: MethodRoute, interceptors: readonly CallInterceptor[]): Promise<CallResult> {
    let run = this.#runs.get(route);
    if (run === undefined) {
      run = interceptors.reduceRight<CallRun>(
        (next, interceptor) => interceptor(next),
        (view) => this.#next(view),
      );
      this.#runs.set(route, run);
    }
    return await run(pending);
  }

  /** Its interceptors have not let the call go yet. */
  holds({ attempts }: CallRecord): boolean {
    return attempts?.pending?.released === false;
  }

  /** The client has been told how the call ended. */
  ended(call: CallRecord, code: number, message: string, trailers: readonly MetadataField[] = []): void {
    const state = call.attempts;
    const pending = state?.pending;
    if (state === undefined || pending === undefined) return;
    state.pending = undefined;
    pending.call = undefined;
    const attempts = pending.released && call.tried === undefined && call.callId === 0 ? 0 : call.attempt + 1;
    pending.settle({ code, message, trailers: new CallMetadata(trailers), attempts: pending.released ? attempts : 0 });
  }

  /** The same by an instance's End. */
  endedBy(call: CallRecord, { bytes, endStart, endEnd }: EndBytes, view: EndView): void {
    if (call.attempts?.pending === undefined) return;
    const message = percentDecode(decoder.decode(bytes.subarray(view.messageStart, view.messageEnd)));
    const trailers = readFields(bytes, endStart, endEnd, END_TRAILERS_NUMBER);
    this.ended(call, view.code, message, trailers);
  }

  /** What the innermost interceptor calls: the call is routed. */
  #next(view: InterceptedCall): Promise<CallResult> {
    if (!(view instanceof PendingCall)) {
      return Promise.reject(new TypeError("Cannot go on: next must get the call that the interceptor got"));
    }
    if (view.released) return Promise.reject(new TypeError("Cannot go on: next must be called once"));
    view.released = true;
    // It may have taken its time, and no read callback has set the clock; so below.
    this.#context.clock.nowMs();
    const { call } = view;
    if (call !== undefined) {
      view.writeMetadata(call);
      // A key in metadata is that of the metadata that the instance gets.
      if (view.metadata.changed) this.#forwarder.keys.readHead(call);
      if (call.state === CallState.queued) this.#forwarder.requests.prepare(call);
      call.attempts?.gate?.requests?.pump();
    }
    return view.result;
  }

  /** The chain has come to its end: without `next`, what it answers, whatever a program without types may, is the call's status. */
  #answered(pending: PendingCall, result: Partial<CallResult> | undefined): void {
    if (pending.released || pending.call === undefined) return;
    this.#context.clock.nowMs();
    const { code = StatusCode.ok, message = "" } = result ?? {};
    if (Number.isInteger(code) && code > StatusCode.ok && code <= 16) this.#refuse(pending, { code, message });
    else
      this.#failed(
        pending,
        new TypeError(`an interceptor must answer with a code from 1 to 16 or call next, received ${code}`),
      );
  }

  #failed(pending: PendingCall, error: unknown): void {
    this.#context.clock.nowMs();
    const status = statusOfError(error);
    if (status !== undefined && !pending.released) {
      this.#refuse(pending, status);
      return;
    }
    const { parent, name } = pending.method;
    const method = `/${parent.typeName}/${name}`;
    this.#context.logger.log("error", "policy_failed", `An interceptor of ${method} threw: ${stackOf(error)}`, {
      method,
    });
    const { call } = pending;
    if (call !== undefined && !pending.released) {
      this.#forwarder.ending.fail(call, "POLICY_FAILED", { method, policy: "interceptor" });
    } else this.#context.counters.reasons.POLICY_FAILED++;
  }

  #refuse({ call }: PendingCall, status: { readonly code: number; readonly message: string }): void {
    if (call !== undefined) this.#forwarder.ending.refuse(call, status);
  }
}
