// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { ResolvedPolicies } from "@grpc-router/protocol";
import type { GenRouter, SlowStartFacts } from "@grpc-router/protocol/codegenv1";
import { longestSlowStart } from "../balance/slow-start.js";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import { bindHooks } from "../intercept/bound-hook.js";
import type { CallInterceptor } from "../intercept/call-interceptor.js";
import { createMiddleware } from "../intercept/middleware.js";
import type { ServiceMetrics } from "../metrics/method-metrics.js";
import type { RouterMetrics } from "../metrics/router-metrics.js";
import type { PolicyEvents } from "../resilience/policy-events.js";
import type { PolicyUsage } from "../resilience/policy-usage.js";
import { createRoutePolicy } from "../resilience/route-policy.js";
import { ServicePolicy } from "../resilience/service-policy.js";
import { WaitingLine } from "../resilience/waiting-line.js";
import { WaitingQueue } from "../resilience/waiting-queue.js";
import { WaitingRoom } from "../resilience/waiting-room.js";
import { CandidateList } from "./candidate-list.js";
import { InstanceOrders } from "./instance-orders.js";
import { MethodLists } from "./method-lists.js";
import { MethodRoute } from "./method-route.js";
import type { MethodTable } from "./method-table.js";
import { createRouteKey } from "./route-key.js";
import { type PolicySources, resolveServicePolicies } from "./service-policies.js";
import { settingsOf } from "./settings.js";

/** Parts of a `ServiceEntry`. */
export interface ServiceParts extends PolicySources {
  /** Of all services. */
  readonly interceptors: readonly CallInterceptor[] | undefined;
  /** Calls that may wait at most. */
  readonly maxWaitingCalls: number;
  /** Bytes held for them at most. */
  readonly maxWaitingBytes: number;
  readonly waitingEvents: WaitingEvents;
  /** What counts calls by method; undefined: nothing does. */
  readonly metrics?: RouterMetrics | undefined;
  readonly policyEvents: PolicyEvents;
}

/** What becomes of calls that wait, and by whose time. */
export interface WaitingEvents {
  nowMs(): number;
  /** A waiting call had to give way to one of a higher class. */
  onDisplaced(call: CallRecord): void;
  /** A waiting call whose deadline has passed. */
  onExpired(call: CallRecord): void;
}

/** One routed service: its methods and the instances that serve it now. */
export class ServiceEntry {
  /** Full name, "acme.user.v1.UserService". */
  readonly name: string;
  readonly desc: GenRouter<DescService>;
  readonly routes: readonly MethodRoute[];
  readonly #routesByName = new Map<string, MethodRoute>();
  readonly #lists: MethodLists<Channel>;
  readonly #waitingEvents: WaitingEvents;
  /** Instances that may be picked: registered, serving, not draining. */
  readonly candidates = new CandidateList<Channel>();
  /** Calls that wait for an instance. */
  readonly waiting = new WaitingLine<CallRecord>();
  /** What they hold together: of this service alone, so that one whose instances are away leaves the others their room. */
  readonly room: WaitingRoom<CallRecord>;
  /** Every channel that has calls or may get some, draining ones included. */
  readonly channels = new Set<Channel>();
  /** What is counted of its calls. */
  readonly metrics: ServiceMetrics | undefined;
  /** When its channels were last asked whether calls wait for them; -Infinity: never. */
  demandToldMs: number = Number.NEGATIVE_INFINITY;
  /** Channels since the start: those that registered, those that left in good order, those that were lost. */
  readonly channelCounts = { registered: 0, drained: 0, lost: 0 };
  /** The newest channel of each instance id. */
  readonly live = new Map<string, Channel>();
  /** All that is said of it and its methods, and by whom. */
  readonly resolved: ResolvedPolicies;
  /** What operators have said of its instances. */
  readonly orders = new InstanceOrders();
  /** The last pick was none because a balancer of the program's own has thrown. */
  balancerFailed = false;
  /** What its methods share of resilience. */
  readonly policy: ServicePolicy;
  /** How new instances come in; undefined: with their whole weight. */
  readonly slowStart: SlowStartFacts | undefined;

  constructor(parts: ServiceParts) {
    const { service } = parts.desc;
    this.name = service.typeName;
    this.metrics = parts.metrics?.service(this.name);
    this.desc = parts.desc;
    const { waitingEvents } = parts;
    this.#waitingEvents = waitingEvents;
    this.room = new WaitingRoom({
      maxCount: parts.maxWaitingCalls,
      maxBytes: parts.maxWaitingBytes,
      nowMs: () => waitingEvents.nowMs(),
      onDisplaced: (call) => waitingEvents.onDisplaced(call),
    });
    const policies = resolveServicePolicies({
      ...parts,
      onBalancerError: (subject, error) => {
        this.balancerFailed = true;
        parts.policyEvents.onBalancerError(subject, error);
      },
    });
    this.resolved = policies.resolved;
    const { name, candidates } = this;
    this.policy = new ServicePolicy({
      name,
      facts: policies.shared,
      members: candidates.list,
      events: parts.policyEvents,
    });
    const interceptors = [...(parts.interceptors ?? []), ...(parts.settings.interceptors ?? [])];
    this.routes = service.methods.map((method, index) => {
      const { facts, balancer, readKey, hooks } = policies.method(method.localName);
      const settings = settingsOf(facts);
      return new MethodRoute({
        service: this,
        method,
        index,
        settings,
        balancer,
        key: createRouteKey(method.input, facts, readKey),
        middleware: createMiddleware({ interceptors, hooks: bindHooks(method, hooks) }),
        sessionName: facts.balance !== undefined && "sticky" in facts.balance ? facts.routeKeyMetadata : undefined,
        policy: createRoutePolicy({ name: `${name}/${method.name}`, facts, service: this.policy, balancer }),
        waiting: new WaitingQueue<CallRecord>({
          room: this.room,
          priority: settings.priority,
          onExpired: (call) => waitingEvents.onExpired(call),
        }),
        candidates,
      });
    });
    this.slowStart = longestSlowStart(service.methods.map(({ localName }) => policies.method(localName).facts.balance));
    for (const route of this.routes) this.#routesByName.set(route.name, route);
    this.#lists = new MethodLists(this.candidates, this.routes);
  }

  /** The router's monotonic clock in milliseconds, read once per turn. */
  get nowMs(): number {
    return this.#waitingEvents.nowMs();
  }

  /** The method of this name, "GetUser". */
  route(name: string): MethodRoute | undefined {
    return this.#routesByName.get(name);
  }

  /** What its policies hold now. */
  get policyUsage(): PolicyUsage {
    const { budget, throttle, limit } = this.policy;
    const { list } = this.candidates;
    return {
      service: this.name,
      extraAttempts: budget?.underWay ?? 0,
      retryTokens: throttle?.tokens,
      underWay: limit?.underWay ?? 0,
      methodsUnderWay: this.routes.reduce((sum, { policy }) => sum + (policy?.underWay ?? 0), 0),
      instances: list.length,
      ejected: list.filter(({ healthy }) => !healthy).length,
    };
  }

  /** Calls that instances have, and those that wait for one. */
  countOpen(): number {
    let count = this.room.count;
    for (const channel of this.channels) count += channel.openCalls;
    return count;
  }

  /** Calls that wait for an instance with these methods. */
  countWaiting(methods: MethodTable): number {
    let count = 0;
    for (const route of this.routes) if (methods.serves(route.index)) count += route.waiting.size;
    return count;
  }

  /** Puts `channel` where its state says: among those that may be picked, among those that are there without serving, or nowhere. */
  placeCandidate(channel: Channel): void {
    if (channel.available) {
      this.#lists.removeAway(channel);
      this.#lists.add(channel);
      return;
    }
    this.#lists.remove(channel);
    if (channel.open) this.#lists.addAway(channel);
    else this.#lists.removeAway(channel);
  }

  /** A label or a weight of a candidate has changed. */
  touch(): void {
    this.#lists.touch();
  }
}
