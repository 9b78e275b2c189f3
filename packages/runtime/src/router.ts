// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import { FrameTrace } from "@grpc-router/http2";
import { HOLD_MS, type ResolvedPolicies } from "@grpc-router/protocol";
import { type GenRouter, isGenRouter } from "@grpc-router/protocol/codegenv1";
import { createBuiltinServices } from "./builtin/builtin-services.js";
import { createDescriptorBook } from "./builtin/descriptor-book.js";
import { createHealthBook } from "./builtin/health-book.js";
import { probePaths } from "./builtin/probe.js";
import { Clock } from "./clock.js";
import { type ResolvedConnectionSettings, resolveConnectionSettings } from "./connection-settings.js";
import { validateCredentials } from "./credentials/credential-settings.js";
import { RegistrationGate } from "./credentials/registration-gate.js";
import { CallPool } from "./forward/call-pool.js";
import type { CallRecord } from "./forward/call-record.js";
import { Forwarder } from "./forward/forwarder.js";
import { maxReplayBytes, maxWaitingBytes, maxWaitingCalls } from "./limits.js";
import { MemoryWatch } from "./memory-gauge.js";
import { RouterMetrics } from "./metrics/router-metrics.js";
import { connectFallbacks } from "./registry/connect-fallbacks.js";
import { PathTable } from "./registry/path-table.js";
import { Registry } from "./registry/registry.js";
import { RouterList } from "./registry/router-list.js";
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
  /** Starts a router on these ports. Services added later are not part of it. */
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
    return config && this.#entry(config, noEvents, "").resolved;
  }

  validate(): void {
    connectFallbacks(this.#entries(noEvents, ""));
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
    this.#entry(config, noEvents, "");
    this.#descriptors.add(desc.service);
    this.#services.set(name, config);
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
    const services = this.#entries(events, routerId);
    connectFallbacks(services);
    const health = createHealthBook();
    const registry = new Registry({
      services,
      health,
      logger,
      routerId,
      placement: forwarder.placement,
      gate,
      routers: new RouterList(this.#routers),
    });
    const paths = makePaths(services, createBuiltinServices({ health, descriptors: this.#descriptors }));
    return new RouterCore({
      clock,
      logger,
      forwarder,
      registry,
      gate,
      health,
      paths,
      wheel,
      connections: this.#connections,
      trace: createTracer(ports),
      maxOpenCalls: this.#options.maxOpenCalls,
      holdLostMs: Math.min(this.#options.holdLostMs ?? 0, HOLD_MS),
    });
  }

  #entries(events: ServiceEvents, routerId: string): Map<string, ServiceEntry> {
    return new Map(Array.from(this.#services, ([name, config]) => [name, this.#entry(config, events, routerId)]));
  }

  #entry({ desc, settings }: ServiceConfig, events: ServiceEvents, routerId: string): ServiceEntry {
    const { zone, region } = this.#options;
    return new ServiceEntry({
      desc,
      settings,
      options: methodSettingsOf(this.#options),
      interceptors: this.#options.interceptors,
      layers: [this.#options.policies?.get(desc.service.typeName) ?? []].flat(),
      balancers: this.#options.balancers ?? new Map(),
      place: { routerId, zone, region },
      maxWaitingCalls: this.#options.maxWaitingCalls ?? maxWaitingCalls,
      maxWaitingBytes: this.#options.maxWaitingBytes ?? maxWaitingBytes,
      ...events,
    });
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

/** Everything that a path can lead to. A routed service goes before one of the router's own with the same name. */
function makePaths(
  services: ReadonlyMap<string, ServiceEntry>,
  locals: ReturnType<typeof createBuiltinServices>,
): PathTable {
  const paths = new PathTable();
  for (const [name, service] of services) {
    for (const route of service.routes) paths.add(route.path, route);
    paths.add(`/${service.desc.channel.typeName}/Register`, { kind: TargetKind.register, serviceName: name });
  }
  paths.add(untypedRegisterPath, { kind: TargetKind.register, serviceName: undefined });
  for (const service of locals) {
    for (const method of service.desc.methods) {
      paths.add(`/${service.desc.typeName}/${method.name}`, { kind: TargetKind.local, service, method });
    }
  }
  for (const path of probePaths) paths.add(path, { kind: TargetKind.probe, path });
  return paths;
}
