// SPDX-License-Identifier: Apache-2.0

import { create, type DescService } from "@bufbuild/protobuf";
import { type TenantRule, TenantRuleSchema } from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import { MAX_TENANT_CLASSES } from "../limits.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts, show } from "./fact-rule.js";
import { nearestName } from "./nearest-name.js";
import { readOptions } from "./read-options.js";
import { readPolicyPart } from "./read-policy-part.js";
import {
  formatLabels,
  hasLabels,
  type TenantLabels,
  type TenantRuleFacts,
  type TenantsFacts,
  tenantClassesOf,
} from "./tenant-facts.js";
import { refuseShared, refuseSharedOfMethod } from "./tenant-refusals.js";

type Json = Readonly<Record<string, unknown>>;

/** What the rules of a service stand in. */
export interface RulesContext {
  /** Of the list. */
  readonly path: ConfigPath;
  /** Undefined: no tenants are known. */
  readonly tenants: TenantsFacts | undefined;
  /** Names of all services of the router. */
  readonly names: readonly string[];
  readonly faults: ConfigFault[];
}

/** What {@link readTenantRules} answers. */
export interface ReadTenantRules {
  readonly messages: readonly TenantRule[];
  readonly facts: readonly TenantRuleFacts[];
}

/** Reads `tenant_rules` of a service. */
export function readTenantRules(service: DescService, json: unknown, context: RulesContext): ReadTenantRules {
  const { path, tenants, faults } = context;
  if (!Array.isArray(json)) {
    faults.push({ path, reason: `it must be a list of rules, received ${show(json ?? undefined)}` });
    return { messages: [], facts: [] };
  }
  if (tenants === undefined && json.length > 0) {
    faults.push({ path, reason: "there must be tenants at the top of the file, by whose labels rules go" });
  }
  const rules = json.map((rule: unknown, index) => readRule(service, rule, { ...context, path: [...path, index] }));
  const facts = rules.map((rule) => rule.facts);
  const classes = tenants === undefined ? 0 : tenantClassesOf({ known: tenants, rules: facts }).length;
  if (classes > MAX_TENANT_CLASSES) {
    const problem = `tenants must match its rules in at most ${MAX_TENANT_CLASSES} different ways, received ${classes}`;
    faults.push({ path, reason: `${problem}; use fewer labels` });
  }
  return { messages: rules.map(({ message }) => message), facts };
}

function readRule(
  service: DescService,
  json: unknown,
  { path, tenants, names, faults }: RulesContext,
): { readonly message: TenantRule; readonly facts: TenantRuleFacts } {
  if (!isFacts(json)) {
    faults.push({ path, reason: `it must have fields, such as labels, received ${show(json ?? undefined)}` });
    return { message: create(TenantRuleSchema), facts: { labels: {} } };
  }
  const { labels: asked, methods = {}, ...said } = json;
  const labels = readLabels(asked, [...path, "labels"], { tenants, faults });
  const part = readPolicyPart(service, {
    options: refuseShared(said, path, faults),
    methods: isFacts(methods) ? withoutShared(methods, [...path, "methods"], faults) : methods,
    path,
    names,
    faults,
  });
  const { balance, defaults } = part.facts;
  return {
    message: create(TenantRuleSchema, { labels, options: part.options, methods: part.methodOptions }),
    facts: { labels, balance, defaults, methods: part.methods },
  };
}

function withoutShared(methods: Json, path: ConfigPath, faults: ConfigFault[]): Json {
  const entries = Object.entries(methods).map(([name, json]) => {
    return [name, refuseSharedOfMethod(json, [...path, name], faults)];
  });
  return Object.fromEntries(entries);
}

/** Labels that ask for what no tenant has are a mistake that would otherwise never show. */
function readLabels(
  json: unknown,
  path: ConfigPath,
  { tenants, faults }: Pick<RulesContext, "tenants" | "faults">,
): TenantLabels {
  const before = faults.length;
  const read = readOptions(TenantRuleSchema, json === undefined ? {} : { labels: json }, path.slice(0, -1));
  faults.push(...read.faults);
  const { labels } = read.message;
  if (faults.length > before) return labels;
  if (Object.keys(labels).length === 0) {
    faults.push({ path, reason: "it must name at least one label, such as { plan: gold }, received none" });
  } else if (tenants !== undefined && !tenants.list.some((tenant) => hasLabels(tenant, labels))) {
    const reason = `no tenant has ${formatLabels(labels)}${suggestLabel(labels, tenants)}; give it to a tenant, or remove the rule`;
    faults.push({ path, reason });
  }
  return labels;
}

/** What is near to the label that nobody has, if one alone is to blame. */
function suggestLabel(labels: TenantLabels, { list }: TenantsFacts): string {
  const known = new Set(
    list.flatMap((tenant) => Object.entries(tenant.labels).map(([name, value]) => `${name}=${value}`)),
  );
  const lacking = Object.entries(labels).find(([name, value]) => !known.has(`${name}=${value}`));
  const nearest = lacking && nearestName(lacking.join("="), known);
  return nearest === undefined ? "" : ` (there is ${nearest})`;
}
