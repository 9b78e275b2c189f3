// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { FrameTrace } from "@grpc-router/http2";
import {
  findDifference,
  HOLD_MS,
  type ReadDescriptorSetOptions,
  type ResolvedPolicies,
  readDescriptorSet,
} from "@grpc-router/protocol";
import { type GenRouter, isGenRouter } from "@grpc-router/protocol/codegenv1";
import { createBuiltinServices } from "./builtin/builtin-services.js";
import { createDescriptorBook } from "./builtin/descriptor-book.js";
import { createHealthBook } from "./builtin/health-book.js";
import { probePaths } from "./builtin/probe.js";
import { Clock } from "./clock.js";
import { type ResolvedConnectionSettings, resolveConnectionSettings } from "./connection-settings.js";
import { validateCredentials } from "./credentials/credential-settings.js";
import { RegistrationGate } from "./credentials/registration-gate.js";
import { Watchers } from "./follow/following.js";
import { CallPool } from "./forward/call-pool.js";
import type { CallRecord } from "./forward/call-record.js";
import { Forwarder } from "./forward/forwarder.js";
import { maxReplayBytes, maxWaitingBytes, maxWaitingCalls } from "./limits.js";
import { MemoryWatch } from "./memory-gauge.js";
import { RouterMetrics } from "./metrics/router-metrics.js";
import { connectFallbacks } from "./registry/connect-fallbacks.js";
import { PathTable, type PathTarget } from "./registry/path-table.js";
import { Registry } from "./registry/registry.js";
import { RouterList } from "./registry/router-list.js";
import { type RouterContract, ServiceCatalog, type ServiceSources } from "./registry/service-catalog.js";
import { ServiceEntry, type WaitingEvents } from "./registry/service-entry.js";
import { validateMethodSettings } from "./registry/service-policies.js";
import type { MethodSettings, RouterOptions, ServiceSettings } from "./registry/settings.js";
import { TargetKind } from "./registry/target.js";
import { validateRouterOptions } from "./registry/validate-router-options.js";
import type { PolicyEvents } from "./resilience/policy-events.js";
import { createPolicyLog } from "./resilience/policy-log.js";
import { ReplayBudget } from "./resilience/replay-budget.js";
import { createTimerWheel } from "./resilience/timer-wheel.js";
import { RouterCore, type RouterCoreParts, type RouterPorts } from "./router-core.js";
import { RouterCounters } from "./router-counters.js";
import { RouterError } from "./router-error.js";
import { createStatusCache } from "./status/status-cache.js";

/** Options of `Router.descriptors`. */
export interface DescriptorOptions extends ReadDescriptorSetOptions {
  /** For each of its services. Default: none. */
  readonly settings?: ServiceSettings;
}

/** What a router routes, before it runs. */
export interface Router {
  /**
   * Routes a service: pass what the generated router module exports.
   *
   * @throws RouterError INVALID_SETTING for a setting that cannot be, DESCRIPTOR_CONFLICT for descriptors that contradict
   * those of another service, INVALID_STATE if the service is routed already.
   */
  service<Service extends DescService>(desc: GenRouter<Service>, settings?: ServiceSettings<Service>): Router;
  /** Names of the services routed so far. */
  readonly services: readonly string[];
  /**
   * Routes the services of a descriptor set, as `service` those of generated modules; a service that is routed already is
   * left out if the set describes it alike.
   *
   * @throws RouterError INVALID_SETTING with everything that is wrong with the set, its options or the settings,
   * DESCRIPTOR_CONFLICT as `service`, and for a service that is routed with another schema.
   */
  descriptors(set: FileDescriptorSet, options?: DescriptorOptions): Router;
  /** What counts for a service and each of its methods, and who said it; undefined if it is not routed. */
  policiesOf(service: string): ResolvedPolicies | undefined;
  /**
   * Checks what only all services together can tell, as `open` does.
   *
   * @throws RouterError INVALID_SETTING for a fallback that is not routed.
   */
  validate(): void;
  /** Whether instances must show a credential (`RouterOptions.registration`). */
  readonly wantsCredentials: boolean;
  /** All that was said so far, for `RouterCore.setServices`. */
  readonly contract: RouterContract;
  /** Starts a router on these ports. Services added later are not part of it; `RouterCore.setServices` takes others. */
  open(ports: RouterPorts): RouterCore;
}

/** The path on which any service can be registered, without generated frames. */
export const untypedRegisterPath = "/grpcrouter.v1.ChannelService/Register";

/**
 * Creates a router that routes nothing yet.
 *
 * @throws RouterError INVALID_SETTING for a setting that cannot be.
 * @example
 * const router = createRouter().service(userServiceRouter, { timeoutMs: 2_000 });
 */
export function createRouter(options: RouterOptions = {}): Router {
  return new ConfiguredRouter(options);
}

interface ServiceEvents {
  readonly waitingEvents: WaitingEvents;
  readonly policyEvents: PolicyEvents;
  readonly metrics?: RouterMetrics | undefined;
}

/** Of a service that is only looked at. */
const noEvents: ServiceEvents = {
  waitingEvents: { nowMs: () => 0, onDisplaced() {}, onExpired() {} },
  policyEvents: { onBreaker() {}, onEjected() {}, onRestored() {}, onBalancerError() {} },
};

interface ServiceConfig {
  readonly desc: GenRouter<DescService>;
  readonly settings: ServiceSettings;
}

class ConfiguredRouter implements Router {
  readonly #options: RouterOptions;
  readonly #connections: ResolvedConnectionSettings;
  readonly #routers: readonly string[];
  readonly #services = new Map<string, ServiceConfig>();
  readonly #descriptors = createDescriptorBook();

  constructor(options: RouterOptions) {
    this.#options = options;
    validateRouterOptions(options);
    validateMethodSettings("any service", methodSettingsOf(options));
    this.#routers = new RouterList(options.routers).addresses;
    this.#connections = resolveConnectionSettings(options.connections);
    if (options.registration !== undefined) validateCredentials(options.registration.credentials);
  }

  get services(): readonly string[] {
    return [...this.#services.keys()];
  }

  policiesOf(service: string): ResolvedPolicies | undefined {
    const config = this.#services.get(service);
    return config && this.#entry(config).resolved;
  }

  validate(): void {
    connectFallbacks(new Map(Array.from(this.#services, ([name, config]) => [name, this.#entry(config)])));
  }

  get wantsCredentials(): boolean {
    return this.#options.registration !== undefined;
  }

  service<Service extends DescService>(desc: GenRouter<Service>, settings: ServiceSettings<Service> = {}): Router {
    if (!isGenRouter(desc)) {
      throw new RouterError(
        "INVALID_SETTING",
        "Cannot route a service: it must be what the generated router module exports (for example userServiceRouter)",
      );
    }
    const name = desc.service.typeName;
    if (this.#services.has(name)) {
      throw new RouterError("INVALID_STATE", `Cannot route ${name}: it must be added once, received it twice`);
    }
    // What is wrong with the settings shows here and not when the router starts.
    const config: ServiceConfig = { desc, settings: settings as ServiceSettings };
    this.#entry(config);
    this.#descriptors.add(desc.service);
    this.#services.set(name, config);
    return this;
  }

  descriptors(set: FileDescriptorSet, { settings, ...options }: DescriptorOptions = {}): Router {
    const { routers, mistakes } = readDescriptorSet(set, options);
    if (mistakes.length > 0) {
      const lines = mistakes.map((mistake) => `Cannot route a descriptor set: ${mistake}`);
      throw new RouterError("INVALID_SETTING", lines.join("\n"));
    }
    for (const desc of routers) {
      const before = this.#services.get(desc.service.typeName)?.desc.service;
      const difference = before && findDifference(before.file, desc.service.file);
      if (difference !== undefined) {
        const text = `Cannot route ${desc.service.typeName}: it is routed already, and its descriptors differ in ${difference}`;
        throw new RouterError("DESCRIPTOR_CONFLICT", text);
      }
      if (before === undefined) this.service(desc, settings);
    }
    return this;
  }

  open(ports: RouterPorts): RouterCore {
    const clock = new Clock(ports.scheduler);
    const { logger, sha256, wallMs } = ports;
    const gate = new RegistrationGate({ credentials: this.#options.registration?.credentials, sha256, wallMs });
    const metrics = this.#options.metrics === false ? undefined : new RouterMetrics(this.#options.metrics);
    const { errorDetails = true, forwardLoadReports = true } = this.#options;
    const wheel = createTimerWheel<CallRecord>({
      scheduler: clock,
      onDue: (call, nowMs) => {
        clock.lastMs = nowMs;
        forwarder.ending.due(call);
      },
    });
    const forwarder = new Forwarder({
      clock,
      random: () => ports.random(),
      logger,
      pool: new CallPool(),
      wheel,
      statuses: createStatusCache({ errorDetails }),
      errorDetails,
      forwardLoadReports,
      inflate: ports.inflate,
      memory: new MemoryWatch(ports.memory),
      counters: new RouterCounters(),
      metrics,
      replay: new ReplayBudget(this.#options.maxReplayBytes ?? maxReplayBytes),
      watchers: new Watchers(logger),
    });
    const events: ServiceEvents = {
      waitingEvents: {
        nowMs: () => clock.lastMs,
        onDisplaced: (call) => forwarder.placement.refuse(call),
        onExpired: (call) => forwarder.ending.expire(call),
      },
      policyEvents: createPolicyLog(logger, forwarder.context.counters),
      metrics,
    };
    const routerId = Array.from(ports.randomBytes(12), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const pathSeed = ports.randomBytes(4).reduce((seed, byte) => seed * 256 + byte, 0);
    const health = createHealthBook();
    const descriptors = createDescriptorBook();
    for (const { desc } of this.#services.values()) descriptors.add(desc.service);
    const catalog = new ServiceCatalog({
      contract: this.contract,
      events,
      routerId,
      health,
      descriptors,
      ownPaths: makeOwnPaths(createBuiltinServices({ health, descriptors })),
      paths: new PathTable(pathSeed),
    });
    const registry = new Registry({
      catalog,
      health,
      logger,
      routerId,
      placement: forwarder.placement,
      gate,
      routers: new RouterList(this.#routers),
    });
    return new RouterCore({
      clock,
      logger,
      forwarder,
      registry,
      gate,
      health,
      wheel,
      connections: this.#connections,
      trace: createTracer(ports),
      maxOpenCalls: this.#options.maxOpenCalls,
      holdLostMs: Math.min(this.#options.holdLostMs ?? 0, HOLD_MS),
    });
  }

  get contract(): RouterContract {
    const services = Array.from(this.#services, ([name, config]): [string, ServiceSources] => {
      return [name, this.#sourcesOf(config)];
    });
    return {
      services: new Map(services),
      sourcesOf: (desc) => this.#sourcesOf({ desc, settings: {} }),
      learns: (service) => this.#options.learns?.(service) === true,
    };
  }

  #entry(config: ServiceConfig): ServiceEntry {
    return new ServiceEntry({ ...this.#sourcesOf(config), ...noEvents });
  }

  #sourcesOf({ desc, settings }: ServiceConfig): ServiceSources {
    const { zone, region } = this.#options;
    return {
      desc,
      settings,
      options: methodSettingsOf(this.#options),
      interceptors: this.#options.interceptors,
      layers: [this.#options.policies?.get(desc.service.typeName) ?? []].flat(),
      balancers: this.#options.balancers ?? new Map(),
      place: { routerId: "", zone, region },
      maxWaitingCalls: this.#options.maxWaitingCalls ?? maxWaitingCalls,
      maxWaitingBytes: this.#options.maxWaitingBytes ?? maxWaitingBytes,
    };
  }
}

/** What the options of a router say of methods. */
function methodSettingsOf(options: RouterOptions): MethodSettings {
  const {
    zone: _zone,
    region: _region,
    balancers: _balancers,
    policies: _policies,
    interceptors: _interceptors,
    maxWaitingCalls: _maxWaitingCalls,
    maxWaitingBytes: _maxWaitingBytes,
    maxReplayBytes: _maxReplayBytes,
    maxOpenCalls: _maxOpenCalls,
    errorDetails: _errorDetails,
    forwardLoadReports: _forwardLoadReports,
    holdLostMs: _holdLostMs,
    routers: _routers,
    connections: _connections,
    metrics: _metrics,
    learns: _learns,
    registration: _registration,
    ...method
  } = options;
  return method;
}

/** Makes traces whose lines name the peer; undefined if nobody asked. */
function createTracer({ trace: line, scheduler }: RouterPorts): RouterCoreParts["trace"] {
  if (line === undefined) return undefined;
  return ({ address }) =>
    new FrameTrace({ line: (text) => line(`${address} ${text}`), nowMs: () => scheduler.nowMs() });
}

/** What paths can lead to beside routed services. */
function makeOwnPaths(locals: ReturnType<typeof createBuiltinServices>): PathTarget[] {
  const methods = locals.flatMap((service) =>
    service.desc.methods.map((method): PathTarget => {
      return [`/${service.desc.typeName}/${method.name}`, { kind: TargetKind.local, service, method }];
    }),
  );
  const probes = probePaths.map((path): PathTarget => [path, { kind: TargetKind.probe, path }]);
  return [[untypedRegisterPath, { kind: TargetKind.register, serviceName: undefined }], ...methods, ...probes];
}
