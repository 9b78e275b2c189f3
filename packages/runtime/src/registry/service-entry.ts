// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { BalanceFacts, GenRouter, SlowStartFacts } from "@grpc-router/protocol/codegenv1";
import type { Balancer } from "../balance/balancer.js";
import type { RouterPlace } from "../balance/compose-balancer.js";
import { type BalancerFactory, balancerByName, resolveBalancer } from "../balance/resolve-balancer.js";
import { longestSlowStart } from "../balance/slow-start.js";
import type { Channel } from "../channel/channel.js";
import type { CallRecord } from "../forward/call-record.js";
import { createRoutePolicy } from "../resilience/route-policy.js";
import { ServicePolicy } from "../resilience/service-policy.js";
import { WaitingLine } from "../resilience/waiting-line.js";
import { WaitingQueue } from "../resilience/waiting-queue.js";
import { WaitingRoom } from "../resilience/waiting-room.js";
import { RouterError } from "../router-error.js";
import { CandidateList } from "./candidate-list.js";
import { MethodLists } from "./method-lists.js";
import { MethodRoute } from "./method-route.js";
import type { MethodTable } from "./method-table.js";
import { type MethodSettings, type ResolvedSettings, resolveSettings, type ServiceSettings } from "./settings.js";

/** Parts of a `ServiceEntry`. */
export interface ServiceParts {
  readonly desc: GenRouter<DescService>;
  readonly settings: ServiceSettings;
  /** What counts where nothing else is said. */
  readonly defaults: ResolvedSettings;
  /** How instances are picked where nothing else is said. */
  readonly balance: MethodSettings["balance"];
  /** Balancers of the program, by name. */
  readonly balancers: ReadonlyMap<string, BalancerFactory>;
  /** Where the router is, for balancers that prefer what is close. */
  readonly place: RouterPlace;
  /** Calls that may wait at most. */
  readonly maxWaitingCalls: number;
  /** Bytes held for them at most. */
  readonly maxWaitingBytes: number;
  readonly waitingEvents: WaitingEvents;
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
  /** When its channels were last asked whether calls wait for them; -Infinity: never. */
  demandToldMs: number = Number.NEGATIVE_INFINITY;
  /** The newest channel of each instance id. */
  readonly live = new Map<string, Channel>();
  /** How new instances come in; undefined: with their whole weight. */
  readonly slowStart: SlowStartFacts | undefined;

  constructor(parts: ServiceParts) {
    const { service } = parts.desc;
    this.name = service.typeName;
    this.desc = parts.desc;
    checkNames(parts);
    const { waitingEvents } = parts;
    this.#waitingEvents = waitingEvents;
    this.room = new WaitingRoom({
      maxCount: parts.maxWaitingCalls,
      maxBytes: parts.maxWaitingBytes,
      nowMs: () => waitingEvents.nowMs(),
      onDisplaced: (call) => waitingEvents.onDisplaced(call),
    });
    const shared = pickBalancer(this.name, parts.settings.balance ?? parts.balance, parts, undefined);
    const policy = new ServicePolicy({ ...parts.desc.policies, ...parts.settings });
    this.routes = service.methods.map((method, index) => {
      const facts = parts.desc.methods[method.localName];
      const own = parts.settings.methods?.[method.localName];
      const subject = `${this.name}/${method.name}`;
      const settings = resolveSettings(subject, [own, parts.settings, facts], parts.defaults);
      const { priority } = settings;
      return new MethodRoute({
        policy: createRoutePolicy(policy, [own, parts.settings, facts]),
        service: this,
        method,
        index,
        settings,
        balancer: balancerOf(subject, method.localName, parts) ?? shared,
        waiting: new WaitingQueue<CallRecord>({
          room: this.room,
          priority,
          onExpired: (call) => waitingEvents.onExpired(call),
        }),
        candidates: this.candidates,
      });
    });
    this.slowStart = longestSlowStart(service.methods.map(({ localName }) => balanceFactsOf(localName, parts)));
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

/** Of a method that is not balanced as the service is. */
function balancerOf(subject: string, localName: string, parts: ServiceParts): Balancer | undefined {
  const own = parts.settings.methods?.[localName]?.balance;
  if (own !== undefined) return pickBalancer(subject, own, parts, undefined);
  const facts = balanceFactsOf(localName, parts);
  return facts === undefined ? undefined : pickBalancer(subject, undefined, parts, facts);
}

/** What the proto's options say of a method, where code says nothing of it and of the whole service. */
function balanceFactsOf(localName: string, { desc, settings }: ServiceParts): BalanceFacts | undefined {
  const said = settings.methods?.[localName]?.balance ?? settings.balance;
  return said === undefined ? desc.methods[localName]?.balance : undefined;
}

function pickBalancer(
  subject: string,
  balance: MethodSettings["balance"],
  parts: ServiceParts,
  facts: BalanceFacts | undefined,
): Balancer {
  if (balance === undefined) return resolveBalancer(facts, { subject, custom: parts.balancers, place: parts.place });
  if (typeof balance !== "string") return balance;
  const named = balancerByName(balance);
  if (named !== undefined) return named;
  throw new RouterError(
    "INVALID_SETTING",
    `Cannot balance ${subject}: balance must be round_robin, least_request or a Balancer, received ${String(balance)}`,
  );
}

/** Settings for a method that does not exist are a mistake that would otherwise never show. */
function checkNames({ desc, settings }: ServiceParts): void {
  const names = desc.service.methods.map((method) => method.localName);
  for (const name of Object.keys(settings.methods ?? {})) {
    if (names.includes(name)) continue;
    throw new RouterError(
      "INVALID_SETTING",
      `Cannot route ${desc.service.typeName}: methods must be among ${names.join(", ")}, received ${name}`,
    );
  }
}
