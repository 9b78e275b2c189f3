// SPDX-License-Identifier: Apache-2.0

import {
  type CloseReason,
  createFlusher,
  type Flusher,
  type Timer,
  type Transport,
  type TransportSink,
} from "@grpc-router/http2";
import { type Feature, PONG_WITHIN_MS } from "@grpc-router/protocol";
import type { BridgeOptions } from "../bridge-options.js";
import type { CapacityPool } from "../capacity/capacity-pool.js";
import type { ServedService } from "../dispatch/served-service.js";
import type { LoadReporter } from "../load/load-reporter.js";
import type { BridgePorts, Dialer, RouterStatus } from "../ports.js";
import { Backoff } from "./backoff.js";
import { describeWait, ordinal } from "./describe-wait.js";
import type { ProcessIdentity } from "./hello.js";
import { Link, type LinkOwner } from "./link.js";
import { Registration, type RegistrationHost, type Takeover } from "./registration.js";

/** What a session tells the set that it is part of. */
export interface SessionOwner {
  /** The router has taken a service; `isNew`: it is another process than before. */
  onRegistered(service: string, routerId: string, isNew: boolean): void;
  /** The router names these further routers, and no others. */
  onRouters(addresses: readonly string[]): void;
  /** Who takes an id over, as far as is known now. */
  takeover(): Takeover;
  /** Another process has taken a service over from `session`. */
  onSuperseded(service: string, session: BridgeSession): void;
  /** The grace of a drain is over, and `count` calls had not ended. */
  onCallsCut(count: number): void;
  /** Nothing of it is left. */
  onStopped(): void;
}

/** What a session is opened with. */
export interface SessionOptions {
  readonly ports: BridgePorts;
  /** `http://host:port` of the router; by default its scheme and authority are those of the transport. */
  readonly url: string | undefined;
  readonly dial: Dialer;
  readonly options: BridgeOptions;
  readonly services: readonly ServedService[];
  readonly identity: ProcessIdentity;
  nextOrdinal(): bigint;
  /** What hellos offer. */
  readonly features: readonly Feature[];
  /** The capacity of each service. */
  readonly pools: ReadonlyMap<string, CapacityPool>;
  /** Undefined: nothing is reported. */
  readonly load: LoadReporter | undefined;
  readonly owner: SessionOwner;
}

/**
 * One connection to one router at a time: dials, dials again when it is lost, and gives every connection to the
 * registrations, one per service.
 */
export class BridgeSession implements RegistrationHost, LinkOwner {
  readonly ports: BridgePorts;
  readonly options: BridgeOptions;
  readonly identity: ProcessIdentity;
  readonly features: readonly Feature[];
  readonly nextOrdinal: () => bigint;
  readonly load: LoadReporter | undefined;
  /** The router process that answered last; empty: none has. */
  routerId = "";
  readonly #session: SessionOptions;
  readonly #flusher: Flusher;
  readonly #backoff: Backoff;
  readonly #registrations: readonly Registration[];
  /** Every connection that is not gone; at most one of them is usable. */
  readonly #links = new Set<Link>();
  #link: Link | undefined;
  #dial: { cancel(): void } | undefined;
  #timer: Timer | undefined;
  #isDraining = false;
  #isClosed = false;
  /** What went wrong last, and when it is tried again. */
  #trouble = { reason: "", retryMs: Number.NEGATIVE_INFINITY };

  constructor(session: SessionOptions) {
    const { ports, options, services, identity, nextOrdinal } = session;
    this.#session = session;
    this.ports = ports;
    this.options = options;
    this.identity = identity;
    this.features = session.features;
    this.nextOrdinal = nextOrdinal;
    this.load = session.load;
    this.#flusher = createFlusher(ports.scheduler);
    this.#backoff = new Backoff(() => ports.random());
    this.#registrations = services.map((service) => new Registration(service, this));
  }

  /** Nothing of it is left. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get routerName(): string {
    return this.#session.url ?? "the router";
  }

  get link(): Link | undefined {
    return this.#link?.isUsable === true ? this.#link : undefined;
  }

  /** How it stands with the router, for people. */
  status(): Omit<RouterStatus, "url" | "origin"> {
    const registered = this.#registrations.filter(({ isServing }) => isServing).map(({ service }) => service.name);
    const waitMs = this.#trouble.retryMs - this.ports.scheduler.nowMs();
    return {
      instanceId: this.identity.instanceId,
      state: this.#state(registered.length, waitMs > 0),
      registered,
      reason: this.#trouble.reason,
      ...(waitMs > 0 && !this.#isDraining && { nextAttemptMs: waitMs }),
    };
  }

  /** Begins to dial. */
  start(): void {
    this.#startDial();
  }

  /** Takes no new calls; the open ones have `graceMs`. */
  drain(graceMs: number): void {
    if (this.#isClosed) return;
    this.#isDraining = true;
    this.#stopDialling();
    this.ports.logger.log("info", "draining", `Leaving ${this.routerName}: open calls have ${describeWait(graceMs)}`);
    for (const registration of this.#registrations) registration.drain(graceMs);
  }

  /** Ends everything at once. */
  close(): void {
    this.#isDraining = true;
    this.#stopDialling();
    for (const registration of this.#registrations) registration.close();
  }

  /** Another process serves it from now on. */
  leaveService(name: string, graceMs: number): void {
    for (const registration of this.#registrations) if (registration.service.name === name) registration.drain(graceMs);
  }

  pool(service: string): CapacityPool {
    const pool = this.#session.pools.get(service);
    if (pool === undefined) throw new Error(`Cannot find the capacity of ${service}`);
    return pool;
  }

  takeover(): Takeover {
    return this.#session.owner.takeover();
  }

  onRouters(addresses: readonly string[]): void {
    this.#session.owner.onRouters(addresses);
  }

  onSuperseded(service: string): void {
    this.#session.owner.onSuperseded(service, this);
  }

  onTrouble(reason: string, waitMs: number): void {
    this.#trouble = { reason, retryMs: this.ports.scheduler.nowMs() + waitMs };
  }

  onCallsCut(count: number): void {
    this.#session.owner.onCallsCut(count);
  }

  /** Adds the calls that run to `counts`: by path. */
  countCalls(counts: Map<string, number>): void {
    for (const registration of this.#registrations) registration.countCalls(counts);
  }

  wantLink(): void {
    const isUnderWay = this.#dial !== undefined || this.#timer !== undefined;
    // While a connection closes its streams end one by one: the end of the connection itself says when to dial.
    if (isUnderWay || this.#isClosed || this.#link !== undefined) return;
    this.#startDial();
  }

  onRegistered(link: Link, service: string, routerId: string): void {
    if (link.registeredMs < 0) link.registeredMs = this.ports.scheduler.nowMs();
    if (this.#registrations.every(({ isServing }) => isServing)) this.onTrouble("", 0);
    const isNew = routerId !== this.routerId;
    this.routerId = routerId;
    this.#session.owner.onRegistered(service, routerId, isNew);
  }

  onSilence(link: Link): void {
    if (link.silentMs >= PONG_WITHIN_MS) link.close("the router does not answer");
  }

  onStopped(): void {
    if (this.#isClosed || !this.#registrations.every((registration) => registration.isStopped)) return;
    this.#isClosed = true;
    this.#stopDialling();
    for (const link of this.#links) link.retire();
    this.ports.logger.log("info", "left", `Left ${this.routerName}`);
    this.#session.owner.onStopped();
  }

  onLinkRetired(link: Link): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#noteStood(link);
    for (const registration of this.#registrations) registration.onLinkRetired(link);
  }

  onLinkTick(link: Link): void {
    // The router may allow more streams by now.
    if (link === this.#link) this.#offer(link);
  }

  onLinkClosed(link: Link, reason: CloseReason): void {
    this.#links.delete(link);
    this.#noteStood(link);
    const isWanted = this.#link === undefined && this.#registrations.some((registration) => registration.isIdle);
    if (isWanted && !this.#isClosed) this.#dialLater(sentence(`Lost router ${this.routerName}`, reason.message));
  }

  #noteStood({ registeredMs }: Link): void {
    if (registeredMs >= 0) this.#backoff.stood(this.ports.scheduler.nowMs() - registeredMs);
  }

  #state(registered: number, isWaiting: boolean): RouterStatus["state"] {
    if (this.#isClosed) return "left";
    if (this.#isDraining) return "leaving";
    if (registered === this.#registrations.length) return "registered";
    if (isWaiting) return "waiting";
    return this.link === undefined ? "dialling" : "registering";
  }

  #startDial(): void {
    let isDone = false;
    const dial = this.#session.dial({
      connected: (transport) => {
        isDone = true;
        this.#dial = undefined;
        return this.#onConnected(transport);
      },
      failed: (error) => {
        isDone = true;
        this.#dial = undefined;
        this.#dialLater(sentence(`Cannot reach router ${this.routerName}`, error.message));
      },
    });
    // A dialler may answer at once.
    if (!isDone) this.#dial = dial;
  }

  #onConnected(transport: Transport): TransportSink {
    const link = new Link({
      transport,
      flusher: this.#flusher,
      owner: this,
      url: this.#session.url,
      limits: this.options.connections?.limits,
    });
    this.#links.add(link);
    this.#link = link;
    this.#offer(link);
    return link.sink;
  }

  /** Gives the connection to the registrations that wait for one, as far as it takes their streams. */
  #offer(link: Link): void {
    for (const registration of this.#registrations) if (link.isUsable) registration.onLink(link);
  }

  /** `Cannot reach router http://localhost:8080: connection refused. Trying again in 1.2 s (3rd time)`. */
  #dialLater(why: string): void {
    if (this.#isClosed || this.#dial !== undefined || this.#timer !== undefined) return;
    const waitMs = this.#backoff.next();
    const count = this.#backoff.failures;
    const message = `${why}. Trying again in ${describeWait(waitMs)} (${ordinal(count)} time)`;
    this.ports.logger.log("warn", "unreachable", message, { waitMs, count });
    this.onTrouble(why, waitMs);
    this.#timer = this.ports.scheduler.after(waitMs, () => {
      this.#timer = undefined;
      this.#startDial();
    });
  }

  #stopDialling(): void {
    this.#dial?.cancel();
    this.#dial = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** `reason` behind `start`, unless it is a whole sentence, as of a transport that found another protocol. */
function sentence(start: string, reason: string): string {
  return reason.startsWith("Cannot ") ? reason : `${start}: ${reason}`;
}
