// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { DRAIN_GRACE_MS, type Logger } from "@grpc-router/protocol";
import type { HealthBook } from "../builtin/health-book.js";
import type { Channel } from "../channel/channel.js";
import type { Clock } from "../clock.js";
import type { Forwarder } from "../forward/forwarder.js";
import { quote } from "../registry/quote.js";
import type { Registry } from "../registry/registry.js";
import type { ServiceEntry } from "../registry/service-entry.js";
import type { PolicyUsage } from "../resilience/policy-usage.js";
import { RouterError } from "../router-error.js";
import { type CallStats, summarizeCalls } from "./call-stats.js";
import { describeService, type ServiceInfo } from "./describe-service.js";
import { explainPolicy, type PolicyFact } from "./explain-policy.js";
import { type CallFilter, type CallList, listCalls } from "./list-calls.js";
import { nearNames } from "./near-names.js";

/** Whom an order is for. */
export interface InstanceName {
  readonly instanceId: string;
  /** Full name; empty: every service that the instance is registered for. */
  readonly service?: string;
}

/** Parts of an `Operator`. */
export interface OperatorParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly forwarder: Forwarder;
  readonly registry: Registry;
  readonly health: HealthBook;
}

/** The largest weight; the smallest is 1. */
const maxWeight = 1_000_000;

/** Names that are told to who asked for one that is not there. */
const maxShownNames = 5;

/** The longest time for the calls of an instance that is drained: a day. */
const maxGraceMs = 86_400_000;

/**
 * What an operator may ask of a running router, and tell it. Every order is logged (`operator_…`); it stands as long as the
 * router runs, also when the instance comes back.
 */
export class Operator {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** The routed services, by name. */
  services(): ServiceInfo[] {
    const { registry, health } = this.#parts;
    return Array.from(registry.services.values(), (service) =>
      describeService(service, health.isServing(service.name) === true),
    ).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The schema of a method, `pkg.Service/Method`; undefined: it is not routed, or was learnt from instances, without one. */
  schema(method: string): DescMethod | undefined {
    const { registry } = this.#parts;
    const [name = "", simple] = method.split("/");
    if (registry.catalog.isLearnt(name)) return undefined;
    return registry.services.get(name)?.desc.service.methods.find((one) => one.name === simple);
  }

  /** What the policies of each service hold. */
  policyUsage(): PolicyUsage[] {
    return Array.from(this.#parts.registry.services.values(), (service) => service.policyUsage);
  }

  /**
   * What counts for "pkg.Service/Method", or for "pkg.Service" as a whole, and who said it; of a method, for the calls of
   * `tenant`, or else of everybody whom no rule matches.
   *
   * @throws RouterError NOT_FOUND; INVALID_SETTING for a tenant without a method
   */
  policy(subject: string, tenant?: string): readonly PolicyFact[] {
    const [name = "", method] = subject.replace(/^\//, "").split("/");
    const service = this.#service(name);
    const services = this.#parts.registry.services.values();
    const tenants = Array.from(services, ({ resolved }) => resolved.tenants?.known.list.map(({ id }) => id) ?? []);
    const part = { method, tenant, tenants: [...new Set(tenants.flat())] };
    return explainPolicy(service.desc.service, service.resolved, part);
  }

  /**
   * The calls that are not over.
   *
   * @throws RouterError NOT_FOUND for the filter of a service or method that is not routed.
   */
  calls(filter: CallFilter = {}): CallList {
    const { clock, forwarder } = this.#parts;
    const [name = "", method = ""] = (filter.method ?? "").split("/");
    if (name !== "") this.#method(this.#service(name), method);
    return listCalls(forwarder.context.pool.list(), filter, clock.nowMs());
  }

  /** What became of calls, by method; undefined: the router does not count them (`RouterOptions.metrics`). */
  callStats(): CallStats[] | undefined {
    const { metrics } = this.#parts.forwarder.context;
    return metrics && [...metrics.methods, metrics.unknown].map(summarizeCalls);
  }

  /**
   * Gives the instance another weight than it states, or (undefined) its own again. Answers its services.
   *
   * @throws RouterError NOT_FOUND, INVALID_SETTING for a weight that is not a whole number from 1 to 1,000,000.
   */
  setWeight(instance: InstanceName, weight: number | undefined): string[] {
    if (weight !== undefined && !(Number.isInteger(weight) && weight >= 1 && weight <= maxWeight)) {
      const text = `Cannot weigh ${quote(instance.instanceId)}: the weight must be a whole number from 1 to ${maxWeight}, received ${weight}`;
      throw new RouterError("INVALID_SETTING", `${text}. To give it no calls, drain it`);
    }
    return this.#each(instance, (channel) => {
      this.#order(channel, { weight });
      channel.orderWeight(weight);
      const says = weight === undefined ? "the weight that it states again" : `the weight ${weight}`;
      this.#log("operator_weight", channel, `has ${says}, by order of an operator`);
    });
  }

  /**
   * Closes the instance's channels; calls on them go by the lost rule. It may register again. Answers its services.
   *
   * @throws RouterError NOT_FOUND
   */
  kick(instance: InstanceName, reason = ""): string[] {
    return this.#each(instance, (channel) => {
      const why = reason === "" ? "" : `: ${reason}`;
      this.#log("operator_kick", channel, `is kicked by an operator${why}`);
      channel.close({ reason: "KICKED", facts: { instance: quote(channel.instanceId) } });
    });
  }

  /**
   * Keeps new calls from the instance, which stays connected. Those that it has may go on for `graceMs`, then they are
   * ended. It stands until `resume`, and ends by itself when another process registers under the id. Answers its services.
   *
   * @throws RouterError NOT_FOUND, INVALID_SETTING for a time that is negative or above a day.
   */
  withdraw(instance: InstanceName, graceMs: number = DRAIN_GRACE_MS): string[] {
    if (!(graceMs >= 0 && graceMs <= maxGraceMs)) {
      const text = `Cannot drain ${quote(instance.instanceId)}: the grace must be from 0 to ${maxGraceMs} ms`;
      throw new RouterError("INVALID_SETTING", `${text}, received ${graceMs}`);
    }
    return this.#each(instance, (channel) => {
      this.#order(channel, { withdrawnProcess: channel.profile.processKey });
      channel.withdraw(graceMs);
      const text = `gets no new calls by order of an operator; ${channel.openCalls} open ones have ${graceMs / 1_000} s`;
      this.#log("operator_drain", channel, text);
    });
  }

  /**
   * Takes `withdraw` back. Answers its services.
   *
   * @throws RouterError NOT_FOUND
   */
  resume(instance: InstanceName): string[] {
    return this.#each(instance, (channel) => {
      this.#order(channel, { withdrawnProcess: undefined });
      channel.resume();
      this.#log("operator_resume", channel, "gets calls again by order of an operator");
    });
  }

  #each({ instanceId, service = "" }: InstanceName, act: (channel: Channel) => void): string[] {
    const { services } = this.#parts.registry;
    const all = service === "" ? [...services.values()] : [this.#service(service)];
    const channels = all.flatMap((entry) => entry.live.get(instanceId) ?? []);
    if (channels.length === 0) throw this.#unknownInstance(instanceId, all);
    this.#parts.clock.nowMs();
    for (const channel of channels) act(channel);
    return channels.map((channel) => channel.service.name).sort();
  }

  #order({ service, instanceId }: Channel, order: Parameters<ServiceEntry["orders"]["change"]>[1]): void {
    service.orders.change(instanceId, order, (id) => service.live.has(id));
  }

  #service(name: string): ServiceEntry {
    const { services } = this.#parts.registry;
    const service = services.get(name);
    if (service !== undefined) return service;
    throw notFound(`Cannot find the service ${quote(name)}: it must be routed`, name, [...services.keys()]);
  }

  #method(service: ServiceEntry, method: string): void {
    if (method === "" || service.route(method) !== undefined) return;
    const names = service.routes.map(({ name }) => name);
    throw notFound(`Cannot find the method ${quote(method)}: it must be one of ${service.name}`, method, names);
  }

  #unknownInstance(instanceId: string, services: readonly ServiceEntry[]): RouterError {
    const ids = new Set(services.flatMap(({ live }) => [...live.keys()]));
    return notFound(`Cannot find the instance ${quote(instanceId)}: it must be registered`, instanceId, [...ids]);
  }

  #log(event: string, { instanceId, service }: Channel, text: string): void {
    const fields = { instance: instanceId, service: service.name };
    this.#parts.logger.log("info", event, `${quote(instanceId)} of ${service.name} ${text}`, fields);
  }
}

function notFound(text: string, wanted: string, names: readonly string[]): RouterError {
  const near = nearNames(wanted, names);
  const hint = near.length > 0 ? `Near: ${near.map(quote).join(", ")}` : countOf(names);
  return new RouterError("NOT_FOUND", `${text}. ${hint}`);
}

/** How many there are, and the first of them. */
function countOf(names: readonly string[]): string {
  if (names.length === 0) return "There is none";
  const first = names.slice(0, maxShownNames).map(quote).join(", ");
  return `There are ${names.length}: ${first}${names.length > maxShownNames ? ", …" : ""}`;
}
