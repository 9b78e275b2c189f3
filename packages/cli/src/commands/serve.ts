// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import {
  type AccessLog,
  type AdminServer,
  createAccessLog,
  createMetricsPage,
  createSystemdNotifier,
  exportMetrics,
  exportTraces,
  type LoadedConfig,
  type Logger,
  type LogLevel,
  type MetricsExport,
  NodeError,
  type Router,
  type RouterOptions,
  type RouterServer,
  type ServeRouterOptions,
  type ServeTls,
  serveRouter,
  type TracesExport,
} from "@grpc-router/node";
import { Command, Option } from "commander";
import { type AdminServeFlags, adminTlsOf, takeAdminPort, withAdminServeFlags } from "../admin/start-admin.js";
import { usageError } from "../cli-error.js";
import {
  configuredRouterOptions,
  configuredServeOptions,
  configureFlags,
  loadConfigOf,
} from "../config/configured-flags.js";
import { judgeTls, type ListenerName } from "../config/find-unusable-tls.js";
import { holdConfig } from "../config/hold-config.js";
import { setLevels } from "../config/prepare-config.js";
import { HeldCredentials } from "../credentials/held-credentials.js";
import { type CredentialFlags, credentialsOf, instanceTokenVariable } from "../credentials/instance-credentials.js";
import { type Io, stopped } from "../io.js";
import { createCommandLogger } from "../lifecycle/command-logger.js";
import type { Work } from "../lifecycle/describe-in-flight.js";
import { stopInOrder } from "../lifecycle/stop-in-order.js";
import { createRouterOf, type RouterFlags } from "../module/create-router.js";
import { type FollowedServices, followServices, servicesOf } from "../module/follow-services.js";
import { learnsOf } from "../module/learns-of.js";
import { type HostPort, parseHostPort } from "../parse/host-port.js";
import { collect, parseCount, parseDurationMs, parseShare } from "../parse/options.js";
import { reload } from "./reload.js";

interface ServeFlags extends AdminServeFlags, CredentialFlags, RouterFlags {
  readonly config?: readonly string[];
  readonly configWatch?: number;
  readonly allow: readonly string[];
  readonly descriptorWatch: number;
  readonly listen: HostPort;
  readonly reusePort: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly tlsClientCertificate?: "require" | "request";
  readonly tlsWatch?: number;
  readonly allowUnauthenticatedInstances: boolean;
  readonly grace: number;
  readonly logLevel: LogLevel | "silent";
  readonly logFormat: "json" | "text";
  readonly accessLog?: string;
  readonly accessLogFormat?: "json" | "text";
  readonly maxMessageBytes?: number;
  readonly traceFrames: boolean;
  readonly metricsLabel: readonly string[];
  readonly otlpEndpoint?: string;
  readonly tracesEndpoint?: string | undefined;
  readonly traceRatio?: number | undefined;
  readonly advertise: readonly string[];
  readonly zone?: string;
  readonly region?: string;
}

const examples = `
Examples:
  grpc-router serve
  grpc-router serve --config router.yaml
  grpc-router serve --descriptor-set image.binpb
  grpc-router serve --descriptor-dir sets --allow 'acme.**'
  grpc-router serve --module ./gen/acme/user/v1/user_router.js
  grpc-router serve --module ./a_router.js --module ./b_router.js --listen 127.0.0.1:9000
  grpc-router serve --module ./a_router.js --policies policies.yaml
  grpc-router serve --module ./a_router.js --listen 0.0.0.0:8080 --tls-cert cert.pem --tls-key key.pem --credentials credentials.json

What it routes comes from generated modules, from descriptor sets (npx buf build -o image.binpb, or protoc -o image.binpb
--include_imports), or from the instances that register: --allow says which services these may bring. Without any of it they
may bring all, if only this machine reaches the router, or what their credential permits. Services that come so have no schema
at the router: no reflection, no keys from messages.

Where others can reach the router, instances must show a credential: one of --credentials, the one token for all services
(--instance-token-file, or ${instanceTokenVariable}), or a certificate of --tls-ca. Clients need none of it.

SIGHUP makes it read certificates, credentials, descriptor sets and the whole configuration again. Connections that are open
stay; instances whose credential is gone finish their calls and get no new ones. A configuration is taken as a whole or, if
something in it is wrong or takes a restart, not at all.

Ctrl-C and SIGTERM stop it in good order: calls get --grace to end, and it says which still run. A second one ends it at once.
Exit code 0: every call has ended; 3: some had not, and were cut.`;

/** `grpc-router serve`: a router without code of one's own. */
export function serveCommand(io: Io): Command {
  return withAdminServeFlags(new Command("serve"))
    .description("run a router")
    .option(
      "--config <file>",
      "YAML or JSON: what flags say, and more; may be repeated, the later goes before the earlier, flags before all",
      collect,
    )
    .addOption(
      new Option(
        "--config-watch <duration>",
        "look at these files this often and take over what has changed",
      ).argParser(parseDurationMs),
    )
    .option("--module <file>", "generated router module (x_router.js); may be repeated", collect, [])
    .option(
      "--descriptor-set <file>",
      "services in a descriptor set, such as a buf image; may be repeated",
      collect,
      [],
    )
    .option(
      "--descriptor-dir <folder>",
      "all descriptor sets in a folder, which is watched; may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--descriptor-watch <duration>", "look at these folders this often and take over what has changed")
        .argParser(parseDurationMs)
        .default(1_000, "1s"),
    )
    .option(
      "--service <pattern>",
      "of these only acme.user.v1.UserService, acme.*, or acme.**; may be repeated",
      collect,
      [],
    )
    .option("--allow <pattern>", "services that instances may bring, such as 'acme.**'; may be repeated", collect, [])
    .addOption(address("--listen <host:port>", "where clients and instances connect", "127.0.0.1:8080"))
    .option("--reuse-port", "let another router listen there, too, that is to take the place of this one", false)
    .option("--policies <file>", "YAML or JSON: how services are balanced and protected; goes before their options")
    .option("--service-config <file>", "JSON: a gRPC service config; --policies goes before it")
    .option("--tls-cert <file>", "PEM certificate chain; with --tls-key the router speaks TLS")
    .option("--tls-key <file>", "PEM private key")
    .option("--tls-ca <file>", "PEM authorities; then clients and instances must show a certificate of theirs")
    .addOption(
      new Option("--tls-client-certificate <how>", "with --tls-ca: request lets in who shows none").choices([
        "require",
        "request",
      ]),
    )
    .addOption(
      new Option("--tls-watch <duration>", "look at the PEM files this often and take over changed ones").argParser(
        parseDurationMs,
      ),
    )
    .option("--credentials <file>", "JSON: which credentials may register which services")
    .option("--instance-token-file <file>", "file with one token, with which instances may register all services")
    .option("--allow-unauthenticated-instances", "let whoever reaches the router register instances", false)
    .addOption(
      new Option("--grace <duration>", "time that calls get to end on Ctrl-C or SIGTERM")
        .argParser(parseDurationMs)
        .default(10_000, "10s"),
    )
    .addOption(
      new Option(
        "--max-message-bytes <count>",
        "longest message, where a method's options do not say; else 4 MiB",
      ).argParser(parseCount),
    )
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error", "silent"]).default("info"))
    .addOption(new Option("--log-format <format>").choices(["text", "json"]).default("text"))
    .option("--access-log <file>", "a line for each call that ends; - is standard output")
    .addOption(new Option("--access-log-format <format>", "json if it is not said").choices(["text", "json"]))
    .option("--advertise <url>", "further router that bridges are told to dial, too; may be repeated", collect, [])
    .option("--zone <name>", "where the router is, such as eu-1a, for services that prefer instances close by")
    .option("--region <name>", "the same of its region, such as eu-1")
    .option("--metrics-label <name>", "label of instances that metrics tell apart; may be repeated", collect, [])
    .option("--otlp-endpoint <url>", "OpenTelemetry collector for metrics and spans; else OTEL_EXPORTER_OTLP_ENDPOINT")
    .addOption(
      new Option("--trace-ratio <share>", "calls that are traced, 0 to 1, where clients do not say; 0.01").argParser(
        parseShare,
      ),
    )
    .option("--trace-frames", "every HTTP/2 frame on standard error, for debugging", false)
    .addHelpText("after", examples)
    .action((given: ServeFlags, command: Command) => {
      const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
      const configure = (loaded: LoadedConfig): ServeFlags => ({
        ...configureFlags(given, loaded.settings, isGiven),
        loaded,
      });
      const loaded = loadConfigOf(given.config, io);
      if (loaded === undefined) return serve(given, io, configure);
      const flags = configure(loaded);
      return serve({ ...flags, loaded: judgeTls(loaded, configuredListeners(flags, io)) }, io, configure);
    });
}

async function serve(flags: ServeFlags, io: Io, configure: (config: LoadedConfig) => ServeFlags): Promise<void> {
  // Everything that is wrong with it, before anything is made of it.
  if (flags.loaded !== undefined && flags.loaded.mistakes.length > 0) await createRouterOf(flags, {}, io);
  const credentials = credentialsOf(flags, io);
  const registration = credentials && { credentials: credentials() };
  const held = registration && new HeldCredentials(registration.credentials);
  const { zone, region } = flags;
  const metrics = { instanceLabels: flags.metricsLabel };
  const options = {
    ...configuredRouterOptions(flags.loaded),
    ...{ registration, zone, region, metrics, ...messageLimitsOf(flags) },
  };
  const flagTls = tlsOf(flags);
  const { tls, ...listening } = configuredServeOptions(flags.loaded, flagTls);
  const { host = "127.0.0.1" } = listening.registration ?? flags.listen;
  const learns = learnsOf({ ...flags, host, wantsCredentials: registration !== undefined });
  let current = flags;
  const create = (now: ServeFlags = current) => createRouterOf(now, { ...options, routers: now.advertise, learns }, io);
  const router = await create();
  const { logger, levels, line } = createCommandLogger(flags.logLevel, io, flags.logFormat);
  const notifier = createSystemdNotifier({ logger, env: io.env });
  const trace = flags.traceFrames ? (line: string) => io.err(`${line}\n`) : undefined;
  const { allowUnauthenticatedInstances, reusePort } = flags;
  if (flags.loaded !== undefined) setLevels(levels, flags.logLevel, flags.loaded.settings);
  const where = { ...flags.listen, ...listening, reusePort, tls, allowUnauthenticatedInstances };
  // Before the first connection of a client: who cannot have all of its ports must not begin to route.
  const adminPort = await takeAdminPort(flags, { io, logger });
  const server = await listen(router, { ...where, logger, trace }).catch(async (error: unknown) => {
    await adminPort?.close();
    throw error;
  });
  const holder =
    flags.loaded &&
    holdConfig<ServeFlags>(flags.loaded, io, {
      ...{ server, logger, levels, configure, create, held },
      tls: {
        certificates: { ...server.certificates, admin: adminPort?.certificates },
        configured: configuredListeners(flags, io),
      },
      credentialsOf: (now) => credentialsOf(now, io)?.(),
      onTaken: (now) => {
        current = now;
        accessLog?.reopen();
      },
    });
  /** A stop that an operator has ordered, with its grace in milliseconds, if it has one of its own. */
  const ordered = Promise.withResolvers<number | undefined>();
  let admin: AdminServer | undefined;
  let exported: MetricsExport | undefined;
  let traced: TracesExport | undefined;
  let accessLog: AccessLog | undefined;
  let endWatch: (() => void) | undefined;
  let endConfigWatch: (() => void) | undefined;
  try {
    const pages = [createMetricsPage(server)];
    const { allowTapMessages } = flags;
    const offered = { pages, drain: ordered.resolve, logLevels: levels, config: holder, allowTapMessages };
    admin = await adminPort?.serve(server, offered);
    exported = await exportMetrics(server, { endpoint: flags.otlpEndpoint, env: io.env, logger });
    if (exported !== undefined) logger.log("info", "metrics_exported", `Sending metrics to ${exported.url}`);
    const collector = flags.loaded === undefined ? flags.otlpEndpoint : flags.tracesEndpoint;
    traced = await exportTraces(server, { endpoint: collector, ratio: flags.traceRatio, env: io.env, logger });
    if (traced !== undefined) logger.log("info", "traces_exported", `Sending spans to ${traced.url}`);
    accessLog = followWithAccessLog(server, flags, io, logger);
    const status = `Routing on ${server.url}`;
    // What a reload is about to take must not be overtaken by what was read before it.
    const inTurn: FollowedServices["inTurn"] = holder && ((step) => holder.inTurn(step));
    endWatch = followServices({ flags, folder: io.folder, create, server, logger, inTurn });
    io.onReload(() => {
      notifier.reloading();
      accessLog?.reopen();
      if (holder !== undefined) {
        void holder.reload().then(() => notifier.ready(status));
        return;
      }
      void reload({
        server,
        logger,
        certificates: server.certificates.client,
        adminCertificates: adminPort?.certificates,
        credentials: credentials && held && (() => held.take(server, credentials())),
        services: servicesOf(flags, create),
      });
      notifier.ready(status);
    });
    if (flags.configWatch !== undefined) endConfigWatch = holder?.watch(flags.configWatch);
    if (admin !== undefined) logger.log("info", "admin_listening", `Admin API on ${admin.url}`);
    server.setRouters(flags.advertise);
    io.out(`ready ${server.url.replace(/^https?:\/\//, "")} pid ${process.pid}\n`);
    notifier.ready(status);
    const graceMs = (await Promise.race([stopped(io).then(() => undefined), ordered.promise])) ?? current.grace;
    const work = (): Work => ({ calls: server.inFlight().calls, registrations: server.inFlight().channels });
    const drain = async (): Promise<number> => (await server.drain({ timeoutMs: graceMs })).callsCut;
    await stopInOrder({ work, drain, graceMs, logger, notifier, line });
  } finally {
    endWatch?.();
    endConfigWatch?.();
    await Promise.all([exported?.stop(), traced?.stop()]);
    await (admin ?? adminPort)?.close();
    await server.close();
    await accessLog?.close();
  }
}

/** Listeners whose certificates are those of the configuration: flags go before it. */
function configuredListeners(flags: ServeFlags, io: Io): readonly ListenerName[] {
  const client = tlsOf(flags) === undefined ? (["client"] as const) : [];
  const admin = flags.admin !== false && adminTlsOf(flags, io) === undefined ? (["admin"] as const) : [];
  return [...client, "registration", ...admin];
}

/** The access log that flags or the configuration ask for; flags go before it. */
function followWithAccessLog(
  server: RouterServer,
  { accessLog: path, accessLogFormat, loaded }: ServeFlags,
  io: Io,
  logger: Logger,
): AccessLog | undefined {
  const said = loaded?.settings.accessLog;
  const file = path === undefined || path === "-" ? path : resolve(io.folder, path);
  if (file === undefined && said === undefined) return undefined;
  const format = accessLogFormat ?? said?.format;
  const log = createAccessLog({ ...said, path: file ?? said?.path ?? "-", format, logger });
  server.watch(log);
  return log;
}

/** `serveRouter`, whose refusal of an address is told in the words of this command. */
async function listen(router: Router, options: ServeRouterOptions): Promise<RouterServer> {
  try {
    return await serveRouter(router, options);
  } catch (error) {
    if (!(error instanceof NodeError && error.code === "CREDENTIALS_MISSING")) throw error;
    const rule = error.message.replace(/ Give .*$/, "");
    throw usageError(
      `${rule} Give --credentials, --instance-token-file or --tls-ca, or --allow-unauthenticated-instances`,
      error,
    );
  }
}

function messageLimitsOf({ maxMessageBytes }: ServeFlags): RouterOptions {
  if (maxMessageBytes === undefined) return {};
  return { maxRequestMessageBytes: maxMessageBytes, maxResponseMessageBytes: maxMessageBytes };
}

function tlsOf({ tlsCert, tlsKey, tlsCa, tlsClientCertificate, tlsWatch }: ServeFlags): ServeTls | undefined {
  if ([tlsCert, tlsKey, tlsCa, tlsClientCertificate, tlsWatch].every((flag) => flag === undefined)) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError("Cannot use TLS: --tls-cert and --tls-key must be given together");
  }
  return { cert: tlsCert, key: tlsKey, ca: tlsCa, clientCertificate: tlsClientCertificate, watchMs: tlsWatch };
}

function address(flags: string, description: string, preset: string): Option {
  return new Option(flags, description).argParser(parseHostPort).default(parseHostPort(preset), preset);
}
