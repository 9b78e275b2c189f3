// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ResolvedPolicies } from "@grpc-router/protocol";
import type { GenRouter, SlowStartFacts } from "@grpc-router/protocol/codegenv1";
import { longestSlowStart } from "../balance/slow-start.js";
import { bindHooks } from "../intercept/bound-hook.js";
import type { CallInterceptor } from "../intercept/call-interceptor.js";
import { createMiddleware } from "../intercept/middleware.js";
import type { PolicyEvents } from "../resilience/policy-events.js";
import { RouteShare } from "../resilience/route-instances.js";
import { createRoutePolicy } from "../resilience/route-policy.js";
import { ServicePolicy } from "../resilience/service-policy.js";
import { isSame } from "./is-same.js";
import { MethodRoute } from "./method-route.js";
import { createRouteKey } from "./route-key.js";
import type { RouteSlot } from "./route-slot.js";
import type { ServiceEntry } from "./service-entry.js";
import { type PolicySources, resolveServicePolicies, type ServicePolicies } from "./service-policies.js";
import type { SlotOwner } from "./service-slots.js";
import { type ResolvedSettings, settingsOf } from "./settings.js";
import { directoryOf } from "./tenant-directory.js";
import { TenantRoutes } from "./tenant-routes.js";

/** All that is said of a service. */
export interface ContractParts extends PolicySources {
  /** Of all services. */
  readonly interceptors: readonly CallInterceptor[] | undefined;
  readonly policyEvents: PolicyEvents;
}

/** What is said of a service at one time, worked out. It never changes; a service takes the next one as a whole. */
export interface ServiceContract {
  readonly parts: ContractParts;
  readonly desc: GenRouter<DescService>;
  /** All that is said of it and its methods, and by whom. */
  readonly resolved: ResolvedPolicies;
  readonly policies: ServicePolicies;
  /** What its methods share of resilience. */
  readonly policy: ServicePolicy;
  /** How new instances come in; undefined: with their whole weight. */
  readonly slowStart: SlowStartFacts | undefined;
  /** In the order of the methods. */
  readonly routes: readonly MethodRoute[];
  /** The same by the methods' names: hellos of a thousand methods look each of them up. */
  readonly routesByName: ReadonlyMap<string, MethodRoute>;
  /** In the order of the methods; undefined: nothing is said by tenant. */
  readonly tenants: readonly TenantRoutes[] | undefined;
}

/** Where a service keeps what stays of a method. */
export type FindSlot = (owner: SlotOwner, settings: ResolvedSettings) => RouteSlot;

/**
 * Works out what counts for `service`. What is as `before` stays the same object: its breakers, budgets and balancers keep
 * what they know.
 *
 * @throws RouterError INVALID_SETTING with everything that is wrong.
 */
export function createContract(
  service: ServiceEntry,
  parts: ContractParts,
  { before, findSlot }: { readonly before: ServiceContract | undefined; readonly findSlot: FindSlot },
): ServiceContract {
  const { desc, policyEvents } = parts;
  const policies = resolveServicePolicies({
    ...parts,
    onBalancerError(subject, error) {
      service.balancerFailed = true;
      policyEvents.onBalancerError(subject, error);
    },
  });
  const { methods } = desc.service;
  const keepsPolicy = before !== undefined && isSame(before.policies.shared, policies.shared);
  const policy = keepsPolicy
    ? before.policy
    : new ServicePolicy({
        name: service.name,
        facts: policies.shared,
        members: service.candidates.list,
        events: policyEvents,
      });
  const keepsCode = before !== undefined && keepsPolicy && isSameCode(before.parts, parts);
  const context = { parts, policies, policy, findSlot };
  const made = methods.map((method) => {
    const kept = keepsCode ? findKept(before, policies, method) : undefined;
    return kept ?? createRoute(service, { method }, context);
  });
  const routes = before !== undefined && isSame(before.routes, made) ? before.routes : made;
  const keepsTenants = routes === before?.routes && isSame(before?.resolved.tenants, policies.resolved.tenants);
  const tenants = keepsTenants ? before?.tenants : createTenantRoutes(service, routes, context);
  const slowStart = longestSlowStart(methods.map(({ localName }) => policies.method(localName).facts.balance));
  const routesByName = new Map(routes.map((route) => [route.name, route]));
  return { parts, desc, resolved: policies.resolved, policies, policy, slowStart, routes, routesByName, tenants };
}

/** Whether the program says the same. What it says by functions may know the messages, which are then those of one descriptor. */
function isSameCode(before: ContractParts, parts: ContractParts): boolean {
  if (!isSame(before.settings, parts.settings) || !isSame(before.options, parts.options)) return false;
  if (!isSame(before.interceptors, parts.interceptors) || !isSame([...before.balancers], [...parts.balancers]))
    return false;
  if (!isSame(before.place, parts.place)) return false;
  return before.desc.service === parts.desc.service || Object.keys(parts.settings).length === 0;
}

function findKept(before: ServiceContract, policies: ServicePolicies, method: DescMethod): MethodRoute | undefined {
  const former = before.routesByName.get(method.name);
  const { methodKind, idempotency, localName } = former?.method ?? {};
  if (methodKind !== method.methodKind || idempotency !== method.idempotency) return undefined;
  if (localName !== method.localName) return undefined;
  return isSame(before.policies.method(localName).facts, policies.method(localName).facts) ? former : undefined;
}

interface RouteContext {
  readonly parts: ContractParts;
  readonly policies: ServicePolicies;
  readonly policy: ServicePolicy;
  readonly findSlot: FindSlot;
}

function createRoute(service: ServiceEntry, owner: SlotOwner, context: RouteContext, share?: RouteShare): MethodRoute {
  const { parts, policies, policy, findSlot } = context;
  const { method, tenants } = owner;
  const { localName } = method;
  const said = tenants === undefined ? policies.method(localName) : policies.tenantMethod(tenants, localName);
  const { facts, balancer, readKey, hooks } = said;
  const interceptors = [...(parts.interceptors ?? []), ...(parts.settings.interceptors ?? [])];
  const settings = settingsOf(facts);
  return new MethodRoute({
    service,
    method,
    slot: findSlot(owner, settings),
    settings,
    balancer,
    key: createRouteKey(method.input, facts, readKey),
    middleware: createMiddleware({ interceptors, hooks: bindHooks(method, hooks) }),
    sessionName: facts.balance !== undefined && "sticky" in facts.balance ? facts.routeKeyMetadata : undefined,
    policy: createRoutePolicy({ name: `${service.name}/${method.name}`, facts, service: policy, balancer, share }),
  });
}

/** Routes of each method for each class of tenants, so that no call puts anything together. */
function createTenantRoutes(
  service: ServiceEntry,
  routes: readonly MethodRoute[],
  context: RouteContext,
): TenantRoutes[] | undefined {
  const { tenants } = context.policies.resolved;
  if (tenants === undefined) return undefined;
  const directory = directoryOf(tenants.known);
  const places = directory.placesOf(tenants.classes);
  return context.parts.desc.service.methods.map((method, index) => {
    const share = routes[index]?.policy?.share ?? new RouteShare();
    const ofClasses = tenants.classes.map((_, place) =>
      createRoute(service, { method, tenants: place }, context, share),
    );
    return new TenantRoutes(directory, places, ofClasses);
  });
}
