// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import {
  type AdminTls,
  type LoadedConfig,
  type Logger,
  NodeError,
  type OpenedAdmin,
  openAdmin,
  readToken,
} from "@grpc-router/node";
import { type Command, Option } from "commander";
import { usageError } from "../cli-error.js";
import { configuredAdminTls } from "../config/configured-flags.js";
import type { Io } from "../io.js";
import { type HostPort, parseHostPort } from "../parse/host-port.js";
import { parseDurationMs } from "../parse/options.js";
import { adminTokenVariable } from "./admin-flags.js";

/** Where a router's admin API listens, and what it asks for. */
export interface AdminServeFlags {
  readonly admin: HostPort | false;
  readonly adminTokenFile?: string;
  readonly adminTlsCert?: string;
  readonly adminTlsKey?: string;
  readonly adminTlsCa?: string;
  readonly adminTlsWatch?: number;
  readonly allowTapMessages: boolean;
}

const presetAddress = "127.0.0.1:8081";

/** Adds the flags. */
export function withAdminServeFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--admin <host:port>", "where the admin API listens")
        .argParser(parseHostPort)
        .default(parseHostPort(presetAddress), presetAddress),
    )
    .option("--no-admin", "no admin API")
    .option(
      "--admin-token-file <file>",
      `file with the token that the admin API asks for, default $${adminTokenVariable}`,
    )
    .option("--admin-tls-cert <file>", "PEM certificate chain of the admin API; with --admin-tls-key it speaks TLS")
    .option("--admin-tls-key <file>", "PEM private key")
    .option("--admin-tls-ca <file>", "PEM authorities: who has a certificate of theirs may use the admin API")
    .addOption(
      new Option(
        "--admin-tls-watch <duration>",
        "look at these PEM files this often and take over changed ones",
      ).argParser(parseDurationMs),
    )
    .option("--allow-tap-messages", "let who may use the admin API look at the messages of calls", false);
}

/**
 * Takes the port of the admin API as flags and configuration say, before there is a router; undefined: there is to be none.
 *
 * @throws CliError for flags that cannot be, NodeError as `openAdmin`.
 */
export async function takeAdminPort(
  flags: AdminServeFlags & { readonly loaded?: LoadedConfig },
  { io, logger }: { readonly io: Io; readonly logger: Logger },
): Promise<OpenedAdmin | undefined> {
  if (flags.admin === false) return undefined;
  const { adminTokenFile } = flags;
  const token =
    adminTokenFile === undefined ? io.env[adminTokenVariable]?.trim() : readToken(resolve(io.folder, adminTokenFile));
  const tls = configuredAdminTls(flags.loaded, adminTlsOf(flags, io));
  try {
    return await openAdmin({ ...flags.admin, token, tls, logger });
  } catch (error) {
    if (!(error instanceof NodeError && error.code === "CREDENTIALS_MISSING")) throw error;
    const rule = error.message.replace(/ Give .*$/, "");
    throw usageError(
      `${rule} Give --admin-token-file, or --admin-tls-cert, --admin-tls-key and --admin-tls-ca, or --admin 127.0.0.1:8081`,
      error,
    );
  }
}

/** The certificates of the admin API that flags name. @throws CliError for half of them. */
export function adminTlsOf(
  { adminTlsCert: cert, adminTlsKey: key, adminTlsCa: ca, adminTlsWatch: watchMs }: AdminServeFlags,
  io: Pick<Io, "folder">,
): AdminTls | undefined {
  if ([cert, key, ca, watchMs].every((flag) => flag === undefined)) return undefined;
  if (cert === undefined || key === undefined) {
    throw usageError("Cannot serve the admin API: --admin-tls-cert and --admin-tls-key must be given together");
  }
  const path = (file: string): string => resolve(io.folder, file);
  return { cert: path(cert), key: path(key), ca: ca && path(ca), watchMs };
}
