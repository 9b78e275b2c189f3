// SPDX-License-Identifier: Apache-2.0

import { type Bridge, createConsoleLogger, dialRouter, type LogLevel } from "@grpc-router/node";
import { Command, Option } from "commander";
import { CliError, ExitCode, usageError } from "../cli-error.js";
import { type Io, stopped } from "../io.js";
import { loadModule } from "../module/load-module.js";
import { collectLabel, parseCount, parseDurationMs } from "../parse/options.js";

interface BridgeFlags {
  readonly router: string;
  readonly id?: string;
  readonly capacity?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly grace: number;
  readonly logLevel: LogLevel | "silent";
}

const examples = `
The module exports a bridge, as \`bridge\` or as its default:
  export const bridge = createBridge().service(userServiceBridge, userService);

Examples:
  grpc-router bridge ./instance.js --router http://localhost:8080
  grpc-router bridge ./instance.js --router https://router.example --tls-ca ca.pem --id users-1 --capacity 100 --label zone=eu-1`;

/** `grpc-router bridge`: connects the services of a user's module to a router. */
export function bridgeCommand(io: Io): Command {
  return new Command("bridge")
    .description("register the services of a module at a router")
    .argument("<module>", "file that exports a bridge")
    .requiredOption("--router <url>", "http://host:port or https://host:port")
    .option("--id <id>", "instance id, in place of the module's")
    .addOption(new Option("--capacity <calls>", "open calls at most").argParser(parseCount))
    .option("--label <name=value>", "label of the instance; may be repeated", collectLabel)
    .option("--tls-ca <file>", "PEM authorities of the router's certificate")
    .option("--tls-cert <file>", "PEM certificate of this instance")
    .option("--tls-key <file>", "PEM private key of --tls-cert")
    .addOption(
      new Option("--grace <duration>", "time that calls get to end on Ctrl-C")
        .argParser(parseDurationMs)
        .default(10_000, "10s"),
    )
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error", "silent"]).default("info"))
    .addHelpText("after", examples)
    .action((file: string, flags: BridgeFlags) => bridge(file, flags, io));
}

async function bridge(file: string, flags: BridgeFlags, io: Io): Promise<void> {
  const found = bridgeOf(file, await loadModule(file, io.folder));
  const connection = dialRouter(found, {
    url: flags.router,
    tls: { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey },
    logger: createConsoleLogger({ level: flags.logLevel, stream: { write: io.err, isTTY: process.stderr.isTTY } }),
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.capacity === undefined ? {} : { capacity: flags.capacity }),
    ...(flags.label === undefined ? {} : { labels: flags.label }),
  });
  connection.ready.then(
    () => io.out(`registered pid ${process.pid}\n`),
    () => {}, // closed before it was ready: said below
  );
  const ended = connection.closed.then(() => "closed");
  if ((await Promise.race([ended, stopped(io)])) === "closed") {
    throw new CliError(ExitCode.failure, `The bridge of ${file} has ended: another process has taken over its id`);
  }
  await connection.drain({ timeoutMs: flags.grace });
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
