// SPDX-License-Identifier: Apache-2.0

import type { CredentialSettings, Logger, Router, RouterServer } from "@grpc-router/node";
import { renewServices } from "../module/follow-services.js";

/** What `serve` reads again on SIGHUP. */
export interface Reloadable {
  readonly server: Pick<RouterServer, "reloadCertificates" | "reloadCredentials" | "setServices">;
  readonly logger: Logger;
  readonly certificates: boolean;
  readonly credentials: (() => readonly CredentialSettings[]) | undefined;
  /** Makes a router of the services as they are now; undefined: they come from no files that change. */
  readonly services: (() => Promise<Router>) | undefined;
  /** Something else was read again already. */
  readonly renewed?: boolean;
}

/** Reads certificates, credentials and descriptor sets again; of each, what cannot be used leaves the old ones, and the log says why. */
export function reload({ server, logger, certificates, credentials, services, renewed }: Reloadable): void {
  const attempt = (what: "certificates" | "credentials", act: () => void): void => {
    try {
      act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.log("error", `${what}_kept`, `Kept the old ${what}. ${reason}`);
    }
  };
  if (certificates) attempt("certificates", () => server.reloadCertificates());
  if (credentials !== undefined) attempt("credentials", () => server.reloadCredentials(credentials()));
  if (services !== undefined) void renewServices({ server, logger, create: services });
  if (certificates || credentials !== undefined || services !== undefined || renewed === true) return;
  logger.log("info", "not_reloaded", "SIGHUP: there is nothing to read again, the router goes on");
}
