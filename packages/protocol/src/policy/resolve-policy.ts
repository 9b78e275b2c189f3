// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { GenRouter, MethodPolicyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import { exclusivePairs, policyRules } from "./policy-rules.js";
import { formatLabels, type TenantClass, type TenantPolicies, tenantClassesOf } from "./tenant-facts.js";

/** Who said a fact: "method option", "code for the service", "configuration for the method". */
export type PolicySource =
  | "service option"
  | "method option"
  | "code for the router"
  | `${string} for the service`
  | `${string} for the method`
  | `${string} for the ${"service" | "method"}, tenants with ${string}`;

/** What one source says of a service and of its methods. */
export interface PolicyLayer {
  /** What it is called: "code", "service config", "configuration". */
  readonly source: string;
  /** Of the service, `defaults` and `balance` for its methods included. */
  readonly service?: ServicePolicyFacts | undefined;
  /** Of single methods, by local name; each field replaces what the layer says of the service. */
  readonly methods?: { readonly [name: string]: MethodPolicyFacts | undefined } | undefined;
  /** What it says by tenant, which goes before what it says of all. */
  readonly tenants?: TenantPolicies | undefined;
}

/** What counts after all sources have spoken. */
export interface Resolved<Facts> {
  readonly facts: Facts;
  /** For each fact there is, who said it. */
  readonly sources: { readonly [Name in keyof Facts]?: PolicySource };
}

/** What counts for a service and each of its methods. */
export interface ResolvedPolicies {
  /** Without `balance` and `defaults`, which are merged into the methods. */
  readonly service: Resolved<ServicePolicyFacts>;
  /** By local name. */
  readonly methods: { readonly [name: string]: Resolved<MethodPolicyFacts> };
  /** What counts for the calls of tenants instead; absent: no source says anything by tenant. */
  readonly tenants?: ResolvedTenants;
}

/** What counts for the calls of tenants that rules of a service match. */
export interface ResolvedTenants extends TenantPolicies {
  readonly classes: readonly ResolvedTenantClass[];
}

/** Tenants that match the same rules, and what counts for their calls. */
export interface ResolvedTenantClass extends TenantClass {
  /** By local name. */
  readonly methods: ResolvedPolicies["methods"];
}

/** What one source says of a method, for {@link mergeMethodFacts}. */
export interface MethodLayer<Source> {
  readonly source: Source;
  readonly facts: MethodPolicyFacts | undefined;
}

/** What {@link mergeMethodFacts} answers. */
export interface MergedFacts<Source> {
  readonly facts: MethodPolicyFacts;
  /** For each fact there is, whose it is. */
  readonly sources: { readonly [Name in keyof MethodPolicyFacts]?: Source };
}

const methodNames = Object.keys(policyRules.method) as readonly (keyof MethodPolicyFacts)[];
const serviceNames = (Object.keys(policyRules.service) as readonly (keyof ServicePolicyFacts)[]).filter(
  (name) => name !== "balance" && name !== "defaults",
);

/**
 * Works out what counts for each method of a service. Order, the later wins: code for the router (`beneath`), service
 * option, method option, then each layer, of the service before of the method. A field replaces the whole field; of
 * retry and hedging, and of the two kinds of route key, only that of the strongest source that says either stays. The
 * result is still to be completed by `completeMethodFacts` where a layer states route keys or replies.
 *
 * For tenants that match rules of the last layer that has any, these rules go before all else that the layer says, the later
 * rule first. What two results have from the same source is the same object.
 */
export function resolvePolicies(
  router: Pick<GenRouter<DescService>, "service" | "methods" | "policies">,
  layers: readonly PolicyLayer[],
  beneath?: MethodPolicyFacts,
): ResolvedPolicies {
  const resolve = (rules: readonly number[]): ResolvedPolicies["methods"] => {
    const methods = router.service.methods.map(({ localName }) => {
      const merged = mergeMethodFacts<PolicySource>([
        ...layers
          .toReversed()
          .flatMap((layer) => [
            ...(layer === tenantLayer ? ruleLayersOf(layer, rules, localName) : []),
            ...layersOf(layer, localName),
          ]),
        ...optionLayers(router, localName),
        { source: "code for the router", facts: beneath },
      ]);
      return [localName, merged] as const;
    });
    return Object.fromEntries(methods);
  };
  const tenantLayer = layers.findLast(({ tenants }) => tenants !== undefined);
  const tenants = tenantLayer?.tenants;
  const resolved = { service: resolveService(router.policies, layers), methods: resolve([]) };
  if (tenants === undefined) return resolved;
  const classes = tenantClassesOf(tenants).map((one) => ({ ...one, methods: resolve(one.rules) }));
  return { ...resolved, tenants: { ...tenants, classes } };
}

/** Merges field by field what sources say of one method, the strongest first. */
export function mergeMethodFacts<Source>(layers: readonly MethodLayer<Source>[]): MergedFacts<Source> {
  const found = new Map<keyof MethodPolicyFacts, { readonly value: unknown; readonly source: Source }>();
  const taken = new Set<keyof MethodPolicyFacts>();
  for (const { source, facts } of layers) {
    const said = methodNames.filter((name) => facts?.[name] !== undefined && !taken.has(name));
    for (const name of said) {
      found.set(name, { value: facts?.[name], source });
      taken.add(name);
    }
    for (const pair of exclusivePairs)
      if (pair.some((name) => taken.has(name))) for (const name of pair) taken.add(name);
  }
  const names = methodNames.filter((name) => found.has(name));
  return {
    // Each value is what a source has under the same name.
    facts: Object.fromEntries(names.map((name) => [name, found.get(name)?.value])),
    sources: Object.fromEntries(names.map((name) => [name, found.get(name)?.source])),
  };
}

/** Strongest first. */
function layersOf({ source, service, methods }: PolicyLayer, name: string): MethodLayer<PolicySource>[] {
  const own = methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
  return [
    { source: `${source} for the method`, facts: own },
    { source: `${source} for the service`, facts: service?.defaults },
    { source: `${source} for the service`, facts: service?.balance && { balance: service.balance } },
  ];
}

/** Of the rules at these places, the last first. */
function ruleLayersOf(
  { source, tenants }: PolicyLayer,
  places: readonly number[],
  name: string,
): MethodLayer<PolicySource>[] {
  return places.toReversed().flatMap((place): MethodLayer<PolicySource>[] => {
    const { labels = {}, balance, defaults, methods } = tenants?.rules[place] ?? {};
    const whose = `tenants with ${formatLabels(labels)}` as const;
    const own = methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
    return [
      { source: `${source} for the method, ${whose}`, facts: own },
      { source: `${source} for the service, ${whose}`, facts: defaults },
      { source: `${source} for the service, ${whose}`, facts: balance && { balance } },
    ];
  });
}

/** The generator has merged the options of the service into those of its methods, and says which those are. */
function optionLayers(
  { methods, policies }: Pick<GenRouter<DescService>, "methods" | "policies">,
  name: string,
): MethodLayer<PolicySource>[] {
  const { number: _, ...facts } = methods[name] ?? { number: 0 };
  const inherited = new Set<string>(policies?.inherited?.[name]);
  const [own, others] = [false, true].map((wanted) =>
    Object.fromEntries(Object.entries(facts).filter(([key]) => inherited.has(key) === wanted)),
  );
  return [
    { source: "method option", facts: own },
    { source: "service option", facts: others },
  ];
}

function resolveService(
  options: ServicePolicyFacts | undefined,
  layers: readonly PolicyLayer[],
): Resolved<ServicePolicyFacts> {
  const facts: Record<string, unknown> = {};
  const sources: Record<string, PolicySource> = {};
  const said = [
    { source: "service option" as const, facts: options },
    ...layers.map((layer) => ({ source: `${layer.source} for the service` as const, facts: layer.service })),
  ];
  for (const { source, facts: service } of said) {
    for (const name of serviceNames) {
      if (service?.[name] === undefined) continue;
      facts[name] = service[name];
      sources[name] = source;
    }
  }
  return { facts, sources };
}
