// SPDX-License-Identifier: Apache-2.0

import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import {
  type CallWatcher,
  type ConnectionBook,
  type ConnectionPurpose,
  type CredentialSettings,
  EventLog,
  type EventRing,
  type InstanceInfo,
  type MetricFamily,
  type Operator,
  type Router,
  type RouterCore,
  type RouterPorts,
  type ServiceChanges,
} from "@grpc-router/runtime";
import { inflateGzip } from "../inflate/inflate-gzip.js";
import { CLOSE_GRACE_MS, HANDSHAKE_GRACE_MS } from "../limits.js";
import { createConsoleLogger } from "../log/console-logger.js";
import { defaultMemoryBytes, validateMemoryBytes } from "../memory/memory-budget.js";
import { createMemoryGauge } from "../memory/memory-gauge.js";
import type { CertificateBook } from "../metrics/certificate-book.js";
import { ServerMetrics } from "../metrics/server-metrics.js";
import { NodeError } from "../node-error.js";
import { createNodeScheduler } from "../scheduler/node-scheduler.js";
import { createSocketTransport } from "../socket/socket-transport.js";
import {
  type CertificateChange,
  joinPrepared,
  type PreparedCertificates,
  type RenewableCertificates,
} from "./certificates.js";
import { type EngineStats, readEngineStats, type StatsSources } from "./engine-stats.js";
import type { Listener } from "./listener.js";
import type { ListenerStats } from "./listener-stats.js";
import { openListeners, planListeners, type RouterListeners } from "./open-listeners.js";
import { type PolicyStats, readPolicyStats } from "./policy-stats.js";
import type { CertificateFiles, ServeRouterOptions } from "./serve-options.js";

export type { CertificateFiles, ServeRegistrationOptions, ServeRouterOptions, ServeTls } from "./serve-options.js";

/** Where a router's server is in its life. */
export type RouterPhase = "serving" | "draining" | "closed";

/** A router that listens. */
export interface RouterServer {
  readonly address: { readonly host: string; readonly port: number };
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** The same of the listener where instances register; that of `url` unless it has an address of its own. */
  readonly registrationUrl: string;
  /** `serving` until `drain` or `close` is called: it accepts connections; `closed` when all sockets are gone. */
  readonly phase: RouterPhase;
  /** The registration channels that are open now. */
  instances(): readonly InstanceInfo[];
  /**
   * Replaces the further routers that bridges are told to dial, too (`routers` of `createRouter`).
   *
   * @throws RouterError INVALID_SETTING for more than 16, or for one that is no URL of a router; then all stays as it was.
   */
  setRouters(addresses: readonly string[]): void;
  /** What the listener counts, up to now. */
  listenerStats(): ListenerStats;
  /**
   * Reads the certificates of `tls` again, or takes those given, for connections to come; those that are open stay. Those of
   * a listener for registrations are read again, too, or `registration` is taken. Answers whether any is new.
   *
   * @throws NodeError when they cannot be used, or the router serves plain text; then all stays as it was.
   */
  reloadCertificates(tls?: CertificateFiles, registration?: CertificateFiles): boolean;
  /** Reads what `reloadCertificates` would take, takes nothing, and tells what differs. @throws NodeError as it would. */
  checkCertificates(tls?: CertificateFiles, registration?: CertificateFiles): readonly CertificateChange[];
  /** Those of each listener, to be read now and taken later; undefined where it serves plain text, or there is none. */
  readonly certificates: RouterCertificates;
  /**
   * Takes other credentials of instances (`readCredentials` reads them from a file). Instances whose credential is gone, or may register their
   * service no more, finish their calls and get no new ones; all others notice nothing.
   *
   * @throws RouterError when they cannot be used, or the router was created without any; then all stays as it was.
   */
  reloadCredentials(credentials: readonly CredentialSettings[]): void;
  /**
   * Routes from now on what `router` routes, a router as `createRouter` makes it: its services, their settings and policies.
   * Calls under way keep what they began with, and instances stay registered; those of services that are gone finish their
   * calls and are told so. What its options say beside services and methods stays as at the start.
   *
   * @throws RouterError with what is wrong; then all stays as it was.
   */
  setServices(router: Router): ServiceChanges;
  /** `watcher` sees the calls to come and follows those that it chooses, until what this answers is called. */
  watch(watcher: CallWatcher): () => void;
  /** What HTTP/2 did on all connections since the start: streams, resets, GOAWAYs, and how often each limit was hit; what was refused, and why. */
  engineStats(): EngineStats;
  /** All metrics of the router, its listener and its process, as they are now (docs/metrics.md). Takes a millisecond or so: for every few seconds. */
  metrics(): readonly MetricFamily[];
  /** Certificates whose ends are among the metrics: those of the router's listeners, and what others add, as the admin API does. */
  readonly certificateBook: Pick<CertificateBook, "add">;
  /** What balancing and resilience did since the start; counts only grow, so take differences. */
  policyStats(): PolicyStats;
  /** What an operator may ask and order; the admin API speaks to it. */
  readonly operator: OperatorVerbs;
  /** The open connections, to be listed and looked at frame by frame. */
  readonly connections: ConnectionVerbs;
  /** What happened lately, for who looks later: registrations and their ends, ejections, reloads, orders of operators. */
  readonly events: EventRing;
  /** What is still to be done, for people who wait for a drain. Costs a look at each open call. */
  inFlight(): InFlight;
  /** Accepts nothing new, lets calls end for up to `timeoutMs` (default 10,000), then closes. Resolves when all sockets are gone. */
  drain(options?: { readonly timeoutMs?: number }): Promise<DrainResult>;
  /** Ends calls with UNAVAILABLE and closes. Resolves when all sockets are gone. */
  close(): Promise<void>;
}

/** The certificates of a router's listeners. */
export type RouterCertificates = Readonly<Record<"client" | "registration", RenewableCertificates | undefined>>;

/** What a router still has to do. */
export interface InFlight {
  /** Calls whose clients have no status yet, by path (`/acme.user.v1.UserService/GetUser`). */
  readonly calls: ReadonlyMap<string, number>;
  /** Registration channels: one for each service of each instance. */
  readonly channels: number;
}

/** How a drain ended. */
export interface DrainResult {
  /** Calls that had not ended when the time was over, and got UNAVAILABLE; 0: all did. */
  readonly callsCut: number;
}

/** What of a `Router` is used here. */
export interface ServableRouter {
  /** As `Router.wantsCredentials`. Default false. */
  readonly wantsCredentials?: boolean;
  open(ports: RouterPorts): ServableCore;
}

/** What of a `RouterCore` is used here. */
export type ServableCore = Pick<
  RouterCore,
  | "accept"
  | "drain"
  | "close"
  | "instances"
  | "watch"
  | "openCalls"
  | "setRouters"
  | "setServices"
  | "setCredentials"
  | "counters"
  | "limits"
  | "keepalive"
  | "routerCounters"
  | "metrics"
> & { readonly operator: OperatorVerbs; readonly connectionBook: ConnectionVerbs };

/** What an operator may do with connections. */
export type ConnectionVerbs = Pick<ConnectionBook, "list" | "trace">;

/** What an operator may ask of a running router, and tell it. */
export type OperatorVerbs = Pick<Operator, keyof Operator>;

const DRAIN_MS = 10_000;

/**
 * Serves `router` on one port, for clients and instances alike.
 *
 * @example
 * const server = await serveRouter(createRouter().service(userServiceRouter), { port: 8080 });
 * process.once("SIGTERM", () => void server.drain({ timeoutMs: 10_000 }));
 * @throws NodeError when the address is in use or wrong, a certificate cannot be used, or others could register instances
 * without a credential.
 */
export async function serveRouter(router: ServableRouter, options: ServeRouterOptions = {}): Promise<RouterServer> {
  const { logger: given = createConsoleLogger() } = options;
  const logger = given instanceof EventLog ? given : new EventLog(given, Date.now);
  const memoryBytes = validateMemoryBytes(options.memoryBytes ?? defaultMemoryBytes());
  const memory = createMemoryGauge({ budgetBytes: memoryBytes });
  const { wantsCredentials = false } = router;
  const plan = planListeners(options, { wantsCredentials, logger });
  const core = router.open({
    scheduler: createNodeScheduler(),
    random: Math.random,
    randomBytes,
    inflate: inflateGzip,
    logger,
    memory,
    trace: options.trace,
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    wallMs: Date.now,
  });
  const onSocket = (socket: Socket, purpose: ConnectionPurpose): void => {
    const transport = createSocketTransport(socket, {
      // One connection's fault must not end all the others.
      onFault: (error) =>
        logger.log("error", "connection_fault", "A connection was closed by a fault of the router", { error }),
    });
    transport.start(core.accept(transport, purpose));
  };
  let listeners: RouterListeners | undefined;
  try {
    listeners = await openListeners(plan, { logger, pressure: () => memory.pressure(), onSocket });
    const stats = { core, listener: listeners.joined, listenerLimits: plan.client.limits, memoryBytes };
    const server = new ListeningRouter(stats, listeners, logger);
    const { registration } = listeners;
    const where = registration === undefined ? "" : `; instances register on ${registration.url}`;
    logger.log("info", "listening", `Routing on ${server.url}${where}`);
    if (plan.openAccess !== undefined)
      logger.log(plan.openAccess.level, "unauthenticated_instances", plan.openAccess.message);
    return server;
  } catch (error) {
    await listeners?.joined.stop();
    core.close();
    throw error;
  }
}

class ListeningRouter implements RouterServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  readonly registrationUrl: string;
  readonly #stats: StatsSources;
  readonly #core: ServableCore;
  readonly #listener: Listener;
  readonly #listeners: RouterListeners;
  readonly #logger: EventLog;
  readonly #endWatches: readonly (() => void)[];
  readonly #startedMs = performance.now();
  readonly #metrics: ServerMetrics;
  #phase: RouterPhase = "serving";

  constructor(stats: StatsSources & { readonly core: ServableCore }, listeners: RouterListeners, logger: EventLog) {
    const { client, registration, joined } = listeners;
    this.address = joined.address;
    this.url = client.url;
    this.registrationUrl = (registration ?? client).url;
    this.#stats = stats;
    this.#core = stats.core;
    this.#listener = joined;
    this.#listeners = listeners;
    this.#logger = logger;
    this.#metrics = new ServerMetrics({ core: stats.core, listener: joined });
    if (client.certificates !== undefined) this.certificateBook.add("client", client.certificates);
    if (registration?.certificates !== undefined) this.certificateBook.add("registration", registration.certificates);
    this.#endWatches = [client, registration].flatMap((one) => {
      return one?.certificates === undefined ? [] : [one.certificates.follow(one.listener.useCertificates)];
    });
  }

  get phase(): RouterPhase {
    return this.#phase;
  }

  instances(): readonly InstanceInfo[] {
    return this.#core.instances();
  }

  setRouters(addresses: readonly string[]): void {
    this.#core.setRouters(addresses);
  }

  setServices(router: Router): ServiceChanges {
    const changes = this.#core.setServices(router);
    const parts = Object.entries(changes).flatMap(([what, names]: [string, readonly string[]]) => {
      return names.length === 0 ? [] : [`${what}: ${names.join(", ")}`];
    });
    if (parts.length > 0) {
      this.#logger.log("info", "services_changed", `Took new services: ${parts.join("; ")}`, { ...changes });
    }
    return changes;
  }

  watch(watcher: CallWatcher): () => void {
    return this.#core.watch(watcher);
  }

  listenerStats(): ListenerStats {
    return this.#listener.stats();
  }

  get certificates(): RouterCertificates {
    const { client, registration } = this.#listeners;
    return { client: client.certificates, registration: registration?.certificates };
  }

  reloadCertificates(tls?: CertificateFiles, registration?: CertificateFiles): boolean {
    return this.#prepareCertificates(tls, registration).take();
  }

  checkCertificates(tls?: CertificateFiles, registration?: CertificateFiles): readonly CertificateChange[] {
    return this.#prepareCertificates(tls, registration).differences;
  }

  reloadCredentials(credentials: readonly CredentialSettings[]): void {
    const drained = this.#core.setCredentials(credentials);
    const effect = drained === 0 ? "all registrations stay" : `registrations drained: ${drained}`;
    this.#logger.log("info", "credentials_reloaded", `Took new credentials: ${credentials.length}; ${effect}`);
  }

  metrics(): readonly MetricFamily[] {
    return this.#metrics.collect();
  }

  get certificateBook(): Pick<CertificateBook, "add"> {
    return this.#metrics.certificates;
  }

  policyStats(): PolicyStats {
    return readPolicyStats(this.#core.routerCounters);
  }

  get operator(): OperatorVerbs {
    return this.#core.operator;
  }

  get connections(): ConnectionVerbs {
    return this.#core.connectionBook;
  }

  get events(): EventRing {
    return this.#logger.events;
  }

  engineStats(): EngineStats {
    return readEngineStats(this.#stats, performance.now() - this.#startedMs);
  }

  inFlight(): InFlight {
    return { calls: this.#core.openCalls(), channels: this.#core.instances().length };
  }

  async drain({ timeoutMs = DRAIN_MS }: { readonly timeoutMs?: number } = {}): Promise<DrainResult> {
    const stopped = this.#stopListening();
    // Whoever comes in after the goodbyes would be cut off without one.
    await this.#listener.handshakesEnd(Math.min(timeoutMs, HANDSHAKE_GRACE_MS));
    const callsCut = await this.#core.drain({ timeoutMs });
    this.#closeConnections(stopped);
    await stopped;
    return { callsCut };
  }

  async close(): Promise<void> {
    const stopped = this.#stopListening();
    this.#closeConnections(stopped);
    await stopped;
  }

  #prepareCertificates(tls?: CertificateFiles, registration?: CertificateFiles): PreparedCertificates {
    const { client, registration: own } = this.certificates;
    if (client === undefined && own === undefined) {
      throw new NodeError("TLS_INVALID", "Cannot reload certificates: the router must serve TLS, it serves plain text");
    }
    // Both, or none of them.
    const prepared = [client?.prepare(tls), own?.prepare(registration)];
    return joinPrepared(prepared.filter((one) => one !== undefined));
  }

  async #stopListening(): Promise<void> {
    if (this.#phase === "serving") this.#phase = "draining";
    for (const end of this.#endWatches) end();
    this.#metrics.stop();
    await this.#listener.stop();
    this.#phase = "closed";
  }

  #closeConnections(stopped: Promise<void>): void {
    this.#core.close();
    // Goodbyes leave first; who does not take them is cut off.
    const timer = setTimeout(() => this.#listener.destroyConnections(), CLOSE_GRACE_MS);
    void stopped.then(() => clearTimeout(timer));
  }
}
