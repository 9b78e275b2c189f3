// SPDX-License-Identifier: Apache-2.0
import {
  type DescField,
  type DescFile,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import type { GenPolicies, MethodPolicyFacts } from "../codegenv1/types.js";
import {
  type MethodOptions,
  MethodOptionsSchema,
  method as methodOption,
  type ServiceOptions,
  ServiceOptionsSchema,
  service as serviceOption,
} from "../gen/grpcrouter/v1/options_pb.js";
import { isMethodNumber } from "../method-number.js";
import { completeMethodFacts } from "../policy/complete-method-facts.js";
import { fieldsOfFact } from "../policy/fact-path.js";
import { methodFactsOf, serviceFactsOf } from "../policy/facts-of.js";
import type { PolicyFault } from "../policy/policy-fault.js";
import { findPolicyFaults, findServicePolicyFaults } from "../policy/policy-rules.js";
import { mergeMethodFacts } from "../policy/resolve-policy.js";
import type { ProblemList } from "./problem-list.js";
import { pathOfMethodOption, pathOfServiceOption } from "./source-position.js";

/** The options of a method after its service's defaults are merged in and everything is checked. */
export interface MethodFactsRead {
  /** The number that an option gives it. */
  readonly channelNumber?: number;
  /** Merged: a field that the method sets itself has replaced the one of the defaults. */
  readonly facts: MethodPolicyFacts;
  /** Names of the facts that the method itself does not state. */
  readonly inherited: readonly (keyof MethodPolicyFacts)[];
}

/** The options of a service, read once for all methods. */
export interface ServiceOptionsRead {
  readonly options: ServiceOptions;
  /** What belongs to the service alone: without what is merged into the methods. */
  readonly policies: GenPolicies;
}

/** What one message of options says of a method, and where its fields stand in the source. */
interface Layer {
  readonly facts: MethodPolicyFacts;
  /** Said by the method itself. */
  readonly own: boolean;
  readonly place: (...numbers: readonly number[]) => readonly number[];
}

const channelNumber = MethodOptionsSchema.field.channelNumber;
const { defaults, balance } = ServiceOptionsSchema.field;

/** Reads and checks the options of services and methods. */
export interface OptionReader {
  /** Reads `(grpcrouter.v1.service)` and checks what it says of itself, once for all methods. */
  readService(service: DescService): ServiceOptionsRead | undefined;
  /** Reads `(grpcrouter.v1.method)`, merges the service's defaults in and checks what only the method can decide. */
  readMethod(method: DescMethod, service: ServiceOptionsRead | undefined): MethodFactsRead;
}

/** Creates a reader for one run; mistakes go to `problems`. `files` are all files that the run can see. */
export function createOptionReader(files: Iterable<DescFile>, problems: ProblemList): OptionReader {
  if (hasForeignOptions(files)) {
    return { readService: () => undefined, readMethod: () => ({ facts: {}, inherited: [] }) };
  }
  return {
    readService: (service) => readServiceOptions(service, problems),
    readMethod: (method, settings) => readMethodSettings(method, settings, problems),
  };
}

/** `acme.user.v1.UserService/GetUser`: the path of a call without its first slash. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/**
 * True if another organisation's option has the number of ours. Both numbers are of the range for use inside an
 * organisation, so a user's schema may have used them first: then the bytes are not ours to read.
 */
function hasForeignOptions(files: Iterable<DescFile>): boolean {
  const own = [methodOption, serviceOption];
  for (const file of files) {
    for (const desc of nestedTypes(file)) {
      if (desc.kind !== "extension") continue;
      const same = own.find((o) => o.number === desc.number && o.extendee.typeName === desc.extendee.typeName);
      if (same !== undefined && same.typeName !== desc.typeName) return true;
    }
  }
  return false;
}

function readServiceOptions(service: DescService, problems: ProblemList): ServiceOptionsRead | undefined {
  const options = read(
    () => (hasOption(service, serviceOption) ? getOption(service, serviceOption) : undefined),
    (reason) => {
      const text = `Cannot read (${serviceOption.typeName}) of ${service.typeName}: ${reason}`;
      problems.add(service.file, pathOfServiceOption(service, serviceOption.number), text);
    },
  );
  if (options === undefined) return undefined;
  if (options.skip) return { options, policies: {} };
  const report = (path: readonly number[], name: string, reason: string) => {
    const place = pathOfServiceOption(service, serviceOption.number, ...path);
    problems.add(service.file, place, `Cannot use ${name} of ${service.typeName}: ${reason}`);
  };
  const facts = serviceFactsOf(options);
  for (const { path, reason } of findServicePolicyFaults(facts)) {
    const fields = fieldsOfFact(ServiceOptionsSchema, path);
    const names = fields.map(({ name }) => name);
    const name = names[0] === defaults.name ? names.slice(0, 2).join(".") : names[0];
    report(numbersOf(fields), name ?? "options", reason);
  }
  if (options.defaults?.channelNumber !== undefined) {
    const reason = "a number belongs to one method; write it there";
    report([defaults.number, channelNumber.number], "defaults.channel_number", reason);
  }
  const { balance: _, defaults: __, ...policies } = facts;
  return { options, policies };
}

function readMethodSettings(
  method: DescMethod,
  service: ServiceOptionsRead | undefined,
  problems: ProblemList,
): MethodFactsRead {
  const own = read(
    () => (hasOption(method, methodOption) ? getOption(method, methodOption) : undefined),
    (reason) => {
      const text = `Cannot read (${methodOption.typeName}) of ${nameOf(method)}: ${reason}`;
      problems.add(method.parent.file, pathOfMethodOption(method, methodOption.number), text);
    },
  );
  const layers = layersOf(method, own, service?.options);
  const report = ({ path, reason }: PolicyFault, { facts, place }: Layer) => {
    const fields = fieldsOfFact(MethodOptionsSchema, path);
    const [name = "options"] = fields.map((field) => field.name);
    // A path is shown, because what is wrong with it is in it.
    const shown = path[0] === "routeKey" ? `${name} "${facts.routeKey?.path}"` : name;
    problems.add(
      method.parent.file,
      place(...numbersOf(fields)),
      `Cannot use ${shown} of ${nameOf(method)}: ${reason}`,
    );
  };
  for (const layer of layers.filter((candidate) => candidate.own)) {
    checkChannelNumber(own?.channelNumber, (reason) => {
      const text = `Cannot use ${channelNumber.name} of ${nameOf(method)}: ${reason}`;
      problems.add(method.parent.file, layer.place(channelNumber.number), text);
    });
    for (const fault of findPolicyFaults(layer.facts)) report(fault, layer);
  }
  const merged = mergeMethodFacts(layers.map((layer) => ({ source: layer, facts: layer.facts })));
  const { facts, faults } = completeMethodFacts(merged.facts, method);
  for (const fault of faults) {
    const layer = merged.sources[fault.path[0] as keyof MethodPolicyFacts];
    if (layer !== undefined) report(fault, layer);
  }
  const names = Object.keys(facts) as (keyof MethodPolicyFacts)[];
  const inherited = names.filter((name) => merged.sources[name]?.own === false);
  return { facts, inherited, ...(own?.channelNumber !== undefined && { channelNumber: own.channelNumber }) };
}

/** Options are decoded when they are asked for: what is broken of a set shows here. */
function read<Options>(get: () => Options | undefined, fault: (reason: string) => void): Options | undefined {
  try {
    return get();
  } catch (error) {
    fault(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Strongest first: the method's own options, the service's defaults, the service's balance. */
function layersOf(method: DescMethod, own: MethodOptions | undefined, service: ServiceOptions | undefined): Layer[] {
  const layers: Layer[] = [];
  if (own !== undefined) {
    const place = (...numbers: readonly number[]) => pathOfMethodOption(method, methodOption.number, ...numbers);
    layers.push({ facts: methodFactsOf(own), own: true, place });
  }
  if (service === undefined) return layers;
  const inService = (...numbers: readonly number[]) =>
    pathOfServiceOption(method.parent, serviceOption.number, ...numbers);
  const said = serviceFactsOf(service);
  if (said.defaults !== undefined) {
    const place = (...numbers: readonly number[]) => inService(defaults.number, ...numbers);
    layers.push({ facts: said.defaults, own: false, place });
  }
  if (said.balance !== undefined) {
    const place = (...numbers: readonly number[]) => inService(balance.number, ...numbers.slice(1));
    layers.push({ facts: { balance: said.balance }, own: false, place });
  }
  return layers;
}

function checkChannelNumber(number: number | undefined, fault: (reason: string) => void): void {
  if (number === undefined || isMethodNumber(number)) return;
  fault(`it must be 8 to 18999 or 20000 to 536870911, received ${number}`);
}

function numbersOf(fields: readonly DescField[]): number[] {
  return fields.map((field) => field.number);
}
