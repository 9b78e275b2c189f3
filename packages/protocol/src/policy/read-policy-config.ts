// SPDX-License-Identifier: Apache-2.0

import { create, type DescService } from "@bufbuild/protobuf";
import {
  type PolicyConfig,
  PolicyConfigSchema,
  type ServicePolicy,
  ServicePolicySchema,
} from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts, show } from "./fact-rule.js";
import { suggestName } from "./nearest-name.js";
import { pathInJson } from "./read-options.js";
import { readPolicyPart } from "./read-policy-part.js";
import { readTenantRules } from "./read-tenant-rules.js";
import { readTenants } from "./read-tenants.js";
import type { PolicyLayer } from "./resolve-policy.js";
import type { TenantsFacts } from "./tenant-facts.js";

/** What {@link readPolicyConfig} answers. */
export interface ReadPolicyConfig {
  /** What is right of it, for display and storage. */
  readonly config: PolicyConfig;
  /** The same as facts, by service name, for `resolvePolicies`. */
  readonly layers: ReadonlyMap<string, PolicyLayer>;
  /** Everything that is wrong; where there is any, nothing of the configuration should be used. */
  readonly faults: readonly ConfigFault[];
}

/**
 * Reads the operator's policies from a value of JSON, such as a parsed file: `{ services: { "acme.user.v1.UserService": {
 * …ServiceOptions, methods: { GetUser: { …MethodOptions } }, tenant_rules: [{ labels: { plan: gold }, … }] } }, tenants: {
 * … } }`. `services` are those that the router has; names that it does not know are faults, because they would never do
 * anything.
 */
export function readPolicyConfig(json: unknown, services: readonly DescService[]): ReadPolicyConfig {
  const config = create(PolicyConfigSchema);
  const layers = new Map<string, PolicyLayer>();
  const faults: ConfigFault[] = [];
  const names = services.map(({ typeName }) => typeName);
  const root = readRoot(json, faults);
  const known = root.tenants === undefined ? undefined : readTenants(root.tenants, ["tenants"], faults);
  if (known !== undefined) config.tenants = known.message;
  for (const [name, value] of Object.entries(root.services)) {
    const path = ["services", name];
    const service = services.find(({ typeName }) => typeName === name);
    if (service === undefined) {
      faults.push({ path, reason: `there is no service "${name}"${suggestName(name, names)}` });
    } else if (!isFacts(value)) {
      faults.push({ path, reason: `it must have fields, such as {}, received ${show(value ?? undefined)}` });
    } else {
      const read = readService(service, { json: value, path, names, tenants: known?.facts, faults });
      config.services[name] = read.policy;
      layers.set(name, read.layer);
    }
  }
  return { config, layers, faults };
}

interface Root {
  readonly services: Readonly<Record<string, unknown>>;
  readonly tenants?: unknown;
}

function readRoot(json: unknown, faults: ConfigFault[]): Root {
  if (json === null || json === undefined) return { services: {} }; // an empty file
  if (!isFacts(json)) {
    faults.push({ path: [], reason: `it must be an object with "services", received ${show(json)}` });
    return { services: {} };
  }
  const { services = {}, tenants, ...others } = json;
  for (const key of Object.keys(others)) {
    faults.push({ path: [key], reason: `there is no field "${key}"${suggestName(key, ["services", "tenants"])}` });
  }
  if (isFacts(services)) return { services, tenants };
  faults.push({ path: ["services"], reason: `it must have services by name, received ${show(services ?? undefined)}` });
  return { services: {}, tenants };
}

/** What is said of one service. */
interface ServiceContext {
  readonly json: Readonly<Record<string, unknown>>;
  readonly path: ConfigPath;
  /** Names of all services of the router. */
  readonly names: readonly string[];
  readonly tenants: TenantsFacts | undefined;
  readonly faults: ConfigFault[];
}

function readService(
  service: DescService,
  { json, path, names, tenants, faults }: ServiceContext,
): { readonly policy: ServicePolicy; readonly layer: PolicyLayer } {
  const { methods = {}, tenant_rules: snake, tenantRules: camel, ...options } = json;
  if (Object.hasOwn(options, "skip")) {
    faults.push({ path: [...path, "skip"], reason: "it says nothing here, because the code is generated; remove it" });
  }
  if (snake !== undefined && camel !== undefined) {
    faults.push({ path: [...path, "tenantRules"], reason: "it is there twice, as tenant_rules and as tenantRules" });
  }
  const part = readPolicyPart(service, { options, methods, path, names, faults });
  const [field] = pathInJson(json, [ServicePolicySchema.field.tenantRules]);
  const rules = readTenantRules(service, snake ?? camel ?? [], {
    path: [...path, field ?? "tenant_rules"],
    tenants,
    names,
    faults,
  });
  return {
    policy: create(ServicePolicySchema, {
      options: part.options,
      methods: part.methodOptions,
      tenantRules: [...rules.messages],
    }),
    layer: {
      source: "configuration",
      service: part.facts,
      methods: part.methods,
      ...(tenants !== undefined && rules.facts.length > 0 ? { tenants: { known: tenants, rules: rules.facts } } : {}),
    },
  };
}
