// SPDX-License-Identifier: Apache-2.0

import { resolve } from "node:path";
import { missingFile, usageError } from "../cli-error.js";
import { readTlsFiles, type TlsTexts } from "../credentials/tls-files.js";
import type { Io } from "../io.js";
import { parseHostPort } from "../parse/host-port.js";
import { type AdminFlags, adminTokenVariable, adminVariable, defaultAdminAddress } from "./admin-flags.js";

/** The admin API of one router, and what to show it. */
export interface AdminTarget {
  /** `http://host:port` or `https://host:port`, without a path. */
  readonly url: string;
  readonly token: string | undefined;
  readonly tls: TlsTexts;
}

/**
 * Reads the flags, the files that they name and the variables that stand in for them.
 *
 * @throws CliError for what is no address, and for files that cannot be read.
 */
export async function readAdminTarget(flags: AdminFlags, io: Io): Promise<AdminTarget> {
  const { adminTlsCa: ca, adminTlsCert: cert, adminTlsKey: key } = flags;
  const url = urlOf(flags.admin ?? io.env[adminVariable] ?? defaultAdminAddress, (ca ?? cert ?? key) !== undefined);
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError("Cannot ask the router: --admin-tls-cert and --admin-tls-key must be given together");
  }
  const tls = readTlsFiles({ ca, cert, key }, { prefix: "--admin-tls-", folder: io.folder });
  return { url, token: await tokenOf(flags, io), tls };
}

/** The URL that is said; of an address as `serve --admin` takes it, with https where it is `encrypted`. */
function urlOf(said: string, encrypted: boolean): string {
  if (/^https?:\/\/[^/]+\/?$/.test(said)) return said.replace(/\/$/, "");
  try {
    const { host, port } = parseHostPort(said);
    return `${encrypted ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  } catch {
    throw usageError(
      `Cannot ask the router: --admin must be host:port, http://host:port or https://host:port, received ${said}`,
    );
  }
}

async function tokenOf({ adminTokenFile }: AdminFlags, io: Io): Promise<string | undefined> {
  if (adminTokenFile === undefined) return io.env[adminTokenVariable]?.trim() || undefined;
  // Here and not above: a health check without a token starts in a fifth of the time.
  const { NodeError, readToken } = await import("@grpc-router/node");
  try {
    return readToken(resolve(io.folder, adminTokenFile));
  } catch (error) {
    if (error instanceof NodeError) throw missingFile(error.message, error);
    throw error;
  }
}
