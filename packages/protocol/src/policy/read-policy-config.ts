// SPDX-License-Identifier: Apache-2.0

import { create, type DescMessage, type DescMethod, type DescService } from "@bufbuild/protobuf";
import type { MethodPolicyFacts } from "../codegenv1/types.js";
import {
  type PolicyConfig,
  PolicyConfigSchema,
  type ServicePolicy,
  ServicePolicySchema,
} from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import { type MethodOptions, MethodOptionsSchema, ServiceOptionsSchema } from "../gen/grpcrouter/v1/options_pb.js";
import { completeMethodFacts } from "./complete-method-facts.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { fieldsOfFact } from "./fact-path.js";
import { isFacts, show } from "./fact-rule.js";
import { methodFactsOf, serviceFactsOf } from "./facts-of.js";
import { suggestName } from "./nearest-name.js";
import type { PolicyFault } from "./policy-fault.js";
import { findPolicyFaults, findServicePolicyFaults } from "./policy-rules.js";
import { pathInJson, readOptions } from "./read-options.js";
import { mergeMethodFacts, type PolicyLayer } from "./resolve-policy.js";

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
 * …ServiceOptions, methods: { GetUser: { …MethodOptions } } } } }`. `services` are those that the router has; names that
 * it does not know are faults, because they would never do anything.
 */
export function readPolicyConfig(json: unknown, services: readonly DescService[]): ReadPolicyConfig {
  const config = create(PolicyConfigSchema);
  const layers = new Map<string, PolicyLayer>();
  const faults: ConfigFault[] = [];
  const names = services.map(({ typeName }) => typeName);
  for (const [name, value] of Object.entries(readRoot(json, faults))) {
    const path = ["services", name];
    const service = services.find(({ typeName }) => typeName === name);
    if (service === undefined) {
      faults.push({ path, reason: `there is no service "${name}"${suggestName(name, names)}` });
    } else if (!isFacts(value)) {
      faults.push({ path, reason: `it must have fields, such as {}, received ${show(value ?? undefined)}` });
    } else {
      const { methods = {}, ...options } = value;
      const read = readService(service, { options, methods, path, names, faults });
      config.services[name] = read.policy;
      layers.set(name, read.layer);
    }
  }
  return { config, layers, faults };
}

function readRoot(json: unknown, faults: ConfigFault[]): Readonly<Record<string, unknown>> {
  if (json === null || json === undefined) return {}; // an empty file
  if (!isFacts(json)) {
    faults.push({ path: [], reason: `it must be an object with "services", received ${show(json)}` });
    return {};
  }
  const { services = {}, ...others } = json;
  for (const key of Object.keys(others)) {
    faults.push({ path: [key], reason: `there is no field "${key}"${suggestName(key, ["services"])}` });
  }
  if (isFacts(services)) return services;
  faults.push({ path: ["services"], reason: `it must have services by name, received ${show(services ?? undefined)}` });
  return {};
}

/** What is said of one service. */
interface ServiceContext {
  readonly options: Readonly<Record<string, unknown>>;
  readonly methods: unknown;
  readonly path: ConfigPath;
  /** Names of all services of the router. */
  readonly names: readonly string[];
  readonly faults: ConfigFault[];
}

/** What one place says of methods. */
interface Part {
  readonly facts: MethodPolicyFacts;
  readonly json: unknown;
  readonly path: ConfigPath;
  /** Said of one method only. */
  readonly own: boolean;
}

function readService(
  service: DescService,
  context: ServiceContext,
): { readonly policy: ServicePolicy; readonly layer: PolicyLayer } {
  const { options: json, path, faults } = context;
  const read = readOptions(ServiceOptionsSchema, json, path);
  faults.push(...read.faults);
  if (Object.hasOwn(json, "skip")) {
    faults.push({ path: [...path, "skip"], reason: "it says nothing here, because the code is generated; remove it" });
  }
  refuseNumber(json.defaults, [...path, "defaults"], faults);
  const facts = serviceFactsOf(read.message);
  addFaults(findServicePolicyFaults(facts), { schema: ServiceOptionsSchema, json, path }, faults);
  const methods = readMethods(service, context);
  const told = faults.map((fault) => fault.path);
  for (const method of service.methods) {
    const own = methods.get(method)?.part;
    const defaults = { facts: facts.defaults ?? {}, json: json.defaults, path: [...path, "defaults"], own: false };
    const balance = { facts: facts.balance ? { balance: facts.balance } : {}, json, path, own: false };
    checkMethod(method, own === undefined ? [defaults, balance] : [own, defaults, balance], { ...context, told });
  }
  const entries = [...methods];
  return {
    policy: create(ServicePolicySchema, {
      options: read.message,
      methods: Object.fromEntries(entries.map(([{ name }, { message }]) => [name, message])),
    }),
    layer: {
      source: "configuration",
      service: facts,
      methods: Object.fromEntries(entries.map(([{ localName }, { part }]) => [localName, part.facts])),
    },
  };
}

function readMethods(
  service: DescService,
  { methods, path, faults }: ServiceContext,
): Map<DescMethod, { readonly message: MethodOptions; readonly part: Part }> {
  const read = new Map<DescMethod, { message: MethodOptions; part: Part }>();
  if (!isFacts(methods)) {
    faults.push({
      path: [...path, "methods"],
      reason: `it must have methods by name, received ${show(methods ?? undefined)}`,
    });
    return read;
  }
  for (const [name, json] of Object.entries(methods)) {
    const inner = [...path, "methods", name];
    const method = service.methods.find((candidate) => candidate.name === name);
    if (method === undefined) {
      const known = service.methods.map((candidate) => candidate.name);
      faults.push({ path: inner, reason: `${service.typeName} has no method "${name}"${suggestName(name, known)}` });
      continue;
    }
    const { message, faults: wrong } = readOptions(MethodOptionsSchema, json, inner);
    faults.push(...wrong);
    refuseNumber(json, inner, faults);
    const facts = methodFactsOf(message);
    addFaults(findPolicyFaults(facts), { schema: MethodOptionsSchema, json, path: inner }, faults);
    read.set(method, { message, part: { facts, json, path: inner, own: true } });
  }
  return read;
}

/** What only the method can judge, of what counts for it as far as this configuration says. */
function checkMethod(
  method: DescMethod,
  parts: readonly Part[],
  { names, faults, told }: ServiceContext & { readonly told: readonly ConfigPath[] },
): void {
  const merged = mergeMethodFacts(parts.map((part) => ({ source: part, facts: part.facts })));
  const found = [...completeMethodFacts(merged.facts, method).faults];
  const { fallback } = merged.facts;
  if (fallback !== undefined && "service" in fallback && !names.includes(fallback.service)) {
    const reason = `there is no service "${fallback.service}"${suggestName(fallback.service, names)}`;
    found.push({ path: ["fallback", "service"], reason });
  }
  for (const fault of found) {
    // completeMethodFacts judges fields by their names.
    const part = merged.sources[fault.path[0] as keyof MethodPolicyFacts];
    if (part === undefined) continue;
    const { path, reason } = place(fault, { schema: MethodOptionsSchema, ...part });
    if (isTold(path, told)) continue;
    faults.push({ path, reason: part.own ? reason : `${reason} (for ${method.name})` });
  }
}

interface Source {
  readonly schema: DescMessage;
  readonly json: unknown;
  readonly path: ConfigPath;
}

/** What is malformed has been left out; that it is missing would be said a second time. */
function addFaults(found: readonly PolicyFault[], source: Source, faults: ConfigFault[]): void {
  const told = faults.map(({ path }) => path);
  for (const fault of found.map((one) => place(one, source))) if (!isTold(fault.path, told)) faults.push(fault);
}

/** Whether something is wrong with the same value or one inside it. */
function isTold(path: ConfigPath, told: readonly ConfigPath[]): boolean {
  return told.some((other) => path.every((step, index) => other[index] === step));
}

/** Where a fault in facts stands in the JSON that they were made of. */
function place({ path, reason }: PolicyFault, source: Source): ConfigFault {
  const fields = fieldsOfFact(source.schema, path);
  const rest = path.slice(fields.length);
  return { path: [...source.path, ...pathInJson(source.json, fields), ...rest], reason };
}

function refuseNumber(json: unknown, path: ConfigPath, faults: ConfigFault[]): void {
  for (const key of isFacts(json) ? Object.keys(json) : []) {
    if (key !== "channel_number" && key !== "channelNumber") continue;
    faults.push({ path: [...path, key], reason: "it says nothing here, because the code is generated; remove it" });
  }
}
