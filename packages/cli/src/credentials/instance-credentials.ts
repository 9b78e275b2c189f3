// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { type CredentialSettings, type LoadedConfig, readCredentials, readToken } from "@grpc-router/node";
import { isRouterError, validateCredentials } from "@grpc-router/runtime";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import type { Io } from "../io.js";

/** What `serve` is told of credentials. */
export interface CredentialFlags {
  readonly credentials?: string;
  readonly instanceTokenFile?: string;
  /** A configuration, after the flags. */
  readonly loaded?: LoadedConfig;
}

/** The variable with the one token of all instances. */
export const instanceTokenVariable = "GRPC_ROUTER_INSTANCE_TOKEN";

/**
 * How the credentials of instances are read, anew each time: of a file for each, or one token for all services; undefined if
 * nothing was said. @throws CliError for two answers.
 */
export function credentialsOf(flags: CredentialFlags, io: Io): (() => readonly CredentialSettings[]) | undefined {
  const { credentials, instanceTokenFile } = flags;
  if (credentials !== undefined && instanceTokenFile !== undefined) {
    throw usageError("Cannot use credentials: give --credentials or --instance-token-file, received both");
  }
  if (credentials !== undefined) {
    const path = resolve(io.folder, credentials);
    return () => readCredentials(path, { env: io.env });
  }
  if (instanceTokenFile !== undefined) {
    const path = resolve(io.folder, instanceTokenFile);
    return () => oneForAll(readToken(path), path);
  }
  const said = flags.loaded?.credentials;
  if (said !== undefined) return () => said;
  const token = io.env[instanceTokenVariable]?.trim() ?? "";
  return token === "" ? undefined : () => oneForAll(token, instanceTokenVariable);
}

/** The credential that may register everything. */
function oneForAll(value: string, source: string): readonly CredentialSettings[] {
  const credentials = [{ name: "instances", services: ["*"], tokens: [{ value }] }];
  try {
    validateCredentials(credentials);
  } catch (error) {
    if (!isRouterError(error)) throw error;
    const rule = error.message.replace(/^.*\.value must be /, "it must be ");
    throw new CliError(ExitCode.failure, `Cannot use the token of ${source}: ${rule}`, error);
  }
  return credentials;
}
