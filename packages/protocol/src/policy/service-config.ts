// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import type { OutlierDetectionFacts } from "../codegenv1/resilience-facts.js";
import type { MethodPolicyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import type { ConfigFault } from "./config-fault.js";
import { isFacts } from "./fact-rule.js";
import { JsonPlace } from "./json-place.js";
import type { PolicyFault } from "./policy-fault.js";
import { findPolicyFaults, findServicePolicyFaults } from "./policy-rules.js";
import type { PolicyLayer } from "./resolve-policy.js";
import {
  type ConfigFields,
  type ConfigStrategy,
  methodFields,
  outlierFields,
  sharedFields,
  strategies,
} from "./service-config-fields.js";

/** A gRPC service config as facts; `serviceConfigLayer` makes what counts for one service of it. */
export interface ServiceConfig {
  /** What is said of every service. */
  readonly shared: ServicePolicyFacts;
  /** What each `methodConfig` says, by its names: "" (the default), "pkg.Service/" or "pkg.Service/Method". */
  readonly methods: ReadonlyMap<string, MethodPolicyFacts>;
}

/** What {@link readServiceConfig} answers. */
export interface ReadServiceConfig {
  readonly config: ServiceConfig;
  /** Everything that is wrong, by its path in the JSON; where there is any, a gRPC client refuses the whole config. */
  readonly faults: readonly ConfigFault[];
  /** What the standard knows and the router has no counterpart for. */
  readonly warnings: readonly ConfigFault[];
}

/**
 * Reads a gRPC service config from parsed JSON (https://github.com/grpc/grpc/blob/master/doc/service_config.md; gRFC A6,
 * A42, A48, A50, A58, A76). Fields that the standard does not know are ignored, as it asks.
 */
export function readServiceConfig(json: unknown): ReadServiceConfig {
  const root = new JsonPlace(json);
  const said = readFields(root, sharedFields) ?? {};
  checkService(said, (path) => pathOf(sharedFields, path), root);
  const shared: ServicePolicyFacts = { ...said, ...readBalancing(root) };
  const methods = new Map<string, MethodPolicyFacts>();
  for (const entry of root.field("methodConfig")?.items() ?? []) {
    const facts: MethodPolicyFacts = withBackoff(readFields(entry, methodFields) ?? {});
    for (const fault of findPolicyFaults(facts)) addFault(fault, pathOf(methodFields, fault.path), entry);
    for (const [key, name] of readNames(entry)) {
      if (methods.has(key)) name.note("a name must be there once in the whole config");
      methods.set(key, facts);
    }
  }
  return { config: { shared, methods }, ...root.notes };
}

/**
 * What a service config says of one service. The entry that fits a method best counts alone, as the standard asks: one
 * for the method, else one for the service, else the default.
 */
export function serviceConfigLayer({ shared, methods }: ServiceConfig, service: DescService): PolicyLayer {
  const entries = service.methods.map(({ name, localName }) => {
    const keys = [`${service.typeName}/${name}`, `${service.typeName}/`, ""];
    return [localName, methods.get(keys.find((key) => methods.has(key)) ?? "")] as const;
  });
  return { source: "service config", service: shared, methods: Object.fromEntries(entries) };
}

/** Reads the fields that the table has; undefined, with a fault, if it is no object. */
function readFields(place: JsonPlace, fields: ConfigFields): Record<string, unknown> | undefined {
  if (!isFacts(place.value)) return place.refuse("an object");
  const facts: Record<string, unknown> = {};
  for (const [name, { fact, read, fields: inner, required, warning }] of Object.entries(fields)) {
    const field = place.field(name);
    if (field === undefined) {
      if (required) place.missing(name);
    } else if (fact === undefined) {
      field.warn(`it does nothing here: ${warning}`);
    } else {
      const value = inner === undefined ? read?.(field) : readFields(field, inner);
      if (value !== undefined) facts[fact] = value;
    }
  }
  return facts;
}

/** The standard lets the longest backoff be shorter than the first, which then is as short. */
function withBackoff(facts: MethodPolicyFacts): MethodPolicyFacts {
  const { initialBackoffMs: initial, maxBackoffMs: max } = facts.retry ?? {};
  if (facts.retry === undefined || initial === undefined || max === undefined || initial <= max) return facts;
  return { ...facts, retry: { ...facts.retry, initialBackoffMs: max } };
}

/** The names of an entry with their places; an entry without names counts for nothing. */
function readNames(entry: JsonPlace): (readonly [key: string, place: JsonPlace])[] {
  return (entry.field("name")?.items() ?? []).flatMap((name) => {
    if (!isFacts(name.value)) name.refuse("an object");
    const service = name.field("service")?.text() ?? "";
    const method = name.field("method")?.text() ?? "";
    if (service === "" && method !== "") name.note("it must have a service, because it has a method");
    else return [[service === "" ? "" : `${service}/${method}`, name] as const];
    return [];
  });
}

/** The first policy of the list that is known; `loadBalancingPolicy` is its older form and counts only without it. */
function readBalancing(root: JsonPlace): ServicePolicyFacts {
  const list = root.field("loadBalancingConfig");
  if (list !== undefined) return readPolicies(list, true);
  const name = root.field("loadBalancingPolicy");
  switch (name?.text()?.toLowerCase()) {
    case undefined:
      return {};
    case "round_robin":
      return { balance: { roundRobin: {} } };
    case "pick_first":
      return { balance: { pickFirst: {} } };
    default:
      name?.refuse("round_robin or pick_first");
      return {};
  }
}

/** `outer`: outlier detection may stand around the policy. */
function readPolicies(list: JsonPlace, outer: boolean): ServicePolicyFacts {
  const known = [...Object.keys(strategies), ...(outer ? [outlierDetection] : [])];
  const items = list.items();
  for (const item of items) {
    const [name, ...others] = item.names();
    const place = name === undefined ? undefined : item.field(name);
    if (name === undefined || place === undefined || others.length > 0) {
      item.refuse("an object with the name of one policy");
      return {};
    }
    const strategy = Object.hasOwn(strategies, name) ? strategies[name] : undefined;
    if (strategy !== undefined) return readStrategy(place, strategy);
    if (outer && name === outlierDetection) return readOutlierDetection(place);
    item.warn(`there is no ${name} here; the next policy of the list counts`);
  }
  if (items.length > 0) list.note(`it must have one of ${known.join(", ")}`);
  return {};
}

const outlierDetection = "outlier_detection_experimental";

function readOutlierDetection(place: JsonPlace): ServicePolicyFacts {
  // The rules check each fact that the table names.
  const facts: OutlierDetectionFacts = readFields(place, outlierFields) ?? {};
  checkService({ outlierDetection: facts }, (path) => pathOf(outlierFields, path.slice(1)), place);
  const child = place.field("childPolicy");
  if (child !== undefined) return { outlierDetection: facts, ...readPolicies(child, false) };
  place.missing("childPolicy");
  return { outlierDetection: facts };
}

function readStrategy(place: JsonPlace, { fields, make }: ConfigStrategy): ServicePolicyFacts {
  const balance = make(readFields(place, fields) ?? {});
  const header = "ringHash" in balance ? place.field("requestHashHeader")?.text() : undefined;
  const facts = { balance, ...(header !== undefined && { defaults: { routeKeyMetadata: header } }) };
  const locate = ([first, , ...rest]: readonly string[]) =>
    first === "defaults" ? ["requestHashHeader"] : pathOf(fields, rest);
  checkService(facts, locate, place);
  return facts;
}

function checkService(
  facts: ServicePolicyFacts,
  locate: (path: readonly string[]) => readonly string[],
  place: JsonPlace,
): void {
  for (const fault of findServicePolicyFaults(facts)) addFault(fault, locate(fault.path), place);
}

/** What is malformed or missing has been told. */
function addFault({ reason }: PolicyFault, names: readonly string[], place: JsonPlace): void {
  const path = [...place.path, ...names];
  if (!place.notes.faults.some((fault) => startsWith(fault.path, path))) place.notes.faults.push({ path, reason });
}

function startsWith(path: readonly (string | number)[], prefix: readonly (string | number)[]): boolean {
  return prefix.every((step, index) => path[index] === step);
}

/** The names in JSON of the fields that facts were made of. */
function pathOf(fields: ConfigFields, [fact, ...rest]: readonly string[]): string[] {
  const found = Object.entries(fields).find(([, field]) => field.fact === fact);
  if (found === undefined) return [];
  const [name, { fields: inner }] = found;
  return [name, ...(inner === undefined ? [] : pathOf(inner, rest))];
}
