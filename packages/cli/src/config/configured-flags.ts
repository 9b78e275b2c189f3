// SPDX-License-Identifier: Apache-2.0

import {
  type AdminTls,
  type LoadedConfig,
  type LogLevel,
  loadConfig,
  type RouterOptions,
  type RouterSettings,
  type ServeRouterOptions,
  type ServeTls,
} from "@grpc-router/node";
import type { Io } from "../io.js";
import type { HostPort } from "../parse/host-port.js";

/** Flags of `serve` that a configuration can say, too. */
export interface ConfigurableFlags {
  readonly listen: HostPort;
  readonly reusePort: boolean;
  readonly allowTapMessages: boolean;
  readonly admin: HostPort | false;
  readonly adminTokenFile?: string | undefined;
  readonly module: readonly string[];
  readonly descriptorSet?: readonly string[] | undefined;
  readonly descriptorDir?: readonly string[] | undefined;
  readonly descriptorWatch: number;
  readonly service?: readonly string[] | undefined;
  readonly allow: readonly string[];
  readonly serviceConfig?: string | undefined;
  readonly allowUnauthenticatedInstances: boolean;
  readonly grace: number;
  readonly logLevel: LogLevel | "silent";
  readonly traceFrames: boolean;
  readonly advertise: readonly string[];
  readonly zone?: string | undefined;
  readonly region?: string | undefined;
  readonly metricsLabel: readonly string[];
  readonly logFormat: "json" | "text";
  readonly otlpEndpoint?: string | undefined;
  /** Collector of spans, where a configuration may name another. */
  readonly tracesEndpoint?: string | undefined;
  readonly traceRatio?: number | undefined;
}

/** Reads the files of `--config`; undefined without any. What is wrong with them is among its mistakes. */
export function loadConfigOf(files: readonly string[] | undefined, io: Io): LoadedConfig | undefined {
  if (files === undefined || files.length === 0) return undefined;
  return loadConfig(files, { folder: io.folder, variables: io.env });
}

/**
 * The flags, with what the configuration says where they say nothing: flags go before files. `isGiven` tells of a flag
 * with a default whether it was given; lists of flags take the place of lists in files.
 */
export function configureFlags<Flags extends ConfigurableFlags>(
  flags: Flags,
  settings: RouterSettings,
  isGiven: (name: keyof ConfigurableFlags) => boolean,
): Flags {
  const either = <Value>(name: keyof ConfigurableFlags, flag: Value, own: Value | undefined): Value =>
    isGiven(name) || own === undefined ? flag : own;
  const list = (flag: readonly string[] | undefined, own: readonly string[] | undefined): readonly string[] =>
    flag === undefined || flag.length === 0 ? (own ?? []) : flag;
  const { admin, client, router } = settings;
  return {
    ...flags,
    listen: either("listen", flags.listen, client.address),
    reusePort: flags.reusePort || client.reusePort === true,
    admin: either("admin", flags.admin, admin.disabled ? false : admin.address),
    allowTapMessages: flags.allowTapMessages || admin.allowTapMessages === true,
    module: list(flags.module, settings.modules),
    descriptorSet: list(flags.descriptorSet, settings.descriptorSets),
    descriptorDir: list(flags.descriptorDir, settings.descriptorFolders),
    service: list(flags.service, settings.serviceNames),
    allow: list(flags.allow, settings.learn),
    allowUnauthenticatedInstances:
      flags.allowUnauthenticatedInstances || settings.allowUnauthenticatedInstances === true,
    grace: either("grace", flags.grace, settings.graceMs),
    logLevel: either("logLevel", flags.logLevel, settings.logLevel),
    logFormat: either("logFormat", flags.logFormat, settings.logFormat),
    traceFrames: flags.traceFrames || settings.traceFrames === true,
    advertise: list(flags.advertise, router.routers),
    metricsLabel: list(flags.metricsLabel, router.metrics === false ? [] : router.metrics?.instanceLabels),
    descriptorWatch: either("descriptorWatch", flags.descriptorWatch, settings.descriptorWatchMs),
    ...(settings.traceRatio === undefined ? {} : { traceRatio: flags.traceRatio ?? settings.traceRatio }),
    ...said({
      serviceConfig: flags.serviceConfig ?? settings.serviceConfig,
      zone: flags.zone ?? router.zone,
      region: flags.region ?? router.region,
      otlpEndpoint: flags.otlpEndpoint ?? settings.otlpEndpoint,
      tracesEndpoint: flags.otlpEndpoint ?? settings.tracesEndpoint,
      adminTokenFile: flags.adminTokenFile ?? admin.tokenFile,
    }),
  };
}

/** Without what nobody has said. */
function said(options: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const entries = Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

/** What of a configuration no flag says, for `createRouter`. */
export function configuredRouterOptions(config: LoadedConfig | undefined): RouterOptions {
  return config?.settings.router ?? {};
}

/** What of a configuration no flag says, for `serveRouter`; `tls` is that of the flags, which go before it. */
export function configuredServeOptions(
  config: LoadedConfig | undefined,
  tls: ServeTls | undefined,
): Pick<ServeRouterOptions, "tls" | "limits" | "memoryBytes" | "registration"> {
  if (config === undefined) return { tls };
  const { client, registration, memoryBytes } = config.settings;
  const { address, ...own } = registration ?? {};
  return {
    tls: tls ?? client.tls,
    limits: client.limits,
    memoryBytes,
    ...(address === undefined ? {} : { registration: { ...address, ...own } }),
  };
}

/** The certificates of the admin API; `tls` are those of the flags, which go before it. */
export function configuredAdminTls(config: LoadedConfig | undefined, tls: AdminTls | undefined): AdminTls | undefined {
  return tls ?? config?.settings.admin.tls;
}
