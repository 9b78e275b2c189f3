// SPDX-License-Identifier: Apache-2.0

import type { Command } from "commander";

/** Where the admin API of a router listens unless said otherwise. */
export const defaultAdminAddress = "127.0.0.1:8081";

/** The variables that stand in for `--admin` and `--admin-token-file`. */
export const adminVariable = "GRPC_ROUTER_ADMIN";
export const adminTokenVariable = "GRPC_ROUTER_ADMIN_TOKEN";

/** How to reach the admin API; the same for every command that does. */
export interface AdminFlags {
  readonly admin?: string;
  readonly adminTokenFile?: string;
  readonly adminTlsCa?: string;
  readonly adminTlsCert?: string;
  readonly adminTlsKey?: string;
}

/** Adds the flags. */
export function withAdminFlags(command: Command): Command {
  return command
    .option(
      "--admin <address>",
      `the router's admin API, host:port or a URL; host:port is http://, and https:// with --admin-tls-…; default $${adminVariable}, else ${defaultAdminAddress}`,
    )
    .option("--admin-token-file <file>", `file with the token of the admin API, default $${adminTokenVariable}`)
    .option("--admin-tls-ca <file>", "PEM authorities of the admin API's certificate")
    .option("--admin-tls-cert <file>", "PEM certificate chain to show to the admin API; with --admin-tls-key")
    .option("--admin-tls-key <file>", "PEM private key");
}
