// SPDX-License-Identifier: Apache-2.0

import type { CredentialSettings, Logger, RouterServer } from "@grpc-router/node";

/** What `serve` reads again on SIGHUP. */
export interface Reloadable {
  readonly server: Pick<RouterServer, "reloadCertificates" | "reloadCredentials">;
  readonly logger: Logger;
  readonly certificates: boolean;
  readonly credentials: (() => readonly CredentialSettings[]) | undefined;
}

/** Reads certificates and credentials again; of each, what cannot be used leaves the old ones, and the log says why. */
export function reload({ server, logger, certificates, credentials }: Reloadable): void {
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
  if (certificates || credentials !== undefined) return;
  logger.log("info", "not_reloaded", "SIGHUP: there is nothing to read again, the router goes on");
}
