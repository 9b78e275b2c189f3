// SPDX-License-Identifier: Apache-2.0
import {
  attachTransport,
  createFlusher,
  EngineCounters,
  type Flusher,
  type FrameTrace,
  type KeepaliveOptions,
  type Limits,
  type PeerInfo,
  type Scheduler,
  type Timer,
  type Transport,
  type TransportSink,
  WindowBudget,
} from "@grpc-router/http2";
import { createBurstLog, type Logger } from "@grpc-router/protocol";
import type { HealthBook } from "./builtin/health-book.js";
import { RegistrationRate } from "./channel/registration-rate.js";
import type { Clock } from "./clock.js";
import type { ResolvedConnectionSettings } from "./connection-settings.js";
import type { CredentialSettings } from "./credentials/credential-settings.js";
import type { RegistrationGate } from "./credentials/registration-gate.js";
import type { CallWatcher } from "./follow/call-watcher.js";
import { tooLargeFields } from "./forward/answer.js";
import type { CallRecord } from "./forward/call-record.js";
import { CallState } from "./forward/call-state.js";
import type { ConnectionUsage } from "./forward/client-account.js";
import { type Forwarder, metadataLimits } from "./forward/forwarder.js";
import { RequestHeadReader } from "./forward/request-head-reader.js";
import { type ConnectionPurpose, ServerConnection } from "./forward/server-connection.js";
import type { ServerContext } from "./forward/server-context.js";
import { stallMs, sweepMs, sweepsPerConnectionSweep } from "./limits.js";
import { lookAtMemory } from "./look-at-memory.js";
import type { MemoryGauge } from "./memory-gauge.js";
import { collectRouterMetrics } from "./metrics/collect-router-metrics.js";
import type { MetricFamily } from "./metrics/metric-definition.js";
import { ConnectionBook } from "./operate/connection-book.js";
import { Operator } from "./operate/operator.js";
import type { InstanceInfo } from "./registry/instance-info.js";
import type { Registry } from "./registry/registry.js";
import type { RouterContract, ServiceChanges } from "./registry/service-catalog.js";
import type { PolicyUsage } from "./resilience/policy-usage.js";
import type { TimerWheel } from "./resilience/timer-wheel.js";
import type { RouterCounters } from "./router-counters.js";

/** What a router needs of the world; everything below the Node shell gets it as arguments. */
export interface RouterPorts {
  readonly scheduler: Scheduler;
  /** A number in [0, 1). */
  random(): number;
  /** `count` bytes that nobody can guess. */
  randomBytes(count: number): Uint8Array;
  readonly logger: Logger;
  /** How full the memory of the process is. From 0.98 on new calls are refused; those that run go on. Default: never full. */
  readonly memory?: MemoryGauge | undefined;
  /** SHA-256; needed for credentials. */
  readonly sha256?: ((bytes: Uint8Array) => Uint8Array) | undefined;
  /** Milliseconds since 1970, for what ends at a date: certificates and tokens. Needed for credentials. Default: nothing ends. */
  readonly wallMs?: (() => number) | undefined;
  /**
   * Undoes gzip, for keys in compressed messages: undefined if the result would be over `maxBytes`, throws if it is not gzip.
   * Default: such calls have no key.
   */
  readonly inflate?: ((bytes: Uint8Array, maxBytes: number) => Uint8Array | undefined) | undefined;
  /** Gets the frames of every connection, in both directions, as lines that begin with the peer's address (`FrameTrace`). For debugging only. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** Options of `RouterCore.drain`. */
export interface DrainOptions {
  /** Milliseconds for the calls that run; then they are ended. */
  readonly timeoutMs: number;
}

/** Parts of a `RouterCore`; made by `Router.open`. */
export interface RouterCoreParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly forwarder: Forwarder;
  readonly registry: Registry;
  readonly gate: RegistrationGate;
  readonly health: HealthBook;
  readonly wheel: TimerWheel<CallRecord>;
  readonly connections: ResolvedConnectionSettings;
  /** Makes the trace of a peer's connection. */
  readonly trace?: ((peer: PeerInfo) => FrameTrace) | undefined;
  readonly maxOpenCalls: number | undefined;
  readonly holdLostMs: number | undefined;
}

/** What a GOAWAY of a drain says. */
const drainText = "the router is draining";

/** A running router, without sockets: bring it transports, and it routes. */
export class RouterCore {
  /** What HTTP/2 did on all connections since the start. */
  readonly counters = new EngineCounters();
  /** What the router did beside HTTP/2. */
  readonly routerCounters: RouterCounters;
  /** What an operator may ask and order. */
  readonly operator: Operator;
  /** The open connections, to be listed and looked at. */
  readonly connectionBook: ConnectionBook;
  readonly #parts: RouterCoreParts;
  readonly #windows: WindowBudget;
  readonly #context: ServerContext;
  readonly #flusher: Flusher;
  readonly #connections = new Set<ServerConnection>();
  /** For a request whose head the engine does not read. */
  readonly #tooLargeFields: Uint8Array;
  #timer: Timer | undefined = undefined;
  /** Since the last look at the time limits of HTTP/2. */
  #sweeps = 0;
  #lastSweepMs: number;
  /** Whether the last sweep judged anybody. */
  #judged = true;
  #draining: Promise<number> | undefined = undefined;
  /** What a drain waits for may have happened: a connection or a channel is gone. */
  #onChange: (() => void) | undefined = undefined;
  #closed = false;
  /** Calls that `close` ended. */
  #callsCut = 0;

  constructor(parts: RouterCoreParts) {
    const { clock, logger, forwarder, registry, gate, health } = parts;
    this.#parts = parts;
    this.#windows = new WindowBudget(parts.connections.windowBudgetBytes);
    this.routerCounters = forwarder.context.counters;
    this.operator = new Operator(parts);
    this.connectionBook = new ConnectionBook({ clock, registry, connections: this.#connections });
    this.#flusher = createFlusher(clock);
    this.#lastSweepMs = clock.lastMs;
    const facts = { method: "a call", ...metadataLimits };
    this.#tooLargeFields = tooLargeFields(
      forwarder.context.statuses.get("METADATA_TOO_LARGE", facts, { execution: "none" }),
    );
    this.#context = {
      clock,
      logger,
      closeLog: createBurstLog(logger, { nowMs: () => clock.lastMs }),
      forwarder,
      registry,
      gate,
      health,
      maxOpenCalls: parts.maxOpenCalls,
      holdLostMs: parts.holdLostMs,
      reader: new RequestHeadReader(registry.catalog.paths),
      registrationRate: new RegistrationRate(clock.lastMs),
      statuses: forwarder.context.statuses,
      counters: this.routerCounters,
      clientBudget: { ...parts.connections, counters: this.routerCounters, replay: forwarder.context.replay },
      catalog: registry.catalog,
      connections: this.#connections,
      onGone: () => this.#onChange?.(),
    };
    registry.onChange = () => this.#onChange?.();
  }

  /** Whether some instance serves some service and the router takes calls: what `/ready` answers. */
  get ready(): boolean {
    return this.#parts.health.ready;
  }

  /** Limits of each connection, the defaults included. */
  get limits(): Limits {
    return this.#parts.connections.limits;
  }

  /** Times of each connection, the defaults included. */
  get keepalive(): KeepaliveOptions {
    return this.#parts.connections.keepalive;
  }

  /** Who is registered, an entry for each service of each instance. */
  instances(): InstanceInfo[] {
    return this.#parts.registry.instances();
  }

  /**
   * Replaces the further routers that instances are told to dial, too; those that follow are told at once.
   *
   * @throws RouterError INVALID_SETTING for more than 16, or for one that is no URL of a router; then all stays as it was.
   */
  setRouters(addresses: readonly string[]): void {
    this.#parts.registry.setRouters(addresses);
  }

  /**
   * Takes other credentials. Channels whose credential is gone, or may register their service no more, are drained with
   * CREDENTIAL_EXPIRED; all others notice nothing. Answers how many are drained.
   *
   * @throws RouterError INVALID_SETTING for credentials that cannot be, INVALID_STATE if the router began without any;
   * then all stays as it was.
   */
  setCredentials(credentials: readonly CredentialSettings[]): number {
    this.#parts.gate.replace(credentials);
    return this.#parts.registry.renewGrants();
  }

  /**
   * Routes from now on what `router` routes, a router as `createRouter` makes it: services, their settings and policies.
   * Calls under way keep what they began with, and instances stay registered; those of services that are gone are drained
   * with SERVICE_UNKNOWN. What its options say beside services and methods stays as at the start.
   *
   * @throws RouterError INVALID_SETTING or DESCRIPTOR_CONFLICT with what is wrong; then all stays as it was.
   */
  setServices(router: { readonly contract: RouterContract; validate(): void }): ServiceChanges {
    router.validate();
    return this.#parts.registry.setServices(router.contract);
  }

  /** What each open connection makes the router keep and do. */
  usage(): ConnectionUsage[] {
    return Array.from(this.#connections, (server) => server.usage);
  }

  /** `watcher` sees the calls to come and follows those that it chooses, until what this answers is called. */
  watch(watcher: CallWatcher): () => void {
    return this.#parts.forwarder.context.watchers.add(watcher);
  }

  /** What the policies of each service hold. */
  policies(): PolicyUsage[] {
    return Array.from(this.#parts.registry.services.values(), (service) => service.policyUsage);
  }

  /** Calls whose clients have no status yet, by path (`/acme.user.v1.UserService/GetUser`). Costs a look at each call. */
  openCalls(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { state, route } of this.#parts.forwarder.context.pool.list()) {
      if (isUnanswered(state)) counts.set(route.path, (counts.get(route.path) ?? 0) + 1);
    }
    return counts;
  }

  /** Bytes of requests that are kept for a second try; `RouterOptions.maxReplayBytes` bounds them. */
  get replayBytes(): number {
    return this.#parts.forwarder.context.replay.takenBytes;
  }

  /** All that is counted up to now, and what the router holds. Costs some time by the number of series: for every few seconds. */
  metrics(): MetricFamily[] {
    const { registry, forwarder } = this.#parts;
    const { metrics } = forwarder.context;
    const services = [...registry.services.values()];
    return collectRouterMetrics({ services, engine: this.counters, counters: this.routerCounters, metrics });
  }

  /** Calls that are not over, or whose client or instance has something of them to take. */
  get heldCalls(): number {
    return this.#parts.forwarder.context.pool.list().length;
  }

  /**
   * Takes a connection, of a client or of an instance: its paths decide, within what `purpose` lets in. Answers where the
   * transport delivers.
   */
  accept(transport: Transport, purpose: ConnectionPurpose = "all"): TransportSink {
    const server = new ServerConnection(this.#context, transport.peer, purpose);
    const { connection, sink } = attachTransport(transport, this.#flusher, {
      role: "server",
      reader: this.#context.reader,
      handler: server,
      limits: this.#parts.connections.limits,
      keepalive: this.#parts.connections.keepalive,
      windows: this.#windows,
      random: this.#parts.forwarder.context.random,
      counters: this.counters,
      trace: this.#parts.trace?.(transport.peer),
      tooLargeFields: this.#tooLargeFields,
    });
    server.attach(connection);
    this.connectionBook.add(server);
    if (this.#closed) connection.close(0, "the router is closed");
    else if (this.#draining !== undefined) connection.drain(drainText);
    else {
      if (this.#timer === undefined) lookAtMemory(this.#parts);
      this.#schedule();
    }
    return sink;
  }

  /**
   * Stops in good order: clients are told to go elsewhere and finish what they have, then instances are drained. What
   * still runs after `timeoutMs` is ended. Resolves when everything is closed, with the number of calls that were ended so;
   * a second call gets the first one's promise.
   */
  drain({ timeoutMs }: DrainOptions): Promise<number> {
    this.#draining ??= this.#drain(timeoutMs);
    return this.#draining;
  }

  /** Ends everything at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#callsCut = this.#openCalls;
    this.#parts.registry.stopAdmitting();
    this.#parts.health.drain();
    const { pool } = this.#parts.forwarder.context;
    for (const call of pool.list()) this.#parts.forwarder.ending.giveUp(call);
    for (const channel of [...this.#parts.registry.channels]) channel.close({ reason: "ROUTER_DRAINING", facts: {} });
    for (const server of [...this.#connections]) server.connection?.close(0, "the router is closing");
    this.#parts.wheel.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#onChange?.();
  }

  async #drain(timeoutMs: number): Promise<number> {
    const { health, registry, logger } = this.#parts;
    const untilMs = this.#parts.clock.nowMs() + timeoutMs;
    const grace = `${timeoutMs / 1_000} s`;
    logger.log(
      "info",
      "draining",
      `Draining: ${describeCalls(this.#openCalls)} ${grace} to end, new ones are sent elsewhere`,
    );
    health.drain();
    registry.stopAdmitting();
    for (const server of this.#connections) if (!server.isInstance) server.connection?.drain(drainText);
    // First the calls, while instances still take them; only then the instances, for which a drain means no new calls.
    const clientsAreGone = () => [...this.#connections].every((server) => server.isInstance);
    await this.#until(untilMs, clientsAreGone);
    // Else the time is over: calls are ended by `close`, which counts them.
    if (clientsAreGone()) {
      const graceMs = Math.max(0, untilMs - this.#parts.clock.nowMs());
      for (const channel of registry.channels) channel.drain("ROUTER_DRAINING", graceMs);
      await this.#until(untilMs, () => registry.isEmpty);
      for (const server of this.#connections) server.connection?.drain(drainText);
      await this.#until(untilMs, () => this.#connections.size === 0);
    }
    if (this.#closed) return this.#callsCut;
    const openCalls = this.#openCalls;
    if (openCalls === 0) logger.log("info", "drained", "Drained: every call has ended");
    else {
      const text = `The grace of ${grace} is over, and ${describeCalls(openCalls)} not ended: UNAVAILABLE`;
      logger.log("warn", "grace_over", text, { openCalls });
    }
    this.close();
    return this.#callsCut;
  }

  /** Calls whose clients have no status yet. */
  get #openCalls(): number {
    const calls = this.#parts.forwarder.context.pool.list();
    return calls.filter(({ state }) => isUnanswered(state)).length;
  }

  /** Resolves when `condition` holds, at the latest at `untilMs`. */
  async #until(untilMs: number, condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.clock.after(untilMs - this.#parts.clock.nowMs(), resolve);
    this.#onChange = () => {
      if (this.#closed || condition()) resolve();
    };
    this.#onChange();
    await promise;
    this.#onChange = undefined;
    timer.cancel();
  }

  /** Keeps the sweep running while there is a connection; an idle router has no timer. */
  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#lastSweepMs = this.#parts.clock.lastMs;
    this.#timer = this.#parts.clock.after(sweepMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#parts.clock.nowMs();
    // Late: this process stood still, and what peers sent meanwhile waits unread. By the next sweep it does not, even if
    // that is late, too: a process that is always late must still find out who is gone.
    const judged = nowMs - this.#lastSweepMs < stallMs || !this.#judged;
    this.#judged = judged;
    lookAtMemory(this.#parts);
    this.#parts.registry.expire();
    this.#parts.registry.sweep(nowMs, this.#parts.forwarder.context.random);
    for (const channel of [...this.#parts.registry.channels]) channel.sweep(nowMs, judged);
    if (++this.#sweeps >= sweepsPerConnectionSweep && judged) {
      this.#sweeps = 0;
      for (const server of [...this.#connections]) server.sweep(nowMs);
    }
    if (this.#connections.size > 0) this.#schedule();
  }
}

/** Whether the client of a call in this state has no status yet. */
function isUnanswered(state: CallState): boolean {
  return state !== CallState.done && state !== CallState.cancelling;
}

/** `1 call has`, `2 calls have`. */
function describeCalls(count: number): string {
  return count === 1 ? "1 call has" : `${count} calls have`;
}
