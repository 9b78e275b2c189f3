// SPDX-License-Identifier: Apache-2.0
import type { Stream } from "@grpc-router/http2";
import { MAX_METADATA_BYTES, MAX_METADATA_ENTRIES } from "@grpc-router/protocol";
import type { Middleware } from "../intercept/middleware.js";
import type { MethodRoute } from "../registry/method-route.js";
import type { RoutePolicy } from "../resilience/route-policy.js";
import { Attempts } from "./attempts.js";
import { CallEnding } from "./call-ending.js";
import { CallGate } from "./call-gate.js";
import { CallKeys } from "./call-keys.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { ClientAccount } from "./client-account.js";
import type { ForwardContext } from "./forward-context.js";
import { Interceptions } from "./interceptions.js";
import { Placement } from "./placement.js";
import { ReplyForwarder } from "./reply-forwarder.js";
import { RequestForwarder } from "./request-forwarder.js";
import { ContentType, HeadFault, type RequestHead, WaitForReady } from "./request-head.js";
import { isRequestReady } from "./request-readiness.js";
import type { StreamUser } from "./stream-user.js";

/** What METADATA_TOO_LARGE says of a request: how much it is nobody counts to the end. */
export const metadataLimits = {
  limit: `${MAX_METADATA_ENTRIES} entries and ${MAX_METADATA_BYTES} bytes`,
  size: "more",
} as const;

/** Takes calls from clients to instances and back. One per router; its parts share it. */
export class Forwarder {
  readonly context: ForwardContext;
  readonly keys: CallKeys;
  readonly interceptions: Interceptions;
  readonly attempts: Attempts;
  readonly ending: CallEnding;
  readonly placement: Placement;
  readonly requests: RequestForwarder;
  readonly replies: ReplyForwarder;

  constructor(context: ForwardContext) {
    this.context = context;
    this.keys = new CallKeys(this);
    this.interceptions = new Interceptions(this);
    this.attempts = new Attempts(this);
    this.ending = new CallEnding(this);
    this.placement = new Placement(this);
    this.requests = new RequestForwarder(this);
    this.replies = new ReplyForwarder(this);
  }

  /**
   * A request head has come: makes its call. Undefined if it is answered already. The caller sees to it that the head's
   * bytes are copied in time (`CallRecord.saveHead`).
   */
  open(
    client: ClientAccount,
    stream: Stream<StreamUser>,
    target: MethodRoute,
    head: RequestHead,
  ): CallRecord | undefined {
    const { clock, pool, wheel } = this.context;
    const route = target.tenants?.find(target, client, head.rest, head.restEnd) ?? target;
    const call = pool.take(route);
    call.state = CallState.queued;
    call.openedMs = clock.lastMs;
    call.sample.begin(route.metrics);
    call.client = client;
    call.log.client = client;
    call.connection = client.connection;
    call.source = client.connection;
    call.stream = stream;
    stream.data = call;
    call.takeHead(head);
    if (this.context.watchers.list.length > 0) this.context.watchers.begin(call, head.hasTraceContext);
    call.waitForReady =
      head.waitForReady === WaitForReady.unset ? route.waitForReady : head.waitForReady === WaitForReady.yes;
    if (head.fault !== HeadFault.none) {
      this.#refuseHead(call, head.fault);
      return undefined;
    }
    if (this.context.memory.exhausted || client.isFull || client.isFullOfHeads) {
      this.#refuseForMemory(call, client);
      return undefined;
    }
    if (route.key !== undefined) this.keys.readHead(call);
    const timeoutMs = head.timeoutUs < 0 ? route.defaultTimeoutMs : Math.min(head.timeoutUs / 1000, route.timeoutMs);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      call.deadlineMs = clock.lastMs + timeoutMs;
      if (timeoutMs <= 0) {
        this.ending.due(call);
        return undefined;
      }
      wheel.insert(call, call.deadlineMs);
    }
    if (route.policy !== undefined && this.#isTurnedAway(call, route.policy)) return undefined;
    return route.middleware === undefined || this.#surround(call, route.middleware) ? call : undefined;
  }

  /** The end of what could be read: a call of many messages starts without waiting for its first one. */
  startFresh(call: CallRecord): void {
    if (call.state !== CallState.queued || call.waitingIndex >= 0) return;
    // Its key is in the first message.
    if (call.route.key?.needsMessage === true && !isRequestReady(call)) return;
    this.placement.place(call);
  }

  /** Ends the call if its service takes no calls, or fewer, at the moment. */
  #isTurnedAway(call: CallRecord, { service }: RoutePolicy): boolean {
    const { clock, random } = this.context;
    const reason = service.refusal(clock.lastMs, random);
    if (reason !== undefined)
      this.ending.fail(call, reason, { method: call.route.path, service: call.route.service.name });
    // With a fallback it goes on.
    return reason !== undefined && call.state !== CallState.queued;
  }

  /** Puts the program's own code around the call. False: it is over. */
  #surround(call: CallRecord, { interceptors, hooks }: Middleware): boolean {
    if (hooks !== undefined) {
      if (call.contentType === ContentType.grpcSubtype) {
        const detail = `its hooks read application/grpc and application/grpc+proto, received ${call.contentTypeText}`;
        this.ending.fail(call, "CALL_UNSUPPORTED", { method: call.route.path, detail });
        return false;
      }
      new CallGate(call, hooks, this);
    }
    if (interceptors.length > 0) this.interceptions.begin(call, interceptors);
    return true;
  }

  #refuseForMemory(call: CallRecord, client: ClientAccount): void {
    if (this.context.memory.exhausted) this.ending.fail(call, "MEMORY_EXHAUSTED", { method: call.route.path });
    else this.ending.overMemory(call, client);
  }

  #refuseHead(call: CallRecord, fault: HeadFault): void {
    const method = call.route.path;
    if (fault === HeadFault.metadataTooLarge) {
      this.ending.fail(call, "METADATA_TOO_LARGE", { method, ...metadataLimits });
    } else {
      this.ending.fail(call, "BAD_MESSAGE", {
        method,
        detail: "grpc-timeout must be 1 to 8 digits and one of H M S m u n",
      });
    }
  }
}
