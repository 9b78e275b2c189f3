// SPDX-License-Identifier: Apache-2.0

import {
  type Bridge,
  type BridgeConnection,
  checkDialOptions,
  createServerRelay,
  createSystemdNotifier,
  type DialRouterOptions,
  dialRouter,
  type Logger,
  type LogLevel,
  NodeError,
} from "@grpc-router/node";
import { Command, Option } from "commander";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import { bridgeTokenOf, tokenVariable } from "../credentials/bridge-token.js";
import { type Io, stopped } from "../io.js";
import { createCommandLogger } from "../lifecycle/command-logger.js";
import type { Work } from "../lifecycle/describe-in-flight.js";
import { stopInOrder } from "../lifecycle/stop-in-order.js";
import { loadModule } from "../module/load-module.js";
import { collect, collectLabel, parseCount, parseDurationMs } from "../parse/options.js";
import { learnServices } from "../relay/learn-services.js";

interface BridgeFlags {
  readonly router: readonly string[];
  readonly connections?: number;
  readonly follow: boolean;
  readonly to?: string;
  readonly service: readonly string[];
  readonly descriptorSet?: string;
  readonly toCa?: string;
  readonly toCert?: string;
  readonly toKey?: string;
  readonly toServername?: string;
  readonly id?: string;
  readonly capacity?: number;
  readonly maxMessageBytes?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly tokenFile?: string;
  readonly allowPlaintextToken: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly grace: number;
  readonly logLevel: LogLevel | "silent";
}

const examples = `
The module exports a bridge, as \`bridge\` or as its default:
  export const bridge = createBridge().service(userServiceBridge, userService);

With --to there is no module: calls are passed on to a gRPC server in any language. Its services are learnt by reflection, or
from a descriptor set (npx buf build -o image.binpb); the router must route them.

Examples:
  grpc-router bridge ./instance.js --router http://localhost:8080
  grpc-router bridge ./instance.js --router https://router.example --tls-ca ca.pem --id users-1 --capacity 100 --label zone=eu-1
  grpc-router bridge ./instance.js --router https://router.example --token-file token.txt
  grpc-router bridge ./instance.js --router http://router-1:8080 --router http://router-2:8080 --connections 2
  grpc-router bridge --to http://localhost:50051 --router http://localhost:8080
  grpc-router bridge --to https://users.internal --to-ca ca.pem --service acme.user.v1.UserService --router http://localhost:8080`;

/** `grpc-router bridge`: connects the services of a user's module, or of a running gRPC server, to a router. */
export function bridgeCommand(io: Io): Command {
  return new Command("bridge")
    .description("register the services of a module, or of a gRPC server, at a router")
    .argument("[module]", "file that exports a bridge")
    .requiredOption("--router <url>", "http://host:port or https://host:port; may be repeated", collect)
    .addOption(new Option("--connections <count>", "connections to each router").argParser(parseCount))
    .option("--no-follow", "do not dial the routers that routers name")
    .option("--to <address>", "gRPC server in place of a module: http://host:port, https://host:port or host:port")
    .option("--service <name>", "service of --to, such as acme.user.v1.UserService; may be repeated", collect, [])
    .option("--descriptor-set <file>", "services of --to, in place of its reflection")
    .option("--to-ca <file>", "PEM authorities of the certificate of --to")
    .option("--to-cert <file>", "PEM certificate to show to --to")
    .option("--to-key <file>", "PEM private key of --to-cert")
    .option("--to-servername <name>", "name in the certificate of --to, where it is not the address's host")
    .addOption(
      new Option("--max-message-bytes <count>", "longest message of --to, each way; else 4 MiB").argParser(parseCount),
    )
    .option("--id <id>", "instance id, in place of the module's")
    .addOption(new Option("--capacity <calls>", "open calls at most").argParser(parseCount))
    .option("--label <name=value>", "label of the instance; may be repeated", collectLabel)
    .option("--tls-ca <file>", "PEM authorities of the router's certificate")
    .option("--tls-cert <file>", "PEM certificate of this instance")
    .option("--tls-key <file>", "PEM private key of --tls-cert")
    .option("--token-file <file>", `file with the token to show to the router; else ${tokenVariable}`)
    .option("--allow-plaintext-token", "show it to another machine without TLS, too", false)
    .addOption(
      new Option("--grace <duration>", "time that calls get to end on Ctrl-C or SIGTERM")
        .argParser(parseDurationMs)
        .default(10_000, "10s"),
    )
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error", "silent"]).default("info"))
    .addHelpText("after", examples)
    .action((file: string | undefined, flags: BridgeFlags) => bridge(file, flags, io));
}

async function bridge(file: string | undefined, flags: BridgeFlags, io: Io): Promise<void> {
  const name = checkSource(file, flags);
  const { logger, line } = createCommandLogger(flags.logLevel, io);
  const notifier = createSystemdNotifier({ logger, env: io.env });
  const token = bridgeTokenOf(flags.tokenFile, io);
  const options: DialRouterOptions = {
    url: flags.router,
    token,
    allowPlaintextToken: flags.allowPlaintextToken,
    tls: { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey },
    logger,
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.capacity === undefined ? {} : { capacity: flags.capacity }),
    ...(flags.label === undefined ? {} : { labels: flags.label }),
    ...(flags.connections === undefined ? {} : { connectionsPerRouter: flags.connections }),
    followRouters: flags.follow,
  };
  // Before the server of --to is asked, which may take as long as it is away.
  inOwnWords(() => checkDialOptions(options));
  const found =
    file === undefined ? await relayTo(name, flags, logger, io) : bridgeOf(file, await loadModule(file, io.folder));
  if (found === undefined) return; // ended before the server could be asked
  const connection = inOwnWords(() => dialRouter(found, options));
  connection.ready.then(
    () => {
      io.out(`registered pid ${process.pid}\n`);
      notifier.ready(`Registered ${name} at ${flags.router.join(", ")}`);
    },
    () => {}, // closed before it was ready: said below
  );
  const ended = connection.closed.then(() => "closed");
  if ((await Promise.race([ended, stopped(io)])) === "closed") {
    throw new CliError(ExitCode.failure, `The bridge of ${name} has ended: another process has taken over its id`);
  }
  const work = (): Work => ({ calls: connection.openCalls() });
  await stopInOrder({
    work,
    drain: () => drain(connection, flags.grace),
    graceMs: flags.grace,
    logger,
    notifier,
    line,
  });
}

/** Drains, and answers how many calls that has cut: those aborted, and those that still run although their router is lost. */
async function drain(connection: BridgeConnection, timeoutMs: number): Promise<number> {
  await connection.drain({ timeoutMs });
  const running = [...connection.openCalls().values()].reduce((sum, count) => sum + count, 0);
  return Math.max(connection.callsCut, running);
}

/** What `dialRouter` and its check answer; their refusal to show a token is told in the words of this command. */
function inOwnWords<Answer>(act: () => Answer): Answer {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof NodeError && error.code === "TOKEN_EXPOSED")) throw error;
    throw usageError(error.message.replace(/state allowPlaintextToken.*$/, "give --allow-plaintext-token"), error);
  }
}

/** What is bridged: the module's file or the server's URL. @throws CliError unless it is exactly one of the two. */
function checkSource(file: string | undefined, flags: BridgeFlags): string {
  const { to, toCa, toCert, toKey, toServername, descriptorSet, service, maxMessageBytes } = flags;
  if (file !== undefined && to !== undefined) {
    throw usageError(`Cannot bridge both ${file} and ${to}: give a module or --to, and run the command twice for both`);
  }
  if (to !== undefined) return /^https?:\/\//i.test(to) ? to : `${toCa === undefined ? "http" : "https"}://${to}`;
  if (file === undefined) throw usageError("Cannot bridge: give a module, or a gRPC server with --to");
  if (
    [toCa, toCert, toKey, toServername, descriptorSet, maxMessageBytes, ...service].some((flag) => flag !== undefined)
  ) {
    throw usageError(
      `Cannot bridge ${file}: --service, --descriptor-set, --max-message-bytes, --to-ca, --to-cert, --to-key and --to-servername go with --to, a module says it itself`,
    );
  }
  return file;
}

async function relayTo(
  url: string,
  flags: BridgeFlags,
  logger: Logger,
  io: Io,
): Promise<Pick<Bridge, "open"> | undefined> {
  const tls = { ca: flags.toCa, cert: flags.toCert, key: flags.toKey, servername: flags.toServername };
  const options = { url, tls, services: flags.service, descriptorSet: flags.descriptorSet, logger };
  const services = await learnServices(options, io);
  const { maxMessageBytes } = flags;
  const limit = maxMessageBytes === undefined ? {} : { maxMessageBytes };
  return services && createServerRelay({ to: url, tls, services, logger, ...limit });
}

function bridgeOf(file: string, module: Readonly<Record<string, unknown>>): Bridge {
  for (const value of [module.bridge, module.default]) {
    if (isBridge(value)) return value;
  }
  throw usageError(
    `Cannot run ${file}: it must export a bridge made by createBridge(), as \`bridge\` or as its default`,
  );
}

function isBridge(value: unknown): value is Bridge {
  return typeof value === "object" && value !== null && "open" in value && typeof value.open === "function";
}
