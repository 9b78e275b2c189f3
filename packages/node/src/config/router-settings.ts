// SPDX-License-Identifier: Apache-2.0

import { dirname, resolve } from "node:path";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type ConfigPath, factsOf, type LogLevel, millisecondsOf } from "@grpc-router/protocol";
import type { ConnectionSettings, RouterOptions } from "@grpc-router/runtime";
import type { AdminTls } from "../admin/serve-admin.js";
import {
  type AccessLog,
  type AdminListener,
  type AdminTls as AdminTlsMessage,
  CallsSchema,
  ClientCertificate,
  ConnectionsSchema,
  type Listener,
  ListenerLimitsSchema,
  LogFormat,
  LogLevel as LogLevelCode,
  type RouterConfig,
  type Tls,
} from "../gen/grpcrouter/config/v1/router_config_pb.js";
import type { ListenerLimits } from "../limits.js";
import { type AccessLogField, type AccessLogOptions, accessLogFields } from "../log/access-log.js";
import type { ServeTls } from "../serve/serve-router.js";
import type { NamedCertificate } from "../tls/server-names.js";
import { isPemText } from "../tls/tls-material.js";

/** An address to listen on. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A listener as the configuration says it; what is undefined has its default. */
export interface ListenerSettings {
  readonly address?: HostPort | undefined;
  readonly reusePort?: boolean | undefined;
  readonly tls?: ServeTls | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
}

/** The admin API's listener, likewise. */
export interface AdminSettings {
  readonly address?: HostPort | undefined;
  readonly disabled: boolean;
  readonly tokenFile?: string | undefined;
  readonly tls?: AdminTls | undefined;
  readonly allowTapMessages?: boolean | undefined;
}

/** A configuration as the router's parts take it; what is undefined has its default. Paths are whole. */
export interface RouterSettings {
  readonly client: ListenerSettings;
  /** Undefined: the client's listener takes registrations. */
  readonly registration: ListenerSettings | undefined;
  readonly admin: AdminSettings;
  /** For `createRouter`; without credentials and policies. */
  readonly router: RouterOptions;
  /** Generated router modules. */
  readonly modules: readonly string[];
  /** Files with descriptor sets. */
  readonly descriptorSets: readonly string[];
  /** Folders with descriptor sets. */
  readonly descriptorFolders: readonly string[];
  readonly descriptorWatchMs?: number | undefined;
  /** Patterns of the services that are routed; empty: all. */
  readonly serviceNames: readonly string[];
  /** Patterns of services that may be learnt. */
  readonly learn: readonly string[];
  readonly serviceConfig?: string | undefined;
  readonly allowUnauthenticatedInstances?: boolean | undefined;
  readonly tokenFile?: string | undefined;
  readonly logLevel?: LogLevel | "silent" | undefined;
  /** Levels of single modules of the log. */
  readonly logModules: Readonly<Record<string, LogLevel | "silent">>;
  readonly logFormat?: "json" | "text" | undefined;
  readonly otlpEndpoint?: string | undefined;
  /** Collector of spans, where it is another one than that of metrics. */
  readonly tracesEndpoint?: string | undefined;
  readonly traceRatio?: number | undefined;
  readonly accessLog?: Omit<AccessLogOptions, "logger"> | undefined;
  readonly traceFrames?: boolean | undefined;
  readonly graceMs?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** What resolves a path that a field says: from the folder of the file that says it. */
export interface PathOrigin {
  /** The folder that the names of files are relative to. */
  readonly folder: string;
  findPlace(path: ConfigPath): { readonly file: string };
}

/** Turns a valid configuration into settings. */
export function settingsOf(config: RouterConfig, origin: PathOrigin): RouterSettings {
  const { listeners, services, instances, observability, drain, memory, place } = config;
  const at = (path: ConfigPath, file: string | undefined) => file && resolvePath(origin, path, file);
  const listenerAt = (name: "client" | "registration", listener: Listener | undefined) =>
    listenerOf(listener, ["listeners", name], origin);
  const files = (field: string, names: readonly string[] = []) =>
    names.map((file, index) => resolvePath(origin, ["services", field, index], file));
  const { log, metrics, traces, accessLog } = observability ?? {};
  return {
    client: listenerAt("client", listeners?.client),
    registration: listeners?.registration && listenerAt("registration", listeners.registration),
    admin: adminOf(listeners?.admin, origin),
    router: {
      ...(config.calls && numbersOf(CallsSchema, config.calls)),
      connections: config.connections && (numbersOf(ConnectionsSchema, config.connections) as ConnectionSettings),
      zone: place?.zone,
      region: place?.region,
      routers: instances?.routers ?? [],
      metrics: { instanceLabels: metrics?.instanceLabels ?? [] },
    },
    modules: files("modules", services?.modules),
    descriptorSets: files("descriptor_sets", services?.descriptorSets),
    descriptorFolders: files("descriptor_folders", services?.descriptorFolders),
    descriptorWatchMs: services?.descriptorWatchInterval && millisecondsOf(services.descriptorWatchInterval),
    serviceNames: services?.names ?? [],
    learn: services?.learn ?? [],
    serviceConfig: at(["services", "service_config"], services?.serviceConfig),
    allowUnauthenticatedInstances: instances?.allowUnauthenticated,
    tokenFile: at(["instances", "token_file"], instances?.tokenFile),
    logLevel: levelOf(log?.level),
    logModules: Object.fromEntries(
      Object.entries(log?.modules ?? {}).map(([name, code]) => [name, levelOf(code) ?? "info"]),
    ),
    logFormat: formatOf(log?.format),
    otlpEndpoint: metrics?.otlpEndpoint,
    tracesEndpoint: traces?.otlpEndpoint,
    traceRatio: traces?.ratio,
    accessLog: accessLog && accessLogOf(accessLog, origin),
    traceFrames: log?.frames,
    graceMs: drain?.grace && millisecondsOf(drain.grace),
    memoryBytes: memory?.processBytes === undefined ? undefined : Number(memory.processBytes),
  };
}

/** The path of a file that the field at `path` names. */
export function resolvePath({ folder, findPlace }: PathOrigin, path: ConfigPath, file: string): string {
  return resolve(folder, dirname(findPlace(path).file), file);
}

function listenerOf(listener: Listener | undefined, path: ConfigPath, origin: PathOrigin): ListenerSettings {
  const { address, reusePort, tls, limits } = listener ?? {};
  return {
    address: addressOf(address),
    reusePort,
    tls: tls && tlsOf(tls, [...path, "tls"], origin),
    // The message has the names of the limits; router-settings.test.ts holds them together.
    limits: limits && (numbersOf(ListenerLimitsSchema, limits) as Partial<ListenerLimits>),
  };
}

function accessLogOf(
  { file = "-", format, ratio, fields, metadata }: AccessLog,
  origin: PathOrigin,
): Omit<AccessLogOptions, "logger"> {
  const path = file === "-" ? file : resolvePath(origin, ["observability", "access_log", "file"], file);
  // The rules have let no other in.
  const known = fields.filter((field): field is AccessLogField => accessLogFields.some((name) => name === field));
  return { path, format: formatOf(format), ratio, fields: known.length === 0 ? undefined : known, metadata };
}

function formatOf(code: LogFormat | undefined): "json" | "text" | undefined {
  if (code === undefined || code === LogFormat.UNSPECIFIED) return undefined;
  return code === LogFormat.JSON ? "json" : "text";
}

function adminOf(admin: AdminListener | undefined, origin: PathOrigin): AdminSettings {
  const { address, disabled = false, tokenFile, tls, allowTapMessages } = admin ?? {};
  const path = ["listeners", "admin"];
  return {
    address: addressOf(address),
    disabled,
    tokenFile: tokenFile && resolvePath(origin, [...path, "token_file"], tokenFile),
    tls: tls && materialOf(tls, [...path, "tls"], origin),
    allowTapMessages,
  };
}

function tlsOf(tls: Tls, path: ConfigPath, origin: PathOrigin): ServeTls {
  const names = Object.entries(tls.names).map(([name, { certificate, key }]): [string, NamedCertificate] => {
    const at = [...path, "names", name];
    const cert = pemAt(origin, [...at, "certificate"], certificate);
    return [name, { cert, key: pemAt(origin, [...at, "key"], key) }];
  });
  return {
    ...materialOf(tls, path, origin),
    clientCertificate: clientCertificateOf(tls.clientCertificate),
    names: names.length === 0 ? undefined : Object.fromEntries(names),
  };
}

/** What all listeners have. */
function materialOf(tls: Tls | AdminTlsMessage, path: ConfigPath, origin: PathOrigin): AdminTls {
  const { certificate, key, authorities, watchInterval } = tls;
  return {
    cert: pemAt(origin, [...path, "certificate"], certificate),
    key: pemAt(origin, [...path, "key"], key),
    ca: authorities && pemAt(origin, [...path, "authorities"], authorities),
    watchMs: watchInterval && millisecondsOf(watchInterval),
  };
}

/** PEM text as it is, or the path of a file. */
function pemAt(origin: PathOrigin, path: ConfigPath, text = ""): string {
  return isPemText(text) ? text : resolvePath(origin, path, text);
}

function clientCertificateOf(code: ClientCertificate | undefined): ServeTls["clientCertificate"] {
  if (code === ClientCertificate.REQUEST) return "request";
  return code === ClientCertificate.REQUIRE ? "require" : undefined;
}

/** `host:port` or `[host]:port`, which the message's rules have checked. */
function addressOf(address: string | undefined): HostPort | undefined {
  if (address === undefined) return undefined;
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}

function levelOf(code: LogLevelCode | undefined): LogLevel | "silent" | undefined {
  switch (code) {
    case LogLevelCode.DEBUG:
      return "debug";
    case LogLevelCode.INFO:
      return "info";
    case LogLevelCode.WARN:
      return "warn";
    case LogLevelCode.ERROR:
      return "error";
    case LogLevelCode.SILENT:
      return "silent";
    default:
      return undefined;
  }
}

/** The message's fields under the names of options: durations in milliseconds, 64-bit numbers as numbers. */
function numbersOf<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): object {
  return plain(factsOf(desc, message)) as object;
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
