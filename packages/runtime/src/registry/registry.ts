// SPDX-License-Identifier: Apache-2.0
import { DRAIN_GRACE_MS, encodeRouterControl, Feature, type Hello, type Logger, stackOf } from "@grpc-router/protocol";
import type { HealthBook } from "../builtin/health-book.js";
import type { Channel } from "../channel/channel.js";
import { isDrainReason } from "../channel/channel-end.js";
import type { ChannelFault } from "../channel/channel-fault.js";
import type { ChannelOwner, PreviousChannel } from "../channel/channel-owner.js";
import type { Grant, RegistrationGate } from "../credentials/registration-gate.js";
import type { Placement } from "../forward/placement.js";
import { idInUseRetryMs } from "../limits.js";
import type { InstanceInfo } from "./instance-info.js";
import { describeChannel } from "./instance-info.js";
import { type InstanceProfile, profileOf } from "./instance-profile.js";
import { judgeTakeover } from "./judge-takeover.js";
import type { RegistrationRefusal } from "./registration-refusal.js";
import type { RouterList } from "./router-list.js";
import type { RouterContract, ServiceCatalog, ServiceChanges } from "./service-catalog.js";
import type { ServiceEntry } from "./service-entry.js";
import { type HelloPlan, isRefusal, validateHello } from "./validate-hello.js";

/** Parts of a `Registry`. */
export interface RegistryParts {
  readonly catalog: ServiceCatalog;
  readonly health: HealthBook;
  readonly logger: Logger;
  /** Random per router process. */
  readonly routerId: string;
  readonly placement: Placement;
  /** Says who may register what. */
  readonly gate: RegistrationGate;
  /** Further routers that instances are told of. */
  readonly routers: RouterList;
}

/** A hello that the registry would admit. */
export interface Admission {
  readonly plan: HelloPlan;
  readonly profile: InstanceProfile;
  readonly grant: Grant;
  readonly epoch: bigint;
  /** Makes `channel` the instance's newest: it gets calls, the one before it is drained or closed. */
  complete(channel: Channel): void;
}

/** Who is registered for what. It is soft state: instances come back by themselves after a restart. */
export class Registry implements ChannelOwner {
  readonly catalog: ServiceCatalog;
  readonly routerId: string;
  readonly routers: RouterList;
  readonly #health: HealthBook;
  readonly #logger: Logger;
  readonly #placement: Placement;
  readonly #gate: RegistrationGate;
  /** All channels that are not closed, by epoch. */
  readonly #channels = new Map<bigint, Channel>();
  /** Channels that are gone and hold calls for their instances' return, by epoch. */
  readonly #held = new Map<bigint, Channel>();
  #lastEpoch = 0n;
  #draining = false;
  /** Told when a channel has left. */
  onChange: (() => void) | undefined = undefined;

  constructor(parts: RegistryParts) {
    this.catalog = parts.catalog;
    this.routerId = parts.routerId;
    this.routers = parts.routers;
    this.#health = parts.health;
    this.#logger = parts.logger;
    this.#placement = parts.placement;
    this.#gate = parts.gate;
  }

  /** What is routed now, by full name. */
  get services(): ReadonlyMap<string, ServiceEntry> {
    return this.catalog.services;
  }

  /** Judges a hello that came on the path of `pathService` (undefined: the untyped one). */
  admit(
    hello: Hello,
    pathService: string | undefined,
    peer: { readonly grant: Grant; readonly address: string },
  ): Admission | RegistrationRefusal {
    if (this.#draining) return { reason: "ROUTER_DRAINING", facts: {} };
    // Credentials may have changed since the head came, and on the untyped path only now the service is known.
    const grant = this.#gate.renew(peer.grant, hello.service);
    if (isRefusal(grant)) return grant;
    const plan = this.#judgeHello(hello, pathService);
    if (isRefusal(plan)) return plan;
    const profile = profileOf(hello, grant.principal, peer.address);
    for (const previous of hello.previous) {
      const problem = this.#findPreviousProblem(previous, profile);
      if (problem !== undefined) {
        return { reason: "HELLO_INVALID", facts: { service: hello.service, detail: problem } };
      }
    }
    const holder = plan.service.live.get(profile.instanceId);
    const givenUp = hello.previous.some((previous) => this.#channelOf(previous, profile) === holder);
    const takeover = judgeTakeover(profile, holder && { ...holder.profile, draining: !holder.open, givenUp: givenUp });
    const facts = { service: hello.service, instance: profile.instanceId };
    if (takeover === "ID_NOT_YOURS") return { reason: takeover, facts };
    if (takeover === "ID_IN_USE") return { reason: takeover, facts, retryAfterMs: idInUseRetryMs };
    const complete = (channel: Channel) => {
      const isSame = holder?.profile.processKey === profile.processKey;
      if (isSame && holder.serving) channel.weights.continue(holder.weights, channel.registeredMs);
      this.#enter(channel, plan);
      for (const previous of hello.previous) this.#giveUp(previous, profile);
      if (takeover === "supersede") holder?.supersede();
      this.#placement.dispatch(plan.service);
    };
    return { plan, profile, grant, epoch: ++this.#lastEpoch, complete };
  }

  /**
   * Routes what `contract` says from now on. Channels of services that are gone are drained with SERVICE_UNKNOWN, and their
   * calls that wait end; all other calls notice nothing.
   *
   * @throws RouterError as `ServiceCatalog.replace`.
   */
  setServices(contract: RouterContract): ServiceChanges {
    const { changes, gone } = this.catalog.replace(contract);
    for (const service of gone) {
      for (const channel of service.channels) channel.drain("SERVICE_UNKNOWN", DRAIN_GRACE_MS);
      this.#placement.dismiss(service);
    }
    for (const name of changes.changed) {
      const service = this.services.get(name);
      if (service !== undefined) this.#placement.dispatch(service);
    }
    return changes;
  }

  /** Every channel that is not closed. */
  get channels(): Iterable<Channel> {
    return this.#channels.values();
  }

  instances(): InstanceInfo[] {
    return Array.from(this.#channels.values(), describeChannel);
  }

  /**
   * Names other further routers from now on, to the instances that are here, too.
   *
   * @throws RouterError as `RouterList.set`.
   */
  setRouters(addresses: readonly string[]): void {
    if (!this.routers.set(addresses)) return;
    const value = { addresses: [...this.routers.addresses] };
    const frame = encodeRouterControl({ kind: { case: "routers", value } });
    for (const { profile, output } of this.channels) {
      if (profile.features.includes(Feature.routers)) output.say("routers", frame);
    }
  }

  /** Looks after what policies do by time. */
  sweep(nowMs: number, random: () => number): void {
    for (const service of this.services.values()) {
      // Also where nothing has changed: a breaker may let calls try again, which nobody tells.
      if (!service.policy.isEmpty) service.policy.sweep(nowMs, random);
      if (service.room.count > 0) this.#placement.dispatch(service);
    }
  }

  /** Drains the channels whose credential has ended by now. */
  expire(): void {
    const { wallMs } = this.#gate;
    for (const channel of this.#channels.values()) if (channel.grant.expiresMs <= wallMs) this.#withdraw(channel);
  }

  /** Judges every channel anew, and drains those whose credential is gone or may register the service no more. Answers how many were open. */
  renewGrants(): number {
    let withdrawn = 0;
    for (const channel of this.#channels.values()) {
      const grant = this.#gate.renew(channel.grant, channel.service.name);
      if (!isRefusal(grant) && grant.principal === channel.profile.principal) channel.grant = grant;
      else {
        if (channel.open) withdrawn++;
        this.#withdraw(channel);
      }
    }
    return withdrawn;
  }

  /** No registration is admitted any more. */
  stopAdmitting(): void {
    this.#draining = true;
  }

  /** No channel is left. */
  get isEmpty(): boolean {
    return this.#channels.size === 0;
  }

  onAvailability(channel: Channel): void {
    const { service } = channel;
    service.placeCandidate(channel);
    this.#tellHealth(service);
    if (channel.available) this.#placement.dispatch(service);
    else this.#placement.abandon(service);
  }

  onTraits({ service }: Channel): void {
    service.touch();
    // It may have become one of those that the calls of some method may go to, or none of them any more.
    this.#placement.dispatch(service);
    this.#placement.abandon(service);
  }

  onPrevious(channel: Channel, previous: PreviousChannel): ChannelFault | undefined {
    const problem = this.#findPreviousProblem(previous, channel.profile);
    if (problem !== undefined) {
      return { reason: "HELLO_INVALID", facts: { service: channel.service.name, detail: problem } };
    }
    if (this.#channelOf(previous, channel.profile) !== channel) this.#giveUp(previous, channel.profile);
    return undefined;
  }

  onHeld(channel: Channel): void {
    this.#held.set(channel.epoch, channel);
  }

  onReleased(channel: Channel): void {
    this.#held.delete(channel.epoch);
  }

  onClosed(channel: Channel, fault: ChannelFault | undefined, note: string): void {
    const { service, instanceId } = channel;
    this.#channels.delete(channel.epoch);
    service.channels.delete(channel);
    if (service.live.get(instanceId) === channel) service.live.delete(instanceId);
    service.placeCandidate(channel);
    this.#tellHealth(service);
    this.#logClosed(channel, fault, note);
    this.#placement.abandon(service);
    this.onChange?.();
  }

  #withdraw(channel: Channel): void {
    if (channel.open) {
      const { instanceId: instance, service, profile } = channel;
      const text = `The credential of ${instance} for ${service.name} is no longer valid: its open calls go on, it gets no new ones`;
      const fields = { instance, service: service.name, principal: profile.principal, address: profile.address };
      this.#log("warn", "credential_expired", text, fields);
    }
    channel.drain("CREDENTIAL_EXPIRED", DRAIN_GRACE_MS);
  }

  #enter(channel: Channel, plan: HelloPlan): void {
    const { service, refused, methods } = plan;
    const order = service.orders.of(channel.instanceId);
    if (order?.weight !== undefined) channel.weights.order(order.weight, channel.registeredMs);
    channel.withdrawn = order?.withdrawnProcess === channel.profile.processKey;
    this.#channels.set(channel.epoch, channel);
    service.channels.add(channel);
    service.channelCounts.registered++;
    service.live.set(channel.instanceId, channel);
    service.placeCandidate(channel);
    this.#tellHealth(service);
    const { address, principal } = channel.profile;
    const fields = {
      instance: channel.instanceId,
      service: service.name,
      address,
      ...(principal === "" ? {} : { principal }),
    };
    const count = service.routes.length;
    if (methods.count === count) {
      this.#log("info", "registered", `${channel.instanceId} registered ${service.name} (${count} methods)`, fields);
    } else {
      const missing = service.routes.filter((route) => !methods.serves(route.index)).map((route) => route.name);
      const text = `${channel.instanceId} serves ${methods.count} of ${count} methods of ${service.name}, not ${missing.join(", ")}`;
      this.#log("warn", "registered", text, { ...fields, missing });
    }
    for (const { name, message } of refused) {
      this.#log("warn", "method_refused", `${channel.instanceId}: ${message}`, { ...fields, method: name });
    }
  }

  /** The open channel that `previous` speaks of, if it is one of the same process. */
  #channelOf(previous: PreviousChannel, profile: InstanceProfile): Channel | undefined {
    if (previous.routerId !== this.routerId) return undefined;
    const channel = this.#channels.get(previous.epoch) ?? this.#held.get(previous.epoch);
    const isSame =
      channel?.profile.processKey === profile.processKey && channel.profile.principal === profile.principal;
    return isSame ? channel : undefined;
  }

  #findPreviousProblem(previous: PreviousChannel, profile: InstanceProfile): string | undefined {
    const channel = this.#channelOf(previous, profile);
    if (channel === undefined) return undefined;
    const { acceptedThrough } = previous;
    if (acceptedThrough >= channel.acceptedThrough && acceptedThrough <= channel.lastCallId) return undefined;
    return `accepted_through of channel ${previous.epoch} must be from ${channel.acceptedThrough} to ${channel.lastCallId}, received ${acceptedThrough}`;
  }

  #giveUp(previous: PreviousChannel, profile: InstanceProfile): void {
    this.#channelOf(previous, profile)?.end.giveUp(Number(previous.acceptedThrough));
  }

  /** What a hello comes to; where it has something to teach, and may, after that. */
  #judgeHello(hello: Hello, pathService: string | undefined): HelloPlan | RegistrationRefusal {
    const context = { services: this.services, pathService };
    const plan = validateHello(hello, context);
    const isNew = isRefusal(plan)
      ? plan.reason === "SERVICE_UNKNOWN" || plan.reason === "SCHEMA_INCOMPATIBLE"
      : plan.methods.unknown.length > 0;
    if (!isNew || !this.#learn(hello)) return plan;
    const text = `Learnt ${hello.service} from the hello of ${hello.instanceId}: names and kinds of methods, no messages`;
    this.#log("info", "service_learnt", text, { service: hello.service, instance: hello.instanceId });
    return validateHello(hello, context);
  }

  #learn(hello: Hello): boolean {
    try {
      return this.catalog.learn(hello);
    } catch (error) {
      // Whether a service may be learnt is said by the program's own code.
      this.#log("error", "policy_failed", `RouterOptions.learns threw: ${stackOf(error)}`, {
        service: hello.service,
      });
      return false;
    }
  }

  #tellHealth(service: ServiceEntry): void {
    if (!service.retired) this.#health.set(service.name, service.candidates.list.length > 0);
  }

  #logClosed(channel: Channel, fault: ChannelFault | undefined, note: string): void {
    const { instanceId, service } = channel;
    const fields = { instance: instanceId, service: service.name, openCalls: channel.openCalls, reason: fault?.reason };
    const isOrderly = note === "drained" || (fault !== undefined && isDrainReason(fault.reason));
    service.channelCounts[isOrderly ? "drained" : "lost"]++;
    if (isOrderly) this.#log("info", "drained", `${instanceId} has left ${service.name}: ${note}`, fields);
    else this.#log("warn", "lost", `${instanceId} has left ${service.name}: ${note}`, fields);
  }

  #log(
    level: "info" | "warn" | "error",
    event: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#logger.log(level, event, message, fields);
  }
}
