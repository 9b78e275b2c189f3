// SPDX-License-Identifier: Apache-2.0

import {
  type CredentialSettings,
  type LoadedConfig,
  type LogLevels,
  type LogThreshold,
  NodeError,
  type PreparedConfig,
  type Router,
  type RouterServer,
  type RouterSettings,
} from "@grpc-router/node";
import type { HeldCredentials } from "../credentials/held-credentials.js";
import { prepareTls, type RunningTls } from "./prepare-tls.js";

/** What a configuration comes to, flags included. */
export interface PreparedFlags {
  readonly advertise: readonly string[];
  readonly logLevel: LogThreshold;
}

/** A router that runs by a configuration. */
export interface ConfiguredRouter<Flags extends PreparedFlags> {
  readonly server: Pick<RouterServer, "reloadCredentials" | "setServices" | "setRouters">;
  readonly levels: LogLevels;
  readonly tls: RunningTls;
  /** The credentials that the router has; undefined: it began with none. */
  readonly held: HeldCredentials | undefined;
  /** Flags with what a configuration says where they say nothing. */
  configure(config: LoadedConfig): Flags;
  /** Makes a router of what these say. */
  create(flags: Flags): Promise<Router>;
  credentialsOf(flags: Flags): readonly CredentialSettings[] | undefined;
  /** These are in force. */
  onTaken(flags: Flags): void;
}

/**
 * Makes everything ready for a configuration: what can fail of that comes first, and then nothing has changed.
 */
export async function prepareConfig<Flags extends PreparedFlags>(
  next: LoadedConfig,
  running: ConfiguredRouter<Flags>,
): Promise<PreparedConfig> {
  const { server, levels, tls, held } = running;
  const flags = running.configure(next);
  const router = await running.create(flags);
  router.validate();
  const credentials = running.credentialsOf(flags);
  if ((credentials === undefined) !== (held === undefined)) {
    const [had, has] = held !== undefined ? ["some", "none"] : ["none", "some"];
    throw new NodeError(
      "CREDENTIALS_MISSING",
      `Cannot use credentials: whether there are any takes a restart, the router began with ${had}, received ${has}`,
    );
  }
  const certificates = prepareTls(next, tls);
  const apply = (): void => {
    // First, since services that were learnt from instances may still forbid it.
    server.setServices(router);
    certificates.take();
    if (credentials !== undefined) held?.take(server, credentials);
    server.setRouters(flags.advertise);
    setLevels(levels, flags.logLevel, next.settings);
    running.onTaken(flags);
  };
  return { apply, renewed: certificates.differences };
}

/** Levels of the log as flags and configuration say; single modules that they do not name have none of their own. */
export function setLevels(
  levels: LogLevels,
  level: LogThreshold,
  { logModules }: Pick<RouterSettings, "logModules">,
): void {
  levels.set(level);
  for (const module of Object.keys(levels.modules)) if (!Object.hasOwn(logModules, module)) levels.set("", module);
  for (const [module, own] of Object.entries(logModules)) levels.set(own, module);
}
