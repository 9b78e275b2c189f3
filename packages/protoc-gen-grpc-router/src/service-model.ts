// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import {
  type ChannelNames,
  channelNamesOf,
  lowerSnakeCase,
  type ProblemList,
  type RoutedMethod,
  type RoutedService,
  readServices,
} from "@grpc-router/protocol";
import type { GenPolicies } from "@grpc-router/protocol/codegenv1";
import { checkBundleNames } from "./bundle-names.js";
import { isImportable } from "./importable.js";
import { assignMemberNames } from "./member-names.js";
import type { Parameter } from "./parameter.js";

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
export interface MethodModel extends RoutedMethod {
  /** Its member's name in the frames. */
  readonly memberName: string;
  /** Whether the frames have a member for it; without one its messages travel as fragments. */
  readonly typed: boolean;
}

/** Builds the model of every service that is to get a router. Mistakes go to `problems`. */
export function createServiceModels(
  files: readonly DescFile[],
  { services, pins }: Parameter,
  context: { readonly allFiles: Iterable<DescFile>; readonly problems: ProblemList },
): ServiceModel[] {
  const { allFiles, problems } = context;
  const isWanted = (name: string) => services.length === 0 || services.some(({ expression }) => expression.test(name));
  const models = readServices(files, { allFiles, isWanted, pins, problems }).map((service) =>
    createServiceModel(service, problems),
  );
  checkBundleNames(models, problems);
  return models;
}

function createServiceModel({ desc, methods, policies }: RoutedService, problems: ProblemList): ServiceModel {
  const names = assignMemberNames(
    desc.methods,
    methods.map(({ number }) => number),
    problems,
  );
  return {
    desc,
    channel: channelNamesOf(desc),
    exportPrefix: protoCamelCase(lowerSnakeCase(desc.name)),
    methods: methods.map((method, i) => ({
      ...method,
      memberName: names[i] ?? "",
      typed: isImportable(method.desc.input) && isImportable(method.desc.output),
    })),
    policies,
  };
}
