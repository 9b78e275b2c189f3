// SPDX-License-Identifier: Apache-2.0

import { type BurstLog, createBurstLog, DRAIN_GRACE_MS, Feature, MAX_ROUTERS } from "@grpc-router/protocol";
import { BridgeError } from "../bridge-error.js";
import { type BridgeOptions, type OpenOptions, validateCapacity } from "../bridge-options.js";
import { CapacityPool } from "../capacity/capacity-pool.js";
import type { ServedService } from "../dispatch/served-service.js";
import { LEAVE_AFTER_MS, OWN_TAKEOVER_MS } from "../limits.js";
import type { LoadMeasurement } from "../load/load-options.js";
import { LoadReporter } from "../load/load-reporter.js";
import type { BridgeConnection, BridgePorts, Dialer, RouterEndpoint, RouterStatus } from "../ports.js";
import { BridgeSession, type SessionOwner } from "./bridge-session.js";
import { connectionId, shareWeight } from "./connection-identity.js";
import type { ProcessIdentity } from "./hello.js";
import { reachableRouters } from "./reachable-routers.js";
import { readNames } from "./read-names.js";
import type { Takeover } from "./registration.js";
import { RouterEntry, UNNAMED } from "./router-entry.js";

/** What a set is opened with. */
export interface RouterSetOptions {
  readonly ports: BridgePorts;
  readonly options: BridgeOptions;
  readonly open: OpenOptions;
  readonly services: readonly ServedService[];
  readonly identity: ProcessIdentity;
  nextOrdinal(): bigint;
  /** Begins to measure the process, where it is this one that answers. Default: nobody measures. */
  readonly measureLoad?: (() => LoadMeasurement) | undefined;
  /** Around every dialler. */
  readonly wrapDial?: (dial: Dialer) => Dialer;
}

/**
 * A bridge at work: at the routers that are configured, and at those that they name. Every router has its own sessions,
 * one per connection; what they share is the capacity of each service (docs/channel.md sections 5 to 7).
 */
export class RouterSet implements BridgeConnection {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  callsCut = 0;
  readonly #set: RouterSetOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Services that have been registered at some router. */
  readonly #registered = new Set<string>();
  readonly #pools: ReadonlyMap<string, CapacityPool>;
  readonly #load: LoadReporter | undefined;
  readonly #features: readonly Feature[];
  readonly #configured: readonly EntryEndpoint[];
  readonly #entries: RouterEntry[] = [];
  /** Addresses that have turned out to be another entry's router. */
  readonly #aliases = new Map<string, Alias>();
  readonly #refusals: BurstLog;
  #isLeaving = false;
  #isClosed = false;

  constructor(set: RouterSetOptions) {
    const { ports, options, open, services } = set;
    const { furtherRouters = [] } = ports;
    this.#set = set;
    this.ready = this.#ready.promise;
    this.closed = this.#closed.promise;
    // Nobody has to wait for `ready`, and then its rejection is nobody's business.
    this.ready.catch(() => undefined);
    this.#refusals = createBurstLog(ports.logger, { nowMs: () => ports.scheduler.nowMs() });
    const isFollowing = ports.endpoint !== undefined && open.followRouters !== false;
    this.#features = isFollowing ? [Feature.routers, Feature.demand] : [Feature.demand];
    const pools = services.map(({ name }) => [name, new CapacityPool(ports.scheduler, options.capacity)] as const);
    this.#pools = new Map(pools);
    const { load = {} } = options;
    const { connectionsPerRouter: connections = 1 } = open;
    if (load !== false) this.#load = new LoadReporter({ ports, load, connections, measure: set.measureLoad });
    const first: EntryEndpoint = { url: ports.url, dial: (events) => ports.dial(events) };
    const configured: readonly EntryEndpoint[] = [first, ...furtherRouters];
    const names = configured.map(nameOf);
    this.#configured = configured.filter((endpoint, index) => names.indexOf(nameOf(endpoint)) === index);
    if (this.#configured.length > MAX_ROUTERS) throw tooMany(this.#configured.length);
    this.#expect(this.#configured.length);
    this.#follow();
  }

  routers(): readonly RouterStatus[] {
    return this.#entries.flatMap((entry) => entry.status());
  }

  openCalls(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const session of this.#entries.flatMap(({ sessions }) => sessions)) session.countCalls(counts);
    return counts;
  }

  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#stopFollowing();
    const graceMs = wholeMs(options.timeoutMs ?? DRAIN_GRACE_MS);
    for (const entry of this.#entries) entry.leave(graceMs);
    return this.closed;
  }

  close(): void {
    this.#stopFollowing();
    for (const session of this.#entries.flatMap(({ sessions }) => sessions)) session.close();
  }

  setCapacity(calls: number): void {
    validateCapacity(calls);
    for (const pool of this.#pools.values()) pool.total = calls;
  }

  #add(endpoint: EntryEndpoint): void {
    const { connectionsPerRouter = 1 } = this.#set.open;
    const isConfigured = this.#configured.includes(endpoint);
    const entry = new RouterEntry(endpoint.url, isConfigured, connectionsPerRouter, (owner, connection) =>
      this.#openSession(owner, endpoint, connection),
    );
    this.#entries.push(entry);
    for (const session of entry.sessions) session.start();
  }

  #openSession(entry: RouterEntry, { url, dial }: EntryEndpoint, connection: number): BridgeSession {
    const { ports, options, open, services, identity, nextOrdinal, wrapDial = (it) => it } = this.#set;
    return new BridgeSession({
      ports,
      url,
      dial: wrapDial(dial),
      options: shareWeight(options, open.connectionsPerRouter ?? 1),
      services,
      identity: { ...identity, instanceId: connectionId(identity.instanceId, connection) },
      nextOrdinal,
      features: this.#features,
      pools: this.#pools,
      load: this.#load,
      owner: this.#ownerOf(entry),
    });
  }

  /** What the sessions of one router tell. */
  #ownerOf(entry: RouterEntry): SessionOwner {
    return {
      onRegistered: (service, routerId, isNew) => {
        this.#registered.add(service);
        if (this.#registered.size === this.#pools.size) this.#ready.resolve();
        if (isNew && !this.#isLeaving) this.#onReached(entry, routerId);
      },
      onRouters: (addresses) => this.#onRouters(entry, addresses),
      takeover: () => this.#judgeTakeover(entry),
      onSuperseded(service, superseded) {
        // Whoever takes one connection's id takes the process's: it may keep fewer connections than this one.
        for (const session of entry.sessions) {
          if (session !== superseded) session.leaveService(service, DRAIN_GRACE_MS);
        }
      },
      onCallsCut: (count) => {
        this.callsCut += count;
      },
      onStopped: () => this.#onStopped(),
    };
  }

  /** A connection leads to another router process than before. */
  #onReached(entry: RouterEntry, routerId: string): void {
    // What led to the same process may not any more.
    for (const [url, alias] of this.#aliases) {
      if (alias.kept === entry && !entry.leadsTo(alias.routerId)) this.#aliases.delete(url);
    }
    const other = this.#entries.find((it) => it !== entry && !it.isLeaving && it.leadsTo(routerId));
    if (other === undefined || entry.isLeaving) this.#follow();
    else if (entry.isConfigured && !other.isConfigured) this.#merge(entry, other, routerId);
    else this.#merge(other, entry, routerId);
  }

  #judgeTakeover(entry: RouterEntry): Takeover {
    if (entry.isLeaving) return "leaving";
    if (this.#nowMs() - entry.sameMs < 2 * OWN_TAKEOVER_MS) return "own";
    return this.#entries.length > 1 ? "unknown" : "other";
  }

  /** Both are one router, under two addresses: one is enough. */
  #merge(kept: RouterEntry, left: RouterEntry, routerId: string): void {
    kept.sameMs = this.#nowMs();
    this.#aliases.set(left.name, { kept, routerId });
    this.#log("info", "same_router", `${left.name} is the same router as ${kept.name}: leaving the former`);
    // The one that is kept takes over again first, so that calls find this process all the time.
    left.isLeaving = true;
    left.timer = this.#set.ports.scheduler.after(4 * OWN_TAKEOVER_MS, () => left.leave(DRAIN_GRACE_MS));
    this.#follow();
  }

  #onRouters(entry: RouterEntry, addresses: readonly string[]): void {
    const { endpoint } = this.#set.ports;
    if (endpoint === undefined || !this.#features.includes(Feature.routers) || this.#isLeaving) return;
    const { endpoints, faults } = readNames(addresses, entry.url, (address) => endpoint(address));
    const [fault] = faults;
    if (fault !== undefined) {
      this.#refusals.log("name", "router_refused", `${entry.name} names a router that is not dialled. ${fault}`);
    }
    const urls = endpoints.map(({ url }) => url).join(", ");
    if (urls === entry.names.map(({ url }) => url).join(", ")) return;
    entry.names = endpoints;
    this.#log("info", "routers_named", `${entry.name} names ${urls === "" ? "no further routers" : urls}`);
    this.#follow();
  }

  /** Dials what is to be dialled and is not; leaves, after a while, what nobody names any more. */
  #follow(): void {
    if (this.#isLeaving) return;
    // Whose kept address is being left is reached by the other one again.
    for (const [url, { kept }] of this.#aliases) if (kept.isLeaving) this.#aliases.delete(url);
    const known = new Map<string, EntryEndpoint>();
    for (const endpoint of this.#entries.flatMap(({ names }) => names)) known.set(endpoint.url, endpoint);
    for (const endpoint of this.#configured) known.set(nameOf(endpoint), endpoint);
    const entryOf = (url: string) => this.#entries.find((entry) => entry.name === url) ?? this.#aliases.get(url)?.kept;
    const namesOf = (url: string) => entryOf(url)?.names.map((endpoint) => endpoint.url) ?? [];
    const wanted = reachableRouters(this.#configured.map(nameOf), namesOf, MAX_ROUTERS);
    for (const url of this.#aliases.keys()) if (!wanted.includes(url)) this.#aliases.delete(url);
    for (const entry of this.#entries) {
      if (entry.isLeaving) continue;
      if (wanted.includes(entry.name)) entry.stopTimer();
      else if (entry.timer === undefined) this.#leaveLater(entry);
    }
    for (const url of wanted) {
      const endpoint = known.get(url);
      // Those that are about to be left count, too: a list that changes all the time makes nobody dial more.
      const hasRoom = this.#entries.length < MAX_ROUTERS;
      if (hasRoom && endpoint !== undefined && entryOf(url) === undefined) this.#add(endpoint);
    }
    this.#expect(this.#entries.filter(({ isLeaving, isOver }) => !isLeaving && !isOver).length);
  }

  #leaveLater(entry: RouterEntry): void {
    entry.timer = this.#set.ports.scheduler.after(LEAVE_AFTER_MS, () => {
      this.#log("info", "router_unnamed", `Nobody names ${entry.name} any more: leaving it`);
      entry.leave(DRAIN_GRACE_MS);
      this.#follow();
    });
  }

  #onStopped(): void {
    for (const [index, entry] of [...this.#entries.entries()].reverse()) {
      // Who has been superseded stays in the list: it is not dialled anew because somebody names it.
      if (!entry.isLeaving || !entry.isOver || this.#isLeaving) continue;
      entry.stopTimer();
      this.#entries.splice(index, 1);
    }
    if (!this.#entries.every(({ isOver }) => isOver)) {
      this.#follow();
      return;
    }
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopFollowing();
    this.#ready.reject(new BridgeError("CLOSED", "Cannot become ready: the connection was closed"));
    this.#closed.resolve();
  }

  #stopFollowing(): void {
    this.#isLeaving = true;
    for (const entry of this.#entries) entry.stopTimer();
  }

  /** Tells the pools how many channels share. */
  #expect(routers: number): void {
    const { connectionsPerRouter = 1 } = this.#set.open;
    for (const pool of this.#pools.values()) pool.expected = routers * connectionsPerRouter;
  }

  #nowMs(): number {
    return this.#set.ports.scheduler.nowMs();
  }

  #log(level: "info" | "warn", event: string, message: string): void {
    this.#set.ports.logger.log(level, event, message);
  }
}

/** A router of which perhaps nobody knows the address. */
type EntryEndpoint = Pick<RouterEndpoint, "dial"> & { readonly url: string | undefined };

/** An address that is not dialled, because another one leads to its router, too. */
interface Alias {
  readonly kept: RouterEntry;
  readonly routerId: string;
}

function nameOf({ url }: EntryEndpoint): string {
  return url ?? UNNAMED;
}

function tooMany(count: number): BridgeError {
  return new BridgeError(
    "INVALID_OPTION",
    `Cannot dial the routers: they must be at most ${MAX_ROUTERS}, received ${count}`,
  );
}

/** A grace as a frame holds it: whole milliseconds, at most 24 days, as long as timers run; a negative one is over. */
function wholeMs(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), 2 ** 31 - 1) || 0;
}
