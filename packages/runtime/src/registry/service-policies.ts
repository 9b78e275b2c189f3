// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  completeMethodFacts,
  findPolicyFaults,
  findServicePolicyFaults,
  type PolicyFault,
  type PolicyLayer,
  type ResolvedPolicies,
  resolvePolicies,
  type TenantRuleFacts,
} from "@grpc-router/protocol";
import type { BalanceFacts, GenRouter, MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";
import type { Balancer } from "../balance/balancer.js";
import type { RouterPlace } from "../balance/compose-balancer.js";
import { createGuarded } from "../balance/guarded.js";
import { type BalancerFactory, resolveBalancer } from "../balance/resolve-balancer.js";
import type { AnyHooks } from "../intercept/message-hook.js";
import type { SharedFacts } from "../resilience/service-policy.js";
import { RouterError } from "../router-error.js";
import { balanceByName } from "./balance-by-name.js";
import type { RouteKeyFunction } from "./route-key.js";
import type { MethodSettings, ServiceSettings } from "./settings.js";

/** All that is said of a service. */
export interface PolicySources {
  readonly desc: GenRouter<DescService>;
  /** What code says of the service. */
  readonly settings: ServiceSettings;
  /** What code says of every service. */
  readonly options: MethodSettings;
  /** What the operator says of it, which goes before code; of several the later wins. */
  readonly layers: readonly PolicyLayer[];
  /** Balancers of the program, by name. */
  readonly balancers: ReadonlyMap<string, BalancerFactory>;
  readonly place?: RouterPlace | undefined;
  /** A balancer of the program's own has thrown. */
  onBalancerError?(subject: string, error: unknown): void;
}

/** What counts for a service. */
export interface ServicePolicies {
  readonly shared: SharedFacts;
  /** The same with who said it. */
  readonly resolved: ResolvedPolicies;
  /** By the method's local name. */
  method(localName: string): MethodPolicies;
  /** The same for the calls of tenants: of the class at this place of `resolved.tenants`. */
  tenantMethod(place: number, localName: string): MethodPolicies;
}

/** What counts for a method. */
export interface MethodPolicies {
  readonly facts: MethodPolicyFacts;
  /** One for all methods that the same source says of how they are balanced. */
  readonly balancer: Balancer;
  /** The program's own way to the key of a call, which goes before what facts say. */
  readonly readKey: RouteKeyFunction | undefined;
  /** The program's own code around its messages. */
  readonly hooks: AnyHooks;
}

/**
 * Checks what code says of methods.
 *
 * @throws RouterError INVALID_SETTING with everything that is wrong.
 */
export function validateMethodSettings(subject: string, settings: MethodSettings): void {
  refuseFunctions(subject, settings);
  refuse(subject, findPolicyFaults(methodFacts(settings, new OwnBalancers(new Map()))));
}

/**
 * Works out what counts for a service and its methods. Order, the later wins: code for the router, the proto's options,
 * code for the service, code for the method, then what the operator says.
 *
 * @throws RouterError INVALID_SETTING with everything that is wrong.
 */
export function resolveServicePolicies(sources: PolicySources): ServicePolicies {
  const { desc, settings, place } = sources;
  checkNames(sources);
  refuseFunctions(desc.service.typeName, settings);
  refuseFunctions(desc.service.typeName, settings.defaults ?? {});
  const own = new OwnBalancers(sources.balancers);
  const layer = layerOf(settings, own);
  const beneath = methodFacts(sources.options, own);
  refuse(desc.service.typeName, findServicePolicyFaults(layer.service ?? {}));
  for (const [name, facts] of Object.entries(layer.methods ?? {})) {
    refuse(`${desc.service.typeName}/${nameOf(desc, name)}`, findPolicyFaults(facts ?? {}));
  }
  const resolved = resolvePolicies(desc, [layer, ...sources.layers], beneath);
  const balancers = new Map<BalanceFacts | undefined, Balancer>();
  const workOut = (method: DescMethod, said: MethodPolicyFacts, rules: readonly TenantRuleFacts[]): MethodPolicies => {
    const { localName } = method;
    const subject = `${desc.service.typeName}/${method.name}`;
    const facts = complete(subject, method, said);
    const custom = guard(own.factories, (error) => sources.onBalancerError?.(subject, error));
    const options = { subject, custom, ...(place === undefined ? {} : { place }) };
    const balancer = balancers.get(facts.balance) ?? resolveBalancer(facts.balance, options);
    balancers.set(facts.balance, balancer);
    return { facts, balancer, readKey: readKeyOf(sources, localName, rules), hooks: hooksOf(sources, localName) };
  };
  const workOutAll = (said: ResolvedPolicies["methods"], rules: readonly TenantRuleFacts[]) => {
    const entries = desc.service.methods.map((method) => {
      return [method.localName, workOut(method, said[method.localName]?.facts ?? {}, rules)] as const;
    });
    return new Map(entries);
  };
  const methods = workOutAll(resolved.methods, []);
  const { classes = [], rules = [] } = resolved.tenants ?? {};
  const ofClasses = classes.map((one) => {
    const matching = rules.filter((_, index) => one.rules.includes(index));
    return workOutAll(one.methods, matching);
  });
  return {
    shared: resolved.service.facts,
    resolved,
    method: (localName) => find(methods, localName),
    tenantMethod: (index, localName) => find(ofClasses[index], localName),
  };
}

function find(methods: ReadonlyMap<string, MethodPolicies> | undefined, localName: string): MethodPolicies {
  const found = methods?.get(localName);
  if (found === undefined) throw new Error(`Cannot find the policies of ${localName}: it must be a method`);
  return found;
}

function guard(
  factories: ReadonlyMap<string, BalancerFactory>,
  onError: (error: unknown) => void,
): ReadonlyMap<string, BalancerFactory> {
  const guarded = Array.from(factories, ([name, factory]): [string, BalancerFactory] => {
    return [name, (parameters) => createGuarded(factory(parameters), onError)];
  });
  return new Map(guarded);
}

/**
 * Balancers that code gives as objects: custom strategies under names that nothing else can say, so that they are facts
 * like all others.
 */
class OwnBalancers {
  readonly factories: Map<string, BalancerFactory>;
  readonly #facts = new Map<Balancer, BalanceFacts>();

  constructor(factories: ReadonlyMap<string, BalancerFactory>) {
    this.factories = new Map(factories);
  }

  factsOf(balancer: Balancer): BalanceFacts {
    const known = this.#facts.get(balancer);
    if (known !== undefined) return known;
    const name = `\0${this.#facts.size}`;
    const facts: BalanceFacts = { custom: { name } };
    this.factories.set(name, () => balancer);
    this.#facts.set(balancer, facts);
    return facts;
  }
}

function layerOf(settings: ServiceSettings, own: OwnBalancers): PolicyLayer {
  const { methods = {}, interceptors: _, defaults, circuitBreaker, concurrencyLimit, ...rest } = settings;
  const { outlierDetection, retryThrottling, retryBudget, admissionControl, ...said } = rest;
  const shared = { outlierDetection, retryThrottling, retryBudget, admissionControl, circuitBreaker, concurrencyLimit };
  return {
    source: "code",
    service: { ...present(shared), defaults: { ...methodFacts(said, own), ...methodFacts(defaults ?? {}, own) } },
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, method && methodFacts(method, own)]),
    ),
  };
}

/** The program's function, unless the operator says where the key is. */
function readKeyOf(
  { settings, layers }: PolicySources,
  localName: string,
  rules: readonly TenantRuleFacts[],
): RouteKeyFunction | undefined {
  const key = settings.methods?.[localName]?.routeKey;
  if (typeof key !== "function") return undefined;
  const said = [
    ...layers.flatMap(({ service, methods }) => [service?.defaults, methods?.[localName]]),
    ...rules.flatMap(({ defaults, methods }) => [defaults, methods?.[localName]]),
  ];
  return said.some((facts) => (facts?.routeKey ?? facts?.routeKeyMetadata) !== undefined) ? undefined : key;
}

/** What takes messages of one method. */
function refuseFunctions(subject: string, { routeKey, onRequest, onResponse }: MethodSettings & AnyHooks): void {
  const problem =
    typeof routeKey === "function"
      ? "routeKey must be a path here; a function belongs to one method, in methods"
      : "onRequest and onResponse must be of one method, in methods";
  if (typeof routeKey !== "function" && onRequest === undefined && onResponse === undefined) return;
  throw new RouterError("INVALID_SETTING", `Cannot route ${subject}: ${problem}`);
}

function hooksOf({ desc, settings }: PolicySources, localName: string): AnyHooks {
  const { onRequest, onResponse } = settings.methods?.[localName] ?? {};
  for (const [name, hook] of Object.entries({ onRequest, onResponse })) {
    if (hook === undefined || typeof hook === "function") continue;
    const subject = `${desc.service.typeName}/${nameOf(desc, localName)}`;
    throw new RouterError("INVALID_SETTING", `Cannot route ${subject}: ${name} must be a function, received ${hook}`);
  }
  return { onRequest, onResponse };
}

function methodFacts(settings: MethodSettings & AnyHooks, own: OwnBalancers): MethodPolicyFacts {
  const { balance, routeKey, onRequest: _onRequest, onResponse: _onResponse, ...facts } = settings;
  const path = typeof routeKey === "string" ? { routeKey: { path: routeKey, fields: [] } } : {};
  const said = { ...present(facts), ...path };
  if (balance === undefined) return said;
  if (typeof balance === "string") return { ...said, balance: balanceByName(balance) };
  return { ...said, balance: "pick" in balance ? own.factsOf(balance) : balance };
}

/** Without what is undefined, which is as good as not said. */
function present<Facts extends object>(facts: Facts): { [Name in keyof Facts]: Exclude<Facts[Name], undefined> } {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Facts]: Exclude<Facts[Name], undefined> };
}

function complete(subject: string, method: DescMethod, facts: MethodPolicyFacts): MethodPolicyFacts {
  const completed = completeMethodFacts(facts, method);
  refuse(subject, completed.faults);
  return completed.facts;
}

function refuse(subject: string, faults: readonly PolicyFault[]): void {
  if (faults.length === 0) return;
  const lines = faults.map((fault) => `Cannot route ${subject}: ${describe(fault)}`);
  throw new RouterError("INVALID_SETTING", lines.join("\n"));
}

/** In the names of code; what is said of all methods stands there beside the service's own. */
function describe({ path, reason }: PolicyFault): string {
  const name = path.filter((part, index) => index > 0 || part !== "defaults").join(".");
  return reason.startsWith("it ") ? `${name} ${reason.slice("it ".length)}` : `${name}: ${reason}`;
}

/** Settings for a method that does not exist are a mistake that would otherwise never show. */
function checkNames({ desc, settings }: PolicySources): void {
  const names = desc.service.methods.map((method) => method.localName);
  for (const name of Object.keys(settings.methods ?? {})) {
    if (names.includes(name)) continue;
    throw new RouterError(
      "INVALID_SETTING",
      `Cannot route ${desc.service.typeName}: methods must be among ${names.join(", ")}, received ${name}`,
    );
  }
}

function nameOf(desc: GenRouter<DescService>, localName: string): string {
  return desc.service.methods.find((method) => method.localName === localName)?.name ?? localName;
}
