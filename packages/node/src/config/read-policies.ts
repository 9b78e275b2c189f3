// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import {
  type ConfigFault,
  type PolicyLayer,
  readPolicyConfig,
  readServiceConfig,
  type ServiceConfig,
} from "@grpc-router/protocol";
import type { ConfigDocument } from "./config-document.js";
import { type ConfigMistake, formatMistake, mistakesError, sortMistakes, textMistakes } from "./config-mistake.js";
import { openDocument } from "./open-document.js";

/**
 * Reads the operator's policies (`grpcrouter.config.v1.PolicyConfig`) from a file of YAML or JSON:
 *
 * ```yaml
 * services:
 *   acme.user.v1.UserService:
 *     balance: { peak_ewma: {} }
 *     methods:
 *       GetUser: { retry: { max_attempts: 3 } }
 * ```
 *
 * Answers what is said by service name, for `resolvePolicies`. `services` are those that the router has.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `CONFIG_INVALID` with every mistake on a line of its own:
 * `policies.yaml:5:18: services["acme.user.v1.UserService"]….max_attempts: max_attempts must be 2 to 5, received 7`.
 */
export function readPolicies(path: string, services: readonly DescService[]): ReadonlyMap<string, PolicyLayer> {
  const document = openChecked(path, "policies");
  const { layers, faults } = readPolicyConfig(document.value, services);
  refuse(path, "policies", mistakesOf(path, document, faults));
  return layers;
}

/** A service config and what in it does nothing here, each on a line that names its place. */
export interface ReadServiceConfigFile {
  readonly config: ServiceConfig;
  readonly warnings: readonly string[];
}

/**
 * Reads a gRPC service config from a file of JSON or YAML, for `serviceConfigLayer`.
 *
 * @throws NodeError `FILE_UNREADABLE`, or `CONFIG_INVALID` with every mistake on a line of its own.
 */
export function readServiceConfigFile(path: string): ReadServiceConfigFile {
  const document = openChecked(path, "the service config");
  const { config, faults, warnings } = readServiceConfig(document.value);
  refuse(path, "the service config", mistakesOf(path, document, faults));
  return { config, warnings: mistakesOf(path, document, warnings).map(formatMistake) };
}

function openChecked(path: string, what: string): ConfigDocument {
  const { document } = openDocument(path, what);
  refuse(path, what, textMistakes(path, document));
  return document;
}

/** With their places, in the order of the file. */
function mistakesOf(file: string, document: ConfigDocument, faults: readonly ConfigFault[]): ConfigMistake[] {
  const mistakes = faults.map((fault) => ({ file, ...document.findPosition(fault.path), ...fault }));
  return sortMistakes(mistakes, [file]);
}

function refuse(path: string, what: string, mistakes: readonly ConfigMistake[]): void {
  if (mistakes.length > 0) throw mistakesError(`${what} in ${path}`, mistakes);
}
