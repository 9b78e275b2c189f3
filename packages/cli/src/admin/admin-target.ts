// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { missingFile, usageError } from "../cli-error.js";
import type { Io } from "../io.js";
import { type AdminFlags, adminTokenVariable, adminVariable, defaultAdminUrl } from "./admin-flags.js";

/** The admin API of one router, and what to show it. */
export interface AdminTarget {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly token: string | undefined;
  /** PEM texts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/**
 * Reads the flags, the files that they name and the variables that stand in for them.
 *
 * @throws CliError for what is no URL, and for files that cannot be read.
 */
export async function readAdminTarget(flags: AdminFlags, io: Io): Promise<AdminTarget> {
  const url = flags.admin ?? io.env[adminVariable] ?? defaultAdminUrl;
  if (!/^https?:\/\/[^/]+\/?$/.test(url)) {
    throw usageError(`Cannot ask the router: --admin must be http://host:port, received ${url}`);
  }
  const { adminTlsCa, adminTlsCert, adminTlsKey } = flags;
  if ((adminTlsCert === undefined) !== (adminTlsKey === undefined)) {
    throw usageError("Cannot ask the router: --admin-tls-cert and --admin-tls-key must be given together");
  }
  const tls = {
    ...(adminTlsCa === undefined ? {} : { ca: readPem("--admin-tls-ca", adminTlsCa, io) }),
    ...(adminTlsCert === undefined ? {} : { cert: readPem("--admin-tls-cert", adminTlsCert, io) }),
    ...(adminTlsKey === undefined ? {} : { key: readPem("--admin-tls-key", adminTlsKey, io) }),
  };
  return { url: url.replace(/\/$/, ""), token: await tokenOf(flags, io), tls };
}

async function tokenOf({ adminTokenFile }: AdminFlags, io: Io): Promise<string | undefined> {
  if (adminTokenFile === undefined) return io.env[adminTokenVariable];
  // Here and not above: a health check without a token starts in a fifth of the time.
  const { NodeError, readToken } = await import("@grpc-router/node");
  try {
    return readToken(resolve(io.folder, adminTokenFile));
  } catch (error) {
    if (error instanceof NodeError) throw missingFile(error.message, error);
    throw error;
  }
}

function readPem(flag: string, file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.folder, file), "utf8");
  } catch (error) {
    throw missingFile(`Cannot read ${flag} ${file}: there is no such file. Give the path of a PEM file`, error);
  }
}
