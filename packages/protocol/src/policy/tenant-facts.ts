// SPDX-License-Identifier: Apache-2.0

import type { BalanceFacts } from "../codegenv1/balance-facts.js";
import type { MethodPolicyFacts } from "../codegenv1/types.js";

/** Labels of a tenant, or those that a rule asks for. */
export type TenantLabels = Readonly<Record<string, string>>;

/** `grpcrouter.config.v1.TenantSource`: the name of a metadata field, or the certificate of the client's connection. */
export type TenantSourceFacts = { readonly metadata: string } | { readonly clientCertificate: true };

/** `grpcrouter.config.v1.Tenant`. */
export interface TenantFacts {
  readonly id: string;
  readonly labels: TenantLabels;
}

/** `grpcrouter.config.v1.Tenants`: whose calls are told apart, and by what. */
export interface TenantsFacts {
  readonly identifiedBy: TenantSourceFacts;
  /** Each id is there once. */
  readonly list: readonly TenantFacts[];
}

/** `grpcrouter.config.v1.TenantRule`: what counts for the calls of tenants with these labels. */
export interface TenantRuleFacts {
  /** All must match. */
  readonly labels: TenantLabels;
  readonly balance?: BalanceFacts | undefined;
  /** For each field that the rule does not say of a method. */
  readonly defaults?: MethodPolicyFacts | undefined;
  /** Of single methods, by local name. */
  readonly methods?: { readonly [name: string]: MethodPolicyFacts | undefined } | undefined;
}

/** What a layer of policies says by tenant. */
export interface TenantPolicies {
  /** The same object in all layers of a file. */
  readonly known: TenantsFacts;
  /** Of one service; of several that match, the later wins. */
  readonly rules: readonly TenantRuleFacts[];
}

/** Tenants that match the same rules. */
export interface TenantClass {
  /** Places of the rules, in their order; never empty. */
  readonly rules: readonly number[];
  /** Ids of the tenants. */
  readonly tenants: readonly string[];
}

/** Whether a tenant has all labels that are asked for. */
export function hasLabels({ labels }: TenantFacts, wanted: TenantLabels): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

/** Sorts tenants by the rules that they match; those that match none are in no class. */
export function tenantClassesOf({ known, rules }: TenantPolicies): TenantClass[] {
  const classes = new Map<string, { readonly rules: readonly number[]; readonly tenants: string[] }>();
  for (const tenant of known.list) {
    const matching = [...rules.keys()].filter((place) => hasLabels(tenant, rules[place]?.labels ?? {}));
    if (matching.length === 0) continue;
    const key = matching.join();
    const found = classes.get(key) ?? { rules: matching, tenants: [] };
    classes.set(key, found);
    found.tenants.push(tenant.id);
  }
  return [...classes.values()];
}

/** `plan=gold, region=eu`. */
export function formatLabels(labels: TenantLabels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
