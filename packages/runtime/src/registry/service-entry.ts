// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { ResolvedPolicies } from "@grpc-router/protocol";
import type { GenRouter, SlowStartFacts } from "@grpc-router/protocol/codegenv1";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import type { ServiceMetrics } from "../metrics/method-metrics.js";
import type { RouterMetrics } from "../metrics/router-metrics.js";
import type { PolicyUsage } from "../resilience/policy-usage.js";
import type { ServicePolicy } from "../resilience/service-policy.js";
import { WaitingLine } from "../resilience/waiting-line.js";
import { WaitingRoom } from "../resilience/waiting-room.js";
import { CandidateList } from "./candidate-list.js";
import { InstanceOrders } from "./instance-orders.js";
import { MethodLists } from "./method-lists.js";
import type { MethodRoute } from "./method-route.js";
import type { MethodTable } from "./method-table.js";
import type { RouteSlot } from "./route-slot.js";
import { type ContractParts, createContract, type ServiceContract } from "./service-contract.js";
import { ServiceSlots } from "./service-slots.js";
import { methodKindOf } from "./validate-hello.js";

/** Parts of a `ServiceEntry`. */
export interface ServiceParts extends ContractParts {
  /** Calls that may wait at most. */
  readonly maxWaitingCalls: number;
  /** Bytes held for them at most. */
  readonly maxWaitingBytes: number;
  readonly waitingEvents: WaitingEvents;
  /** What counts calls by method; undefined: nothing does. */
  readonly metrics?: RouterMetrics | undefined;
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
  /** The service is routed no more; calls of it may be under way. */
  retired = false;
  #contract: ServiceContract;
  readonly #slots: ServiceSlots;
  #lists: MethodLists<Channel>;
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
  /** What operators have said of its instances. */
  readonly orders = new InstanceOrders();
  /** The last pick was none because a balancer of the program's own has thrown. */
  balancerFailed = false;

  constructor(parts: ServiceParts) {
    this.name = parts.desc.service.typeName;
    this.metrics = parts.metrics?.service(this.name);
    const { waitingEvents } = parts;
    this.#waitingEvents = waitingEvents;
    this.room = new WaitingRoom({
      maxCount: parts.maxWaitingCalls,
      maxBytes: parts.maxWaitingBytes,
      nowMs: () => waitingEvents.nowMs(),
      onDisplaced: (call) => waitingEvents.onDisplaced(call),
    });
    const { room, candidates } = this;
    this.#slots = new ServiceSlots({
      room,
      candidates,
      nowMs: () => waitingEvents.nowMs(),
      onExpired: (call) => waitingEvents.onExpired(call),
    });
    this.#contract = this.#createContract(parts, undefined);
    this.#takeRoutes();
    this.#lists = new MethodLists(candidates, this.queues);
  }

  /**
   * Takes another contract and other settings, for calls to come: those under way keep what they began with. Instances stay,
   * and what they have announced beyond the former contract counts now. Answers whether anything is different.
   *
   * @throws RouterError INVALID_SETTING with everything that is wrong; then all stays as it was.
   */
  update(parts: ServiceParts): boolean {
    const before = this.#contract;
    const contract = this.#createContract(parts, before);
    this.#contract = contract;
    if (contract.policy !== before.policy) before.policy.retire();
    if (contract.routes === before.routes && contract.tenants === before.tenants) return false;
    for (const former of before.routes) former.retired = this.route(former.name) !== former;
    this.#takeRoutes();
    for (const { methods } of this.channels) this.#matchUnknown(methods);
    this.#lists = new MethodLists(this.candidates, this.queues);
    return true;
  }

  /** The service is routed no more: nobody waits for its instances. */
  retire(): void {
    this.retired = true;
    for (const route of this.routes) route.retired = true;
  }

  get desc(): GenRouter<DescService> {
    return this.#contract.desc;
  }

  /** All that is said of it and its methods, and by whom. */
  get resolved(): ResolvedPolicies {
    return this.#contract.resolved;
  }

  /** What its methods share of resilience. */
  get policy(): ServicePolicy {
    return this.#contract.policy;
  }

  /** How new instances come in; undefined: with their whole weight. */
  get slowStart(): SlowStartFacts | undefined {
    return this.#contract.slowStart;
  }

  /** Routes of new calls, in the order of the methods. */
  get routes(): readonly MethodRoute[] {
    return this.#contract.routes;
  }

  /** The router's monotonic clock in milliseconds, read once per turn. */
  get nowMs(): number {
    return this.#waitingEvents.nowMs();
  }

  /** What stays of its methods, those that are there no more included. */
  get slots(): readonly RouteSlot[] {
    return this.#slots.list;
  }

  /** The same with those for the calls of tenants, which wait by themselves. */
  get queues(): readonly RouteSlot[] {
    return this.#slots.all;
  }

  /** Routes of new calls, those of tenants included. */
  get allRoutes(): readonly MethodRoute[] {
    return this.routes.flatMap((route) => [route, ...(route.tenants?.routes ?? [])]);
  }

  /** The method of this name, "GetUser". */
  route(name: string): MethodRoute | undefined {
    return this.#contract.routesByName.get(name);
  }

  /** What its policies hold now. */
  get policyUsage(): PolicyUsage {
    const { budget, throttle, limit } = this.policy;
    const { list } = this.candidates;
    // Routes of a method that have their bound from the same source count together.
    const limits = new Set(this.allRoutes.map(({ policy }) => policy?.limit));
    return {
      service: this.name,
      extraAttempts: budget?.underWay ?? 0,
      retryTokens: throttle?.tokens,
      underWay: limit?.underWay ?? 0,
      methodsUnderWay: [...limits].reduce((sum, limit) => sum + (limit?.underWay ?? 0), 0),
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
    for (const { index, waiting } of this.queues) if (methods.serves(index)) count += waiting.size;
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

  #createContract(parts: ServiceParts, before: ServiceContract | undefined): ServiceContract {
    return createContract(this, parts, {
      before,
      findSlot: (owner, { priority }) => this.#slots.find(owner, priority),
    });
  }

  /** New calls go by the routes of the contract, and those that wait already wait on. */
  #takeRoutes(): void {
    const { routes, tenants } = this.#contract;
    for (const [index, route] of routes.entries()) route.tenants = tenants?.[index];
    for (const route of this.allRoutes) {
      this.#slots.take(route);
      if (route.waiting.size > 0) this.waiting.add(route.waiting);
    }
  }

  /** Takes up what an instance had announced before the service had it. */
  #matchUnknown(methods: MethodTable): void {
    methods.unknown = methods.unknown.filter((method) => {
      const route = this.route(method.name);
      if (route === undefined || route.methodKind !== methodKindOf(method)) return true;
      methods.set(route.index, method.number, method.typed);
      return false;
    });
  }
}
