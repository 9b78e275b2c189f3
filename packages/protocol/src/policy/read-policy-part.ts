// SPDX-License-Identifier: Apache-2.0

import type { DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import type { MethodPolicyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import {
  type MethodOptions,
  MethodOptionsSchema,
  type ServiceOptions,
  ServiceOptionsSchema,
} from "../gen/grpcrouter/v1/options_pb.js";
import { completeMethodFacts } from "./complete-method-facts.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { fieldsOfFact } from "./fact-path.js";
import { isFacts, show } from "./fact-rule.js";
import { methodFactsOf, serviceFactsOf } from "./facts-of.js";
import { suggestName } from "./nearest-name.js";
import type { PolicyFault } from "./policy-fault.js";
import { findPolicyFaults, findServicePolicyFaults } from "./policy-rules.js";
import { pathInJson, readOptions } from "./read-options.js";
import { mergeMethodFacts } from "./resolve-policy.js";

/** What is said of one service in one place: of all its calls, or of those of some tenants. */
export interface PartContext {
  /** ServiceOptions as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
  /** MethodOptions as JSON, by the method's name. */
  readonly methods: unknown;
  readonly path: ConfigPath;
  /** Names of all services of the router. */
  readonly names: readonly string[];
  readonly faults: ConfigFault[];
}

/** What {@link readPolicyPart} answers. */
export interface PolicyPart {
  readonly options: ServiceOptions;
  readonly facts: ServicePolicyFacts;
  /** By the method's name. */
  readonly methodOptions: { readonly [name: string]: MethodOptions };
  /** The same as facts, by local name. */
  readonly methods: { readonly [name: string]: MethodPolicyFacts };
}

/** What one place says of methods. */
interface Said {
  readonly facts: MethodPolicyFacts;
  readonly json: unknown;
  readonly path: ConfigPath;
  /** Said of one method only. */
  readonly own: boolean;
}

/** Reads what is said of a service and its methods, and judges it as far as this place alone says. */
export function readPolicyPart(service: DescService, context: PartContext): PolicyPart {
  const { options: json, path, faults } = context;
  const read = readOptions(ServiceOptionsSchema, json, path);
  faults.push(...read.faults);
  refuseNumber(json.defaults, [...path, "defaults"], faults);
  const facts = serviceFactsOf(read.message);
  addFaults(findServicePolicyFaults(facts), { schema: ServiceOptionsSchema, json, path }, faults);
  const methods = readMethods(service, context);
  const told = faults.map((fault) => fault.path);
  for (const method of service.methods) {
    const own = methods.get(method)?.said;
    const defaults = { facts: facts.defaults ?? {}, json: json.defaults, path: [...path, "defaults"], own: false };
    const balance = { facts: facts.balance ? { balance: facts.balance } : {}, json, path, own: false };
    checkMethod(method, own === undefined ? [defaults, balance] : [own, defaults, balance], { ...context, told });
  }
  const entries = [...methods];
  return {
    options: read.message,
    facts,
    methodOptions: Object.fromEntries(entries.map(([{ name }, { message }]) => [name, message])),
    methods: Object.fromEntries(entries.map(([{ localName }, { said }]) => [localName, said.facts])),
  };
}

/** Whether something is wrong with the same value or one inside it. */
export function isTold(path: ConfigPath, told: readonly ConfigPath[]): boolean {
  return told.some((other) => path.every((step, index) => other[index] === step));
}

function readMethods(
  service: DescService,
  { methods, path, faults }: PartContext,
): Map<DescMethod, { readonly message: MethodOptions; readonly said: Said }> {
  const read = new Map<DescMethod, { message: MethodOptions; said: Said }>();
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
    read.set(method, { message, said: { facts, json, path: inner, own: true } });
  }
  return read;
}

/** What only the method can judge, of what counts for it as far as this place says. */
function checkMethod(
  method: DescMethod,
  parts: readonly Said[],
  { names, faults, told }: PartContext & { readonly told: readonly ConfigPath[] },
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
