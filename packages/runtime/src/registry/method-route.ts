// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { Balancer } from "../balance/balancer.js";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import type { Middleware } from "../intercept/middleware.js";
import type { MethodMetrics } from "../metrics/method-metrics.js";
import type { Priority } from "../resilience/priority.js";
import type { RoutePolicy } from "../resilience/route-policy.js";
import type { WaitingQueue } from "../resilience/waiting-queue.js";
import type { CandidateList } from "./candidate-list.js";
import type { RouteKey } from "./route-key.js";
import type { RouteSlot } from "./route-slot.js";
import type { ServiceEntry } from "./service-entry.js";
import type { ResolvedSettings } from "./settings.js";
import { TargetKind } from "./target.js";
import type { TenantRoutes } from "./tenant-routes.js";

/** Parts of a `MethodRoute`. */
export interface MethodRouteParts {
  readonly service: ServiceEntry;
  readonly method: DescMethod;
  readonly slot: RouteSlot;
  readonly settings: ResolvedSettings;
  readonly balancer: Balancer;
  readonly policy: RoutePolicy | undefined;
  readonly key: RouteKey | undefined;
  readonly sessionName: string | undefined;
  readonly middleware: Middleware | undefined;
}

/** One method of a routed service: everything that a call looks up once and then follows by reference. */
export class MethodRoute {
  readonly kind: typeof TargetKind.call = TargetKind.call;
  readonly service: ServiceEntry;
  /** As it was described when the route was made. */
  readonly method: DescMethod;
  readonly slot: RouteSlot;
  /** Position in the method tables of instances; not that in the service, whose methods may change. */
  readonly index: number;
  /** "GetUser" */
  readonly name: string;
  /** "/acme.user.v1.UserService/GetUser" */
  readonly path: string;
  readonly methodKind: DescMethod["methodKind"];
  /** The client may send more than one message, so a call starts without waiting for the first. */
  readonly streamsRequests: boolean;
  /** A call may run twice: the contract's `idempotency_level` says so. */
  readonly idempotent: boolean;
  /** A call that user code may have begun may still be sent again, so its request is kept. */
  readonly repeats: boolean;
  readonly timeoutMs: number;
  readonly defaultTimeoutMs: number;
  readonly maxRequestMessageBytes: number;
  readonly maxResponseMessageBytes: number;
  readonly waitForReady: boolean;
  readonly priority: Priority;
  readonly balancer: Balancer;
  /** Load reports in its calls' trailers are read: the balancer goes by them. */
  readonly readsLoad: boolean;
  /** What resilience does for its calls; undefined: nothing beside what the channel needs. */
  readonly policy: RoutePolicy | undefined;
  /** Where its calls have their key; undefined: they have none. */
  readonly key: RouteKey | undefined;
  /**
   * The metadata field by which its calls stay with an instance: a call without it gets one that names its instance, and
   * may send it back like a cookie.
   */
  readonly sessionName: string | undefined;
  /** The program's code around its calls and their messages; undefined: none. */
  readonly middleware: Middleware | undefined;
  /** Where its calls are counted; undefined: nowhere. */
  metrics: MethodMetrics | undefined;
  /** The method that takes its calls when no instance can; set once all services are there. */
  fallback: MethodRoute | undefined = undefined;
  /** Routes of the method by tenant, of which this one is that of all others; undefined: all calls go by this one. */
  tenants: TenantRoutes | undefined = undefined;
  /** New calls go by another route, or by none any more; what a connection remembers of a path may still lead here. */
  retired = false;

  constructor(parts: MethodRouteParts) {
    const { service, method, settings } = parts;
    this.service = service;
    this.method = method;
    this.slot = parts.slot;
    this.index = parts.slot.index;
    this.name = method.name;
    this.path = `/${service.name}/${method.name}`;
    this.metrics = service.metrics?.method(method.name);
    this.methodKind = method.methodKind;
    this.streamsRequests = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
    this.idempotent = method.idempotency !== 0;
    this.repeats = this.idempotent || parts.policy?.repeats === true;
    this.timeoutMs = settings.timeoutMs;
    this.defaultTimeoutMs = settings.defaultTimeoutMs;
    this.maxRequestMessageBytes = settings.maxRequestMessageBytes;
    this.maxResponseMessageBytes = settings.maxResponseMessageBytes;
    this.waitForReady = settings.waitForReady;
    this.priority = settings.priority;
    this.balancer = parts.balancer;
    this.readsLoad = parts.balancer.readsLoad === true;
    this.policy = parts.policy;
    this.key = parts.key;
    this.sessionName = parts.sessionName;
    this.middleware = parts.middleware;
  }

  /** The method as its service describes it now: a route stays when only messages or foreign options have changed. */
  get desc(): DescMethod {
    return this.service.desc.service.method[this.method.localName] ?? this.method;
  }

  /** Calls that wait for an instance. */
  get waiting(): WaitingQueue<CallRecord> {
    return this.slot.waiting;
  }

  /** The instances that may be picked; the service's own list while all of them have the method. */
  get candidates(): CandidateList<Channel> {
    return this.slot.candidates;
  }
}
