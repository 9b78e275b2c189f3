// SPDX-License-Identifier: Apache-2.0
import {
  clone,
  create,
  type DescFile,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  isFieldSet,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type MethodOptions,
  MethodOptionsSchema,
  method as methodOption,
  type ServiceOptions,
  ServiceOptionsSchema,
  service as serviceOption,
} from "@grpc-router/protocol";
import type { ProblemList } from "./errors.js";
import { type FieldPath, resolveFieldPath } from "./field-path.js";
import { checkBalance, checkMethodOptions } from "./option-rules.js";
import { pathOfMethodOption, pathOfServiceOption } from "./source-position.js";

/** The options of a method after its service's defaults are merged in and everything is checked. */
export interface MethodSettings {
  /** Merged: a field that the method sets itself has replaced the one of the defaults. */
  readonly options: MethodOptions;
  /** The route key's path with its field numbers. */
  readonly routeKey?: FieldPath;
}

/** One message of options and where its fields stand in the source. */
interface Layer {
  readonly options: MethodOptions;
  readonly place: (...numbers: readonly number[]) => readonly number[];
}

const field = MethodOptionsSchema.field;
const serviceField = ServiceOptionsSchema.field;

/** Of each pair only one can hold, so a method that sets one of the two takes neither from the defaults. */
const pairs = [
  [field.retry, field.hedging],
  [field.routeKey, field.routeKeyMetadata],
];

/** Reads and checks the options of services and methods. */
export interface OptionReader {
  /** Reads `(grpcrouter.v1.service)` and checks what it says of itself, once for all methods. */
  readService(service: DescService): ServiceOptions | undefined;
  /** Reads `(grpcrouter.v1.method)`, merges the service's defaults in and checks what only the method can decide. */
  readMethod(method: DescMethod, serviceOptions: ServiceOptions | undefined): MethodSettings;
}

/** Creates a reader for one run; mistakes go to `problems`. `files` are all files that the run can see. */
export function createOptionReader(files: Iterable<DescFile>, problems: ProblemList): OptionReader {
  if (hasForeignOptions(files)) {
    const options = create(MethodOptionsSchema);
    return { readService: () => undefined, readMethod: () => ({ options }) };
  }
  return {
    readService: (service) => readServiceOptions(service, problems),
    readMethod: (method, serviceOptions) => readMethodSettings(method, serviceOptions, problems),
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

function readServiceOptions(service: DescService, problems: ProblemList): ServiceOptions | undefined {
  if (!hasOption(service, serviceOption)) return undefined;
  const options = getOption(service, serviceOption);
  if (options.skip) return options;
  const report = (path: readonly number[], name: string, reason: string) => {
    const place = pathOfServiceOption(service, serviceOption.number, ...path);
    problems.add(service.file, place, `Cannot use ${name} of ${service.typeName}: ${reason}`);
  };
  if (options.balance !== undefined) checkBalance(options.balance, [serviceField.balance.number], report);
  if (options.defaults === undefined) return options;
  const outer = serviceField.defaults.number;
  checkMethodOptions(options.defaults, (path, name, reason) => report([outer, ...path], `defaults.${name}`, reason));
  if (options.defaults.channelNumber !== undefined) {
    const reason = "a number belongs to one method; write it there";
    report([outer, field.channelNumber.number], "defaults.channel_number", reason);
  }
  return options;
}

function readMethodSettings(
  method: DescMethod,
  serviceOptions: ServiceOptions | undefined,
  problems: ProblemList,
): MethodSettings {
  const report = (path: readonly number[], name: string, reason: string) => {
    problems.add(method.parent.file, path, `Cannot use ${name} of ${nameOf(method)}: ${reason}`);
  };
  const layers = layersOf(method, serviceOptions);
  if (hasOption(method, methodOption)) {
    const place = (path: readonly number[]) => pathOfMethodOption(method, methodOption.number, ...path);
    const own = getOption(method, methodOption);
    checkMethodOptions(own, (path, name, reason) => report(place(path), name, reason));
  }
  const options = mergeLayers(layers);
  const origin = (desc: typeof field.hedging) =>
    layers.find((layer) => isFieldSet(layer.options, desc))?.place(desc.number) ?? [];
  if (options.hedging !== undefined && method.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN) {
    const reason = "its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run";
    report(origin(field.hedging), "hedging", reason);
  }
  if (options.routeKey === undefined) return { options };
  const resolved = resolveFieldPath(method.input, options.routeKey);
  if ("value" in resolved) return { options, routeKey: resolved.value };
  report(origin(field.routeKey), `route_key "${options.routeKey}"`, resolved.error);
  return { options };
}

/** Strongest first: the method's own options, the service's defaults, the service's balance. */
function layersOf(method: DescMethod, service: ServiceOptions | undefined): Layer[] {
  const layers: Layer[] = [];
  if (hasOption(method, methodOption)) {
    const place = (...numbers: readonly number[]) => pathOfMethodOption(method, methodOption.number, ...numbers);
    layers.push({ options: getOption(method, methodOption), place });
  }
  const inService = (...numbers: readonly number[]) =>
    pathOfServiceOption(method.parent, serviceOption.number, ...numbers);
  if (service?.defaults !== undefined) {
    const place = (...numbers: readonly number[]) => inService(serviceField.defaults.number, ...numbers);
    const options = clone(MethodOptionsSchema, service.defaults);
    delete options.channelNumber; // refused there; were it inherited, each method would be told of a collision, too
    layers.push({ options, place });
  }
  if (service?.balance !== undefined) {
    const options = create(MethodOptionsSchema, { balance: service.balance });
    layers.push({ options, place: () => inService(serviceField.balance.number) });
  }
  return layers;
}

function mergeLayers(layers: readonly Layer[]): MethodOptions {
  const merged = create(MethodOptionsSchema);
  const taken = new Set<number>();
  for (const { options } of layers) {
    const set = MethodOptionsSchema.fields.filter((desc) => isFieldSet(options, desc) && !taken.has(desc.number));
    for (const desc of set) {
      Object.assign(merged, { [desc.localName]: options[desc.localName as keyof MethodOptions] });
      taken.add(desc.number);
    }
    for (const pair of pairs)
      if (pair.some((desc) => taken.has(desc.number))) for (const d of pair) taken.add(d.number);
  }
  return merged;
}
