// SPDX-License-Identifier: Apache-2.0

import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Logger } from "@grpc-router/protocol";
import {
  type CredentialSettings,
  EventLog,
  type EventRing,
  type InstanceInfo,
  type Operator,
  type RouterCore,
  type RouterPorts,
} from "@grpc-router/runtime";
import { inflateGzip } from "../inflate/inflate-gzip.js";
import { CLOSE_GRACE_MS, type ListenerLimits, validateListenerLimits } from "../limits.js";
import { createConsoleLogger } from "../log/console-logger.js";
import { defaultMemoryBytes, validateMemoryBytes } from "../memory/memory-budget.js";
import { createMemoryGauge } from "../memory/memory-gauge.js";
import { NodeError } from "../node-error.js";
import { createNodeScheduler } from "../scheduler/node-scheduler.js";
import { formatAddress } from "../socket/peer.js";
import { createSocketTransport } from "../socket/socket-transport.js";
import type { ClientCertificate } from "../tls/tls-acceptor.js";
import { Certificates } from "./certificates.js";
import { type EngineStats, readEngineStats, type StatsSources } from "./engine-stats.js";
import { judgeInstanceAccess } from "./instance-access.js";
import { type Listener, listen } from "./listener.js";
import type { ListenerStats } from "./listener-stats.js";
import { type PolicyStats, readPolicyStats } from "./policy-stats.js";

/** Certificates of a router's listener; each part is PEM text or the path of a PEM file. */
export interface ServeTls {
  /** Certificate chain, own certificate first. */
  readonly cert: string;
  /** Private key of `cert`, not encrypted. */
  readonly key: string;
  /** Authorities of client and instance certificates. When given, a certificate of theirs is required, see `clientCertificate`. */
  readonly ca?: string | undefined;
  /**
   * With `ca`: `require` a certificate of everybody, or `request` one and let in whoever has none, so that instances prove
   * themselves by certificates and clients need none. One that cannot be verified counts as none. Default `require`.
   */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Milliseconds between looks at the files; changed ones are taken over as by `reloadCertificates`. Default: never. */
  readonly watchMs?: number | undefined;
}

/** How a router listens. */
export interface ServeRouterOptions {
  /** TCP port; 0: any free one. Default 8080. */
  readonly port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`: this machine only. `0.0.0.0` or `::`: all. */
  readonly host?: string | undefined;
  /** Without it the router speaks plaintext HTTP/2 with prior knowledge. */
  readonly tls?: ServeTls | undefined;
  /**
   * Listen where others can reach the router, although nobody who registers instances has to prove anything: neither has
   * the router credentials (`RouterOptions.registration`), nor is a certificate required (`tls.ca`). Whoever registers an
   * instance gets calls with all that is in them. Default false: such an address is refused.
   */
  readonly allowUnauthenticatedInstances?: boolean | undefined;
  /** Limits of the listener; each has a default. Those of single connections are options of `createRouter`. */
  readonly limits?: Partial<ListenerLimits> | undefined;
  /**
   * What this process may use, in octets. From 95 % of it on new connections are closed at once, from 98 % on new calls end
   * with RESOURCE_EXHAUSTED. Default: 80 % of the container's memory, else of the machine's.
   */
  readonly memoryBytes?: number | undefined;
  /** Default: `createConsoleLogger()`. With an `EventLog` the program adds events of its own to `RouterServer.events`. */
  readonly logger?: Logger | undefined;
  /**
   * Gets every HTTP/2 frame of every connection, in both directions, as text: lines that begin with the peer's address.
   * Credentials and payload are not in them. For debugging; it costs a multiple of what the calls cost. Default: none.
   */
  readonly trace?: ((line: string) => void) | undefined;
}

/** Where a router's server is in its life. */
export type RouterPhase = "serving" | "draining" | "closed";

/** A router that listens. */
export interface RouterServer {
  readonly address: { readonly host: string; readonly port: number };
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
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
   * Reads the certificates of `tls` again, or takes those given, for connections to come; those that are open stay.
   *
   * @throws NodeError when they cannot be used, or the router serves plain text; then all stays as it was.
   */
  reloadCertificates(tls?: Omit<ServeTls, "watchMs" | "clientCertificate">): void;
  /**
   * Takes other credentials of instances (`readCredentials` reads them from a file). Instances whose credential is gone, or may register their
   * service no more, finish their calls and get no new ones; all others notice nothing.
   *
   * @throws RouterError when they cannot be used, or the router was created without any; then all stays as it was.
   */
  reloadCredentials(credentials: readonly CredentialSettings[]): void;
  /** What HTTP/2 did on all connections since the start: streams, resets, GOAWAYs, and how often each limit was hit; what was refused, and why. */
  engineStats(): EngineStats;
  /** What balancing and resilience did since the start; counts only grow, so take differences. */
  policyStats(): PolicyStats;
  /** What an operator may ask and order; the admin API speaks to it. */
  readonly operator: OperatorVerbs;
  /** What happened lately, for who looks later: registrations and their ends, ejections, reloads, orders of operators. */
  readonly events: EventRing;
  /** What is still to be done, for people who wait for a drain. Costs a look at each open call. */
  inFlight(): InFlight;
  /** Accepts nothing new, lets calls end for up to `timeoutMs` (default 10,000), then closes. Resolves when all sockets are gone. */
  drain(options?: { readonly timeoutMs?: number }): Promise<DrainResult>;
  /** Ends calls with UNAVAILABLE and closes. Resolves when all sockets are gone. */
  close(): Promise<void>;
}

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
  | "openCalls"
  | "setRouters"
  | "setCredentials"
  | "counters"
  | "limits"
  | "keepalive"
  | "routerCounters"
> & { readonly operator: OperatorVerbs };

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
  const { port = 8080, host = "127.0.0.1", logger: given = createConsoleLogger() } = options;
  const logger = given instanceof EventLog ? given : new EventLog(given, Date.now);
  const limits = validateListenerLimits(options.limits);
  const memoryBytes = validateMemoryBytes(options.memoryBytes ?? defaultMemoryBytes());
  const memory = createMemoryGauge({ budgetBytes: memoryBytes });
  const { wantsCredentials = false } = router;
  const { tls, allowUnauthenticatedInstances = false } = options;
  const certificates = tls && new Certificates(tls, logger);
  const requiresCertificate = tls?.ca !== undefined && tls.clientCertificate !== "request";
  const openAccess = judgeInstanceAccess({
    host,
    port,
    wantsCredentials,
    requiresCertificate,
    allowUnauthenticatedInstances,
  });
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
  const onSocket = (socket: Socket): void => {
    const transport = createSocketTransport(socket, {
      // One connection's fault must not end all the others.
      onFault: (error) =>
        logger.log("error", "connection_fault", "A connection was closed by a fault of the router", { error }),
    });
    transport.start(core.accept(transport));
  };
  let listener: Listener | undefined;
  try {
    listener = await listen({
      host,
      port,
      tls: certificates?.current,
      clientCertificate: tls?.clientCertificate,
      limits,
      pressure: () => memory.pressure(),
      logger,
      onSocket,
    });
    const stats = { core, listener, listenerLimits: limits, memoryBytes };
    const server = new ListeningRouter(stats, listener, { certificates, watchMs: tls?.watchMs, logger });
    logger.log("info", "listening", `Routing on ${server.url}`);
    if (openAccess !== undefined) logger.log(openAccess.level, "unauthenticated_instances", openAccess.message);
    return server;
  } catch (error) {
    await listener?.stop();
    core.close();
    throw error;
  }
}

interface ListeningRouterParts {
  readonly certificates: Certificates | undefined;
  readonly watchMs: number | undefined;
  readonly logger: EventLog;
}

class ListeningRouter implements RouterServer {
  readonly address: { readonly host: string; readonly port: number };
  readonly url: string;
  readonly #stats: StatsSources;
  readonly #core: ServableCore;
  readonly #listener: Listener;
  readonly #certificates: Certificates | undefined;
  readonly #logger: EventLog;
  readonly #endWatch: (() => void) | undefined;
  readonly #startedMs = performance.now();
  #phase: RouterPhase = "serving";

  constructor(
    stats: StatsSources & { readonly core: ServableCore },
    listener: Listener,
    { certificates, watchMs, logger }: ListeningRouterParts,
  ) {
    this.address = listener.address;
    const scheme = certificates === undefined ? "http" : "https";
    this.url = `${scheme}://${formatAddress(listener.address.host, listener.address.port)}`;
    this.#stats = stats;
    this.#core = stats.core;
    this.#listener = listener;
    this.#certificates = certificates;
    this.#logger = logger;
    if (watchMs !== undefined) this.#endWatch = certificates?.watch(watchMs, listener.useCertificates);
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

  listenerStats(): ListenerStats {
    return this.#listener.stats();
  }

  reloadCertificates(tls?: Omit<ServeTls, "watchMs" | "clientCertificate">): void {
    if (this.#certificates === undefined) {
      throw new NodeError("TLS_INVALID", "Cannot reload certificates: the router must serve TLS, it serves plain text");
    }
    this.#certificates.reload(this.#listener.useCertificates, tls);
  }

  reloadCredentials(credentials: readonly CredentialSettings[]): void {
    const drained = this.#core.setCredentials(credentials);
    const effect = drained === 0 ? "all registrations stay" : `registrations drained: ${drained}`;
    this.#logger.log("info", "credentials_reloaded", `Took new credentials: ${credentials.length}; ${effect}`);
  }

  policyStats(): PolicyStats {
    return readPolicyStats(this.#core.routerCounters);
  }

  get operator(): OperatorVerbs {
    return this.#core.operator;
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

  async #stopListening(): Promise<void> {
    if (this.#phase === "serving") this.#phase = "draining";
    this.#endWatch?.();
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
