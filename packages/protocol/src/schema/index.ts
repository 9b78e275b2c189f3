// SPDX-License-Identifier: Apache-2.0
// From descriptors to what is routed: shared by the generator and by routers that read descriptor sets.

export { type ChannelNames, channelNamesOf } from "./channel-names.js";
export { fileBytes, findDifference, isSameFile, isStandardFile, withImports } from "./file-bytes.js";
export { lowerSnakeCase } from "./lower-snake-case.js";
export { nameOf } from "./method-options.js";
export { compileNamePattern } from "./name-pattern.js";
export { formatPlace, ProblemList } from "./problem-list.js";
export {
  type DescriptorSetRead,
  type ReadDescriptorSetOptions,
  readDescriptorSet,
  routerOf,
} from "./read-descriptor-set.js";
export {
  isOwnFile,
  methodFactsRead,
  type RoutedMethod,
  type RoutedService,
  readServices,
  servicePoliciesRead,
} from "./read-services.js";
export { pathOfMethod, pathOfService } from "./source-position.js";
