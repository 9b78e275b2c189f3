// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import type { GenBridge } from "@grpc-router/protocol/codegenv1";
import { BridgeError } from "./bridge-error.js";
import {
  type BridgeOptions,
  type OpenOptions,
  overrideBridgeOptions,
  validateBridgeOptions,
  validateOpenOptions,
} from "./bridge-options.js";
import { methodCodes, recordRoutes } from "./dispatch/recorded-routes.js";
import { createServedService, type MethodEntry, type ServedService } from "./dispatch/served-service.js";
import type { BridgeConnection, BridgePorts } from "./ports.js";
import { BridgeIdentity } from "./register/bridge-identity.js";
import type { HealthState } from "./register/health-source.js";
import { RouterSet } from "./register/router-set.js";
import { SettableHealth } from "./register/settable-health.js";

/** The services of an instance, ready to be served through a router. */
export interface Bridge {
  /**
   * Adds a service: what the generator made of it, and your implementation. Methods that are missing in a partial
   * implementation are not announced, so the router sends them to other instances.
   *
   * @throws BridgeError `INVALID_SERVICE` if there is nothing to serve, or if the service was added before.
   */
  service<Service extends DescService>(bridge: GenBridge<Service>, implementation: Partial<ServiceImpl<Service>>): this;
  /**
   * Adds the services that an existing `(router: ConnectRouter) => …` function registers, as far as `bridges` has them.
   *
   * @throws BridgeError `INVALID_SERVICE` if it registers none of the methods of one of `bridges`.
   */
  routes(bridges: readonly GenBridge<DescService>[], routes: (router: ConnectRouter) => void): this;
  /**
   * Says that a service takes calls or, because of `note`, takes none for now: those that come go to other instances at
   * once, or wait for one; those that run go on. Counts at every router, before `open` and after; without `service` for all
   * of them, those added later included. Services serve until this says otherwise.
   *
   * @param note For people, of at most 256 characters.
   * @throws BridgeError `INVALID_SERVICE` if `service` is not the full name of one that was added.
   * @example
   * bridge.setServing(false, { note: "the database is away" });
   */
  setServing(
    serving: boolean,
    options?: { readonly service?: string | undefined; readonly note?: string | undefined },
  ): this;
  /**
   * Connects to routers and serves. `dialRouter` of @grpc-router/node calls this with sockets and clocks.
   *
   * @throws BridgeError `INVALID_OPTION` for `open`, `INVALID_STATE` without a service.
   */
  open(ports: BridgePorts, open?: OpenOptions): BridgeConnection;
}

/**
 * Makes a bridge: the side of the channel where your implementation is.
 *
 * @throws BridgeError `INVALID_OPTION`.
 * @example
 * const bridge = createBridge({ capacity: 100 }).service(userServiceBridge, { getUser: (request) => find(request.userId) });
 */
export function createBridge(options: BridgeOptions = {}): Bridge {
  validateBridgeOptions(options);
  return new ServiceBridge(options);
}

class ServiceBridge implements Bridge {
  readonly #options: BridgeOptions;
  readonly #services = new Map<string, ServedService>();
  readonly #health = new Map<string, SettableHealth>();
  /** Of services that are added from now on. */
  #firstHealth: HealthState = { serving: true, note: "" };
  readonly #identity: BridgeIdentity;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#identity = new BridgeIdentity(options.id);
  }

  service<Service extends DescService>(
    bridge: GenBridge<Service>,
    implementation: Partial<ServiceImpl<Service>>,
  ): this {
    const { interceptors = [] } = this.#options;
    const entries = new Map<string, MethodEntry>();
    for (const [method, code] of methodCodes(bridge.service, implementation)) {
      entries.set(method.localName, { code, interceptors });
    }
    return this.#add(bridge, entries);
  }

  routes(bridges: readonly GenBridge<DescService>[], routes: (router: ConnectRouter) => void): this {
    const recorded = recordRoutes(routes, this.#options.interceptors ?? []);
    for (const bridge of bridges) this.#add(bridge, recorded.get(bridge.service.typeName) ?? new Map());
    return this;
  }

  setServing(
    serving: boolean,
    { service, note = "" }: { service?: string | undefined; note?: string | undefined } = {},
  ): this {
    const state = { serving, note };
    if (service === undefined) {
      this.#firstHealth = state;
      for (const health of this.#health.values()) health.set(state);
      return this;
    }
    const health = this.#health.get(service);
    if (health === undefined) {
      const names = [...this.#services.keys()].join(", ") || "added first";
      throw new BridgeError(
        "INVALID_SERVICE",
        `Cannot set the health of a service: it must be ${names}, received ${JSON.stringify(service)}`,
      );
    }
    health.set(state);
    return this;
  }

  open(ports: BridgePorts, open: OpenOptions = {}): BridgeConnection {
    const options = overrideBridgeOptions(this.#options, open);
    const services = [...this.#services.values()];
    const [first] = services;
    if (first === undefined) {
      throw new BridgeError("INVALID_STATE", "Cannot open the bridge: it must have a service, call .service() first");
    }
    const identity = this.#identity.at(ports, first.name, open.id);
    validateOpenOptions(open, identity.instanceId);
    const { nextOrdinal } = this.#identity;
    const measureLoad = ports.measureLoad?.bind(ports);
    return new RouterSet({ ports, options, open, services, identity, nextOrdinal, measureLoad });
  }

  #add(bridge: GenBridge<DescService>, entries: ReadonlyMap<string, MethodEntry>): this {
    const health = new SettableHealth(this.#firstHealth);
    const service = { ...createServedService(bridge, entries), health };
    if (this.#services.has(service.name)) {
      throw new BridgeError(
        "INVALID_SERVICE",
        `Cannot bridge ${service.name}: it must be added once, received it again`,
      );
    }
    this.#services.set(service.name, service);
    this.#health.set(service.name, health);
    return this;
  }
}
