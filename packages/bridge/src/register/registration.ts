// SPDX-License-Identifier: Apache-2.0

import type { Timer } from "@grpc-router/http2";
import { type Feature, INITIAL_CREDIT, MAX_MESSAGE_BYTES, StatusCode, type Welcome } from "@grpc-router/protocol";
import type { BridgeOptions } from "../bridge-options.js";
import type { CapacityPool } from "../capacity/capacity-pool.js";
import { Channel } from "../channel/channel.js";
import { type ChannelEnd, channelLost, isPermanent } from "../channel/channel-end.js";
import type { ChannelOwner } from "../channel/channel-options.js";
import type { ServedService } from "../dispatch/served-service.js";
import { MAX_HEALTH_PER_SECOND, OWN_TAKEOVER_MS } from "../limits.js";
import type { LoadReporter } from "../load/load-reporter.js";
import type { BridgePorts } from "../ports.js";
import { Backoff } from "./backoff.js";
import type { HealthState } from "./health-source.js";
import { createHello, describeHealth, type ProcessIdentity, schemaDigest } from "./hello.js";
import type { Link } from "./link.js";
import { PreviousChannels } from "./previous-channels.js";
import { RegistrationLog } from "./registration-log.js";
import { encodeRegistrationMetadata } from "./registration-metadata.js";
import { Stated } from "./stated.js";

/** Who has taken over the id of a registration. */
export type Takeover =
  /** Another process. */
  | "other"
  /** Perhaps this one, which reaches the router by a second address, too; it will show. */
  | "unknown"
  /** This one. */
  | "own"
  /** It does not matter: this address is being left. */
  | "leaving";

/** What a registration asks of the connection it is part of. */
export interface RegistrationHost {
  readonly ports: BridgePorts;
  readonly options: BridgeOptions;
  readonly identity: ProcessIdentity;
  /** The router's address for people. */
  readonly routerName: string;
  /** What hellos offer. */
  readonly features: readonly Feature[];
  /** Reports the load of the process; undefined: nobody does. */
  readonly load: LoadReporter | undefined;
  /** A connection on which a stream may be opened now. */
  readonly link: Link | undefined;
  /** What all channels of a service share. */
  pool(service: string): CapacityPool;
  /** Counts the hellos of this process. */
  nextOrdinal(): bigint;
  /** It waits for a connection: dial, unless that is under way. */
  wantLink(): void;
  /** The router has taken the registration. */
  onRegistered(link: Link, service: string, routerId: string): void;
  /** The router names these further routers, and no others. */
  onRouters(addresses: readonly string[]): void;
  /** Something has gone wrong, in plain words; the next attempt is in `waitMs`. */
  onTrouble(message: string, waitMs: number): void;
  /** Who takes an id over, as far as is known now. */
  takeover(): Takeover;
  /** Another process has taken the service over. */
  onSuperseded(service: string): void;
  /** The router answers nothing on this channel; perhaps not at all. */
  onSilence(link: Link): void;
  /** The grace of a drain is over, and `count` calls had not ended. */
  onCallsCut(count: number): void;
  /** It has stopped, and no channel of it is left. */
  onStopped(): void;
}

type RegistrationState =
  /** Waits for a connection. */
  | { readonly kind: "idle" }
  /** Waits for its own time. */
  | { readonly kind: "waiting"; readonly timer: Timer }
  /** Has a channel, registered or about to be. */
  | { readonly kind: "live"; readonly channel: Channel; readonly link: Link }
  /** Takes no calls any more: drained, closed or superseded. */
  | { readonly kind: "stopped" };

/**
 * Keeps one service registered: opens a channel, a new one when that ends or when the router drains it, and lets former
 * channels finish their calls.
 *
 * ```
 *          connection            refused, ended
 *   idle ────────────▶ live ──────────────────────▶ waiting ──┐
 *    ▲ connection lost  │ └── router drains ─────────▲        │
 *    └──────────────────┘                                     │
 *    └───────────────────────────── time is up ◀──────────────┘
 *   any ── drain, close, superseded ──▶ stopped
 * ```
 */
export class Registration implements ChannelOwner {
  readonly service: ServedService;
  isRegistered = false;
  readonly #host: RegistrationHost;
  readonly #backoff: Backoff;
  readonly #previous = new PreviousChannels();
  readonly #health: Stated<HealthState>;
  readonly #log: RegistrationLog;
  readonly #schemaDigest: string;
  readonly #unwatch: (() => void) | undefined;
  /** Channels that drain, or that are gone while their calls still run. */
  readonly #former = new Set<Channel>();
  /** The connection on which its credential was refused last. */
  #unwelcome: Link | undefined = undefined;
  #state: RegistrationState = { kind: "idle" };

  constructor(service: ServedService, host: RegistrationHost) {
    const { ports } = host;
    this.service = service;
    this.#host = host;
    this.#backoff = new Backoff(() => ports.random());
    this.#health = new Stated(ports.scheduler, MAX_HEALTH_PER_SECOND, (health) => this.#restateHealth(health));
    this.#unwatch = service.health?.watch(() => this.#updateHealth());
    this.#log = new RegistrationLog(service, host);
    this.#schemaDigest = schemaDigest(service.desc, ports.sha256?.bind(ports));
  }

  /** A router sends it calls now. */
  get isServing(): boolean {
    return this.#state.kind === "live" && this.#state.channel.welcomeMs >= 0;
  }

  /** It waits for a connection. */
  get isIdle(): boolean {
    return this.#state.kind === "idle";
  }

  /** A connection stands: registers on it if it waits for one. */
  onLink(link: Link): void {
    if (this.#state.kind === "idle") this.#open(link);
  }

  /** `link` takes no more streams: registers anew elsewhere, and lets what runs on it finish. */
  onLinkRetired(link: Link): void {
    if (this.#state.kind !== "live" || this.#state.link !== link || this.#state.channel.isOver) return;
    const { channel } = this.#state;
    this.#former.add(channel);
    this.#waitFor(this.#backoff.rejoin(this.#stoodMs(channel)));
  }

  /** Takes no new calls; the open ones have `graceMs`. */
  drain(graceMs: number): void {
    const channels = this.#stop();
    for (const channel of channels) channel.drain(graceMs);
    this.#checkStopped();
  }

  /** Ends every channel at once. */
  close(): void {
    const channels = this.#stop();
    for (const channel of channels) channel.close();
    this.#checkStopped();
  }

  onWelcome(channel: Channel, welcome: Welcome): void {
    if (this.#state.kind !== "live" || this.#state.channel !== channel) return;
    for (const fate of this.#previous.welcomed(welcome.routerId)) channel.say({ case: "previous", value: fate });
    this.#log.registered(welcome);
    this.isRegistered = true;
    this.#updateHealth();
    this.#host.load?.join(channel, welcome.loadEveryMs);
    if (this.#host.features.includes("routers")) this.#host.onRouters(welcome.routers);
    this.#host.onRegistered(this.#state.link, this.service.name, welcome.routerId);
  }

  onRouterDrain(channel: Channel, reason: string): void {
    if (this.#state.kind !== "live" || this.#state.channel !== channel) return;
    const { link } = this.#state;
    this.#former.add(channel);
    if (reason === "SUPERSEDED") {
      this.#superseded();
      return;
    }
    this.#log.drained(reason);
    this.#waitFor(this.#backoff.rejoin(this.#stoodMs(channel)));
    // A certificate belongs to its connection: a new one needs another.
    if (reason === "ROUTER_DRAINING" || reason === "CREDENTIAL_EXPIRED") link.retire();
  }

  onRouters(channel: Channel, addresses: readonly string[]): void {
    if (this.#state.kind === "live" && this.#state.channel === channel) this.#host.onRouters(addresses);
  }

  onChannelOver(channel: Channel, end: ChannelEnd): void {
    this.#host.load?.leave(channel);
    if (end.code !== 0) this.#tellFate(channel);
    if (channel.runningCalls > 0) this.#former.add(channel);
    else this.#former.delete(channel);
    const state = this.#state;
    if (state.kind === "live" && state.channel === channel) this.#lost(state.link, channel, end);
    this.#checkStopped();
  }

  onCallsCut(count: number): void {
    this.#host.onCallsCut(count);
  }

  /** Adds the calls that run to `counts`: by path. */
  countCalls(counts: Map<string, number>): void {
    const channels = new Set(this.#former);
    if (this.#state.kind === "live") channels.add(this.#state.channel);
    for (const channel of channels) channel.countCalls(counts);
  }

  onCallOver(channel: Channel): void {
    if (channel.isOver && channel.runningCalls === 0) this.#former.delete(channel);
  }

  #open(link: Link): void {
    const { ports, options, identity } = this.#host;
    let metadata: Uint8Array;
    try {
      metadata = encodeRegistrationMetadata(withToken(options.registrationMetadata?.() ?? {}, ports));
    } catch (error) {
      this.#tryLater(channelLost(error instanceof Error ? error.message : String(error)), false);
      return;
    }
    const share = this.#host.pool(this.service.name).join((calls, token) => {
      channel.say({ case: "capacity", value: { calls, token } });
    });
    const channel = link.open(this.service.path, metadata, (connection, stream) => {
      return new Channel({
        ports,
        service: this.service,
        instanceId: identity.instanceId,
        owner: this,
        connection,
        stream,
        routerName: this.#host.routerName,
        scheme: link.scheme,
        maxRequestBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
        requestCredit: options.requestCredit ?? INITIAL_CREDIT,
        share,
        tally: this.#host.load?.tally,
      });
    });
    this.#state = { kind: "live", channel, link };
    const capacity = share.stated === Number.POSITIVE_INFINITY ? undefined : share.stated;
    const health = this.service.health?.state;
    const facts = {
      ordinal: this.#host.nextOrdinal(),
      capacity,
      health,
      previous: this.#previous.state(),
      features: this.#host.features,
    };
    const hello = createHello(this.service, identity, options, facts);
    hello.schemaDigest = this.#schemaDigest;
    this.#health.begin(health);
    channel.say({ case: "hello", value: hello });
  }

  /** Leaves to whoever has taken over, unless that was this process itself. */
  #superseded(): void {
    if (this.#host.takeover() === "other") {
      this.#leave();
      return;
    }
    // The welcome of the other channel may come behind this, as it comes on another connection.
    this.#waitFor(OWN_TAKEOVER_MS, () => {
      if (this.#host.takeover() === "own") return true;
      this.#leave();
      this.#checkStopped();
      return false;
    });
  }

  #leave(): void {
    this.#state = { kind: "stopped" };
    if (this.#host.takeover() === "leaving") return;
    this.#log.superseded();
    this.#host.onSuperseded(this.service.name);
  }

  #lost(link: Link, channel: Channel, end: ChannelEnd): void {
    const wasRegistered = channel.welcomeMs >= 0;
    this.#backoff.stood(this.#stoodMs(channel));
    if (!link.isUsable) {
      // The connection is gone or going: who dials the next one reports it and waits.
      this.#state = { kind: "idle" };
      this.#host.wantLink();
      return;
    }
    if (end.code === StatusCode.unauthenticated) this.#unwelcome = link;
    this.#tryLater(end, wasRegistered);
    if (end.isSilence) this.#host.onSilence(link);
  }

  /** Milliseconds since the Welcome; 0 without one. */
  #stoodMs({ welcomeMs }: Channel): number {
    return welcomeMs < 0 ? 0 : this.#host.ports.scheduler.nowMs() - welcomeMs;
  }

  #tryLater(end: ChannelEnd, wasRegistered: boolean): void {
    const waitMs = isPermanent(end)
      ? this.#backoff.nextAfterPermanent(end.retryAfterMs)
      : this.#backoff.next(end.retryAfterMs);
    if (wasRegistered) this.#log.lost(end, waitMs);
    else this.#log.refused(end, waitMs);
    this.#waitFor(waitMs);
  }

  #waitFor(ms: number, goesOn: () => boolean = () => true): void {
    const timer = this.#host.ports.scheduler.after(ms, () => {
      if (!goesOn()) return;
      // There may be another certificate by now, and the connection still shows the one that was refused.
      if (this.#unwelcome === this.#host.link) this.#unwelcome?.retire("the credential was refused");
      this.#unwelcome = undefined;
      this.#state = { kind: "idle" };
      const { link } = this.#host;
      if (link === undefined) this.#host.wantLink();
      else this.#open(link);
    });
    this.#state = { kind: "waiting", timer };
  }

  /** Tells the router process what became of a channel: now if it is at hand, else with the next hello. */
  #tellFate(channel: Channel): void {
    const fate = this.#previous.add(channel);
    const state = this.#state;
    if (fate === undefined || state.kind !== "live" || state.channel === channel) return;
    if (state.channel.welcomeMs < 0 || state.channel.routerId !== fate.routerId) return;
    state.channel.say({ case: "previous", value: fate });
    this.#previous.told(fate.routerId);
  }

  #updateHealth(): void {
    const health = this.service.health?.state;
    if (health !== undefined && this.#state.kind === "live") this.#health.set(health);
  }

  #restateHealth(health: HealthState): void {
    if (this.#state.kind === "live") this.#state.channel.say({ case: "health", value: describeHealth(health) });
  }

  /** No new channel from here on. The channels that are left. */
  #stop(): Channel[] {
    const state = this.#state;
    if (state.kind === "waiting") state.timer.cancel();
    this.#health.stop();
    this.#state = { kind: "stopped" };
    if (state.kind === "live") this.#former.add(state.channel);
    return [...this.#former];
  }

  #checkStopped(): void {
    if (!this.isStopped) return;
    this.#unwatch?.();
    this.#host.onStopped();
  }

  /** It has stopped, and its last channel has ended. */
  get isStopped(): boolean {
    return this.#state.kind === "stopped" && [...this.#former].every((channel) => channel.isOver);
  }
}

function withToken(metadata: Readonly<Record<string, string>>, ports: BridgePorts): Readonly<Record<string, string>> {
  if (ports.token === undefined) return metadata;
  const others = Object.entries(metadata).filter(([name]) => name.toLowerCase() !== "authorization");
  return { ...Object.fromEntries(others), authorization: `Bearer ${ports.token()}` };
}
