// SPDX-License-Identifier: Apache-2.0

import {
  type CloseReason,
  createFlusher,
  type Flusher,
  type Timer,
  type Transport,
  type TransportSink,
} from "@grpc-router/http2";
import { DRAIN_GRACE_MS, PONG_WITHIN_MS } from "@grpc-router/protocol";
import { BridgeError } from "../bridge-error.js";
import { type BridgeOptions, validateCapacity } from "../bridge-options.js";
import type { ServedService } from "../dispatch/served-service.js";
import type { BridgeConnection, BridgePorts, Dialer } from "../ports.js";
import { Backoff } from "./backoff.js";
import { describeWait, ordinal } from "./describe-wait.js";
import type { ProcessIdentity } from "./hello.js";
import { Link, type LinkOwner } from "./link.js";
import { Registration, type RegistrationHost } from "./registration.js";

/** What a session is opened with. */
export interface SessionOptions {
  readonly ports: BridgePorts;
  readonly options: BridgeOptions;
  readonly services: readonly ServedService[];
  readonly identity: ProcessIdentity;
  nextOrdinal(): bigint;
  /** In place of the dialler of `ports`. */
  readonly dial?: Dialer;
}

/**
 * A bridge at work at one router: dials, dials again when the connection is lost, and gives every connection to the
 * registrations, one per service.
 */
export class BridgeSession implements BridgeConnection, RegistrationHost, LinkOwner {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly ports: BridgePorts;
  readonly options: BridgeOptions;
  readonly identity: ProcessIdentity;
  readonly nextOrdinal: () => bigint;
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #dialler: Dialer;
  readonly #flusher: Flusher;
  readonly #backoff: Backoff;
  readonly #registrations: readonly Registration[];
  /** Every connection that is not gone; at most one of them is usable. */
  readonly #links = new Set<Link>();
  #link: Link | undefined;
  #dial: { cancel(): void } | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(session: SessionOptions) {
    const { ports, options, services, identity, nextOrdinal } = session;
    this.#dialler = session.dial ?? ((events) => ports.dial(events));
    this.ports = ports;
    this.options = options;
    this.identity = identity;
    this.nextOrdinal = nextOrdinal;
    this.ready = this.#ready.promise;
    this.closed = this.#closed.promise;
    // Nobody has to wait for `ready`, and then its rejection is nobody's business.
    this.ready.catch(() => undefined);
    this.#flusher = createFlusher(ports.scheduler);
    this.#backoff = new Backoff(() => ports.random());
    this.#registrations = services.map((service) => new Registration(service, this));
    this.#startDial();
  }

  get routerName(): string {
    return this.ports.url ?? "the router";
  }

  get link(): Link | undefined {
    return this.#link?.isUsable === true ? this.#link : undefined;
  }

  drain(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const graceMs = wholeMs(options.timeoutMs ?? DRAIN_GRACE_MS);
    this.#stopDialling();
    this.ports.logger.log("info", "draining", `Leaving ${this.routerName}: open calls have ${describeWait(graceMs)}`);
    for (const registration of this.#registrations) registration.drain(graceMs);
    return this.closed;
  }

  close(): void {
    this.#stopDialling();
    for (const registration of this.#registrations) registration.close();
  }

  setCapacity(calls: number): void {
    validateCapacity(calls);
    for (const registration of this.#registrations) registration.setCapacity(calls);
  }

  wantLink(): void {
    const isUnderWay = this.#dial !== undefined || this.#timer !== undefined;
    // While a connection closes its streams end one by one: the end of the connection itself says when to dial.
    if (isUnderWay || this.#isClosed || this.#link !== undefined) return;
    this.#startDial();
  }

  onRegistered(link: Link): void {
    if (link.registeredMs < 0) link.registeredMs = this.ports.scheduler.nowMs();
    if (this.#registrations.every((registration) => registration.isRegistered)) this.#ready.resolve();
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
    this.#ready.reject(new BridgeError("CLOSED", "Cannot become ready: the connection was closed"));
    this.#closed.resolve();
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

  #startDial(): void {
    let isDone = false;
    const dial = this.#dialler({
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
      url: this.ports.url,
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

/** A grace as a frame holds it: whole milliseconds, at most 24 days, as long as timers run; a negative one is over. */
function wholeMs(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), 2 ** 31 - 1) || 0;
}
