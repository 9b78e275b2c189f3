// SPDX-License-Identifier: Apache-2.0

import {
  createConsoleLogger,
  createRouter,
  type Logger,
  type LogLevel,
  type Router,
  type RouterServer,
  type ServeTls,
  serveAdmin,
  serveRouter,
} from "@grpc-router/node";
import { isGenRouter } from "@grpc-router/protocol/codegenv1";
import { Command, Option } from "commander";
import { usageError } from "../cli-error.js";
import { type Io, stopped } from "../io.js";
import { loadModule } from "../module/load-module.js";
import { type HostPort, parseHostPort } from "../parse/host-port.js";
import { collect, parseDurationMs } from "../parse/options.js";

interface ServeFlags {
  readonly module: readonly string[];
  readonly listen: HostPort;
  readonly admin: HostPort | false;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly tlsWatch?: number;
  readonly grace: number;
  readonly logLevel: LogLevel | "silent";
  readonly traceFrames: boolean;
}

const examples = `
Examples:
  grpc-router serve --module ./gen/acme/user/v1/user_router.js
  grpc-router serve --module ./a_router.js --module ./b_router.js --listen 0.0.0.0:8080
  grpc-router serve --module ./a_router.js --tls-cert cert.pem --tls-key key.pem

SIGHUP makes it read the certificates again; connections that are open stay.`;

/** `grpc-router serve`: a router without code of one's own. */
export function serveCommand(io: Io): Command {
  return new Command("serve")
    .description("run a router for generated services")
    .requiredOption("--module <file>", "generated router module (x_router.js); may be repeated", collect)
    .addOption(address("--listen <host:port>", "where clients and instances connect", "127.0.0.1:8080"))
    .addOption(address("--admin <host:port>", "where the admin API listens", "127.0.0.1:8081"))
    .option("--no-admin", "no admin API")
    .option("--tls-cert <file>", "PEM certificate chain; with --tls-key the router speaks TLS")
    .option("--tls-key <file>", "PEM private key")
    .option("--tls-ca <file>", "PEM authorities; then clients and instances must show a certificate of theirs")
    .addOption(
      new Option("--tls-watch <duration>", "look at the PEM files this often and take over changed ones").argParser(
        parseDurationMs,
      ),
    )
    .addOption(
      new Option("--grace <duration>", "time that calls get to end on Ctrl-C")
        .argParser(parseDurationMs)
        .default(10_000, "10s"),
    )
    .addOption(new Option("--log-level <level>").choices(["debug", "info", "warn", "error", "silent"]).default("info"))
    .option("--trace-frames", "every HTTP/2 frame on standard error, for debugging", false)
    .addHelpText("after", examples)
    .action((flags: ServeFlags) => serve(flags, io));
}

async function serve(flags: ServeFlags, io: Io): Promise<void> {
  const router = await createRouterOf(flags.module, io);
  const tls = tlsOf(flags);
  const logger = createConsoleLogger({ level: flags.logLevel, stream: { write: io.err, isTTY: process.stderr.isTTY } });
  const trace = flags.traceFrames ? (line: string) => io.err(`${line}\n`) : undefined;
  const server = await serveRouter(router, { ...flags.listen, logger, trace, ...(tls === undefined ? {} : { tls }) });
  try {
    const admin = flags.admin === false ? undefined : await serveAdmin(server, flags.admin);
    if (tls !== undefined) io.onReload(() => reload(server, logger));
    if (admin !== undefined) logger.log("info", "admin_listening", `Admin API on ${admin.url}`);
    io.out(`ready ${server.url.replace(/^https?:\/\//, "")} pid ${process.pid}\n`);
    await stopped(io);
    await server.drain({ timeoutMs: flags.grace });
    await admin?.close();
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function createRouterOf(files: readonly string[], io: Io): Promise<Router> {
  const router = createRouter();
  for (const file of files) {
    const entries = Object.values(await loadModule(file, io.folder)).filter(isGenRouter);
    if (entries.length === 0) {
      throw usageError(
        `Cannot serve ${file}: it must export a generated router, found none. Give the file x_router.js`,
      );
    }
    for (const entry of entries) router.service(entry);
  }
  return router;
}

/** New certificates, or the old ones and why. */
function reload(server: Pick<RouterServer, "reloadCertificates">, logger: Logger): void {
  try {
    server.reloadCertificates();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.log("error", "certificates_kept", `Kept the old certificates. ${reason}`);
  }
}

function tlsOf({ tlsCert, tlsKey, tlsCa, tlsWatch }: ServeFlags): ServeTls | undefined {
  if ([tlsCert, tlsKey, tlsCa, tlsWatch].every((flag) => flag === undefined)) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError("Cannot use TLS: --tls-cert and --tls-key must be given together");
  }
  return { cert: tlsCert, key: tlsKey, ca: tlsCa, watchMs: tlsWatch };
}

function address(flags: string, description: string, preset: string): Option {
  return new Option(flags, description).argParser(parseHostPort).default(parseHostPort(preset), preset);
}
