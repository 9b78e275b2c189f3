// SPDX-License-Identifier: Apache-2.0

import {
  type CredentialSettings,
  type LoadedConfig,
  type LogLevels,
  type LogThreshold,
  NodeError,
  type Router,
  type RouterServer,
  type RouterSettings,
  type ServeTls,
} from "@grpc-router/node";

/** What a configuration comes to, flags included. */
export interface PreparedFlags {
  readonly advertise: readonly string[];
  readonly logLevel: LogThreshold;
}

/** A router that runs by a configuration. */
export interface ConfiguredRouter<Flags extends PreparedFlags> {
  readonly server: Pick<RouterServer, "reloadCertificates" | "reloadCredentials" | "setServices" | "setRouters">;
  readonly levels: LogLevels;
  /** Certificates that flags name, which go before the configuration's; they are read again. */
  readonly flagTls: ServeTls | undefined;
  /** The router began with credentials. */
  readonly wantsCredentials: boolean;
  /** Flags with what a configuration says where they say nothing. */
  configure(config: LoadedConfig): Flags;
  /** Makes a router of what these say. */
  create(flags: Flags): Promise<Router>;
  credentialsOf(flags: Flags): readonly CredentialSettings[] | undefined;
  /** These are in force. */
  onTaken(flags: Flags): void;
}

/**
 * Makes everything ready for a configuration, and answers what puts it in force: what can fail of that comes first, and
 * then nothing has changed.
 */
export async function prepareConfig<Flags extends PreparedFlags>(
  next: LoadedConfig,
  running: ConfiguredRouter<Flags>,
): Promise<() => void> {
  const { server, levels, flagTls } = running;
  const flags = running.configure(next);
  const router = await running.create(flags);
  router.validate();
  const credentials = running.credentialsOf(flags);
  if ((credentials !== undefined) !== running.wantsCredentials) {
    const [had, has] = running.wantsCredentials ? ["some", "none"] : ["none", "some"];
    throw new NodeError(
      "CREDENTIALS_MISSING",
      `Cannot use credentials: whether there are any takes a restart, the router began with ${had}, received ${has}`,
    );
  }
  const { client, registration } = next.settings;
  return () => {
    if (flagTls !== undefined || client.tls !== undefined || registration?.tls !== undefined) {
      server.reloadCertificates(flagTls === undefined ? client.tls : undefined, registration?.tls);
    }
    server.setServices(router);
    if (credentials !== undefined) server.reloadCredentials(credentials);
    server.setRouters(flags.advertise);
    setLevels(levels, flags.logLevel, next.settings);
    running.onTaken(flags);
  };
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
