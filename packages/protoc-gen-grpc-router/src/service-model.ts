// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { MAX_METHODS } from "@grpc-router/protocol";
import type { GenPolicies } from "@grpc-router/protocol/codegenv1";
import { checkBundleNames } from "./bundle-names.js";
import { assignChannelNumbers } from "./channel-numbers.js";
import type { ProblemList } from "./errors.js";
import { isImportable } from "./importable.js";
import { lowerSnakeCase } from "./lower-snake-case.js";
import { assignMemberNames } from "./member-names.js";
import { createOptionReader, type MethodSettings, nameOf } from "./method-options.js";
import type { Parameter } from "./parameter.js";
import { pathOfMethod, pathOfService } from "./source-position.js";

/** A service that gets a router: everything that the printers need, decided and checked. */
export interface ServiceModel {
  readonly desc: DescService;
  readonly channel: ChannelNames;
  /** What exported constants begin with, such as `userService`. */
  readonly exportPrefix: string;
  /** In the order of the source. */
  readonly methods: readonly MethodModel[];
  /** What its options say of the service as a whole. */
  readonly policies: GenPolicies;
}

/** A method of a {@link ServiceModel}. */
export interface MethodModel {
  readonly desc: DescMethod;
  /** Its number on channels. */
  readonly number: number;
  /** Its member's name in the frames. */
  readonly memberName: string;
  /** Whether the frames have a member for it; without one its messages travel as fragments. */
  readonly typed: boolean;
  readonly settings: MethodSettings;
}

/** The names of what is generated for a service's channel (docs/channel.md section 2). */
export interface ChannelNames {
  readonly file: string;
  readonly package: string;
  readonly service: string;
  /** The frame from the router to the instance. */
  readonly call: string;
  /** The frame from the instance to the router. */
  readonly reply: string;
}

/** Whether a file belongs to gRPC Router itself; such files are never input. */
export function isOwnFile(file: DescFile): boolean {
  return /^grpcrouter(\.|$)/.test(file.proto.package);
}

/** Builds the model of every service that is to get a router. Mistakes go to `problems`. */
export function createServiceModels(
  files: readonly DescFile[],
  parameter: Parameter,
  context: { readonly allFiles: Iterable<DescFile>; readonly problems: ProblemList },
): ServiceModel[] {
  const { allFiles, problems } = context;
  const reader = createOptionReader(allFiles, problems);
  const models: ServiceModel[] = [];
  for (const service of files.filter((file) => !isOwnFile(file)).flatMap((file) => file.services)) {
    if (!isWanted(service, parameter)) continue;
    const own = reader.readService(service);
    if (own?.options.skip === true) continue;
    checkMethods(service, problems);
    const settings = service.methods.map((method) => reader.readMethod(method, own));
    const policies = own?.policies ?? {};
    models.push(createServiceModel(service, settings, { pins: parameter.pins, policies, problems }));
  }
  checkBundleNames(models, problems);
  return models;
}

function isWanted({ typeName }: DescService, { services }: Parameter): boolean {
  return services.length === 0 || services.some(({ expression }) => expression.test(typeName));
}

function createServiceModel(
  desc: DescService,
  settings: readonly MethodSettings[],
  context: {
    readonly pins: ReadonlyMap<string, number>;
    readonly policies: GenPolicies;
    readonly problems: ProblemList;
  },
): ServiceModel {
  const { pins, policies, problems } = context;
  const numbered = desc.methods.map((method, i) => ({
    desc: method,
    option: settings[i]?.channelNumber,
    pin: pins.get(`${desc.typeName}.${method.name}`),
  }));
  const numbers = assignChannelNumbers(numbered, problems);
  const names = assignMemberNames(desc.methods, numbers, problems);
  const methods: MethodModel[] = [];
  for (const [i, method] of desc.methods.entries()) {
    const number = numbers[i];
    const memberName = names[i];
    const own = settings[i];
    if (number === undefined || memberName === undefined || own === undefined) continue;
    const typed = isImportable(method.input) && isImportable(method.output);
    methods.push({ desc: method, number, memberName, typed, settings: own });
  }
  const fileName = lowerSnakeCase(desc.name);
  return { desc, channel: nameChannel(desc, fileName), exportPrefix: protoCamelCase(fileName), methods, policies };
}

function nameChannel({ name, file }: DescService, fileName: string): ChannelNames {
  const source = file.proto.package;
  const channelPackage = source === "" ? "grpcrouter.channel" : `grpcrouter.channel.${source}`;
  return {
    file: `${channelPackage.replaceAll(".", "/")}/${fileName}.proto`,
    package: channelPackage,
    service: `${name}Channel`,
    call: `${name}Call`,
    reply: `${name}Reply`,
  };
}

/** A hello names every method, and TypeScript knows methods by their local names. */
function checkMethods(service: DescService, problems: ProblemList): void {
  if (service.methods.length > MAX_METHODS) {
    const reason = `a service must have at most ${MAX_METHODS} methods, it has ${service.methods.length}`;
    problems.add(service.file, pathOfService(service), `Cannot route ${service.typeName}: ${reason}`);
  }
  const holders = new Map<string, DescMethod>();
  for (const method of service.methods) {
    const holder = holders.get(method.localName);
    if (holder === undefined && method.localName !== "__proto__") {
      holders.set(method.localName, method);
      continue;
    }
    const by = holder === undefined ? "JavaScript itself" : holder.name;
    const reason = `its name in TypeScript, ${method.localName}, is taken by ${by}. Rename it`;
    problems.add(service.file, pathOfMethod(method), `Cannot route ${nameOf(method)}: ${reason}`);
  }
}
