// SPDX-License-Identifier: Apache-2.0

import type { DescService } from "@bufbuild/protobuf";
import {
  type ConfigFault,
  formatConfigPath,
  type PolicyLayer,
  readPolicyConfig,
  readServiceConfig,
  type ServiceConfig,
} from "@grpc-router/protocol";
import { NodeError } from "../node-error.js";
import type { ConfigDocument } from "./config-document.js";
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
  refuse(path, "policies", linesOf(path, document, faults));
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
  refuse(path, "the service config", linesOf(path, document, faults));
  return { config, warnings: linesOf(path, document, warnings) };
}

function openChecked(path: string, what: string): ConfigDocument {
  const { document } = openDocument(path, what);
  refuse(
    path,
    what,
    document.mistakes.map(({ line, column, reason }) => `${path}:${line}:${column}: ${reason}`),
  );
  return document;
}

/** As compilers write it, in the order of the file. */
function linesOf(file: string, document: ConfigDocument, faults: readonly ConfigFault[]): string[] {
  return faults
    .map(({ path, reason }) => ({ ...document.findPosition(path), path: formatConfigPath(path), reason }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, path, reason }) => `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${reason}`);
}

function refuse(path: string, what: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const count = lines.length === 1 ? "1 mistake" : `${lines.length} mistakes`;
  throw new NodeError(
    "CONFIG_INVALID",
    `Cannot use ${what} in ${path}: it must be without mistakes, received ${count}\n${lines.join("\n")}`,
  );
}
