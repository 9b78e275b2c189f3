// SPDX-License-Identifier: Apache-2.0

import type { Logger, RenewableCertificates, Router, RouterServer } from "@grpc-router/node";
import type { ReloadedPart } from "../lifecycle/reloaded-part.js";
import { renewServices } from "../module/follow-services.js";

/** What `serve` reads again on SIGHUP. */
export interface Reloadable {
  readonly server: Pick<RouterServer, "setServices">;
  readonly logger: Logger;
  /** Undefined: plain text. */
  readonly certificates: RenewableCertificates | undefined;
  /** Those of the admin API; undefined: it speaks plain text, or there is none. */
  readonly adminCertificates: RenewableCertificates | undefined;
  /** Reads them again and takes them; answers whether they are others. Undefined: there are none. */
  readonly credentials: (() => boolean) | undefined;
  /** Makes a router of the services as they are now; undefined: they come from no files that change. */
  readonly services: (() => Promise<Router>) | undefined;
}

/**
 * Reads certificates, credentials and descriptor sets again; of each, what cannot be used leaves the old ones, and the log
 * says why. It says what is new, and that nothing is.
 */
export async function reload({
  server,
  logger,
  certificates,
  adminCertificates,
  credentials,
  services,
}: Reloadable): Promise<void> {
  const attempt = (what: "certificates" | "credentials", act: () => boolean, whose = ""): ReloadedPart => {
    try {
      return act() ? "told" : "same";
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.log("error", `${what}_kept`, `Kept the old ${what}${whose}. ${reason}`);
      return "told";
    }
  };
  const renew = (tls: RenewableCertificates | undefined, whose?: string): ReloadedPart =>
    tls === undefined ? "none" : attempt("certificates", () => tls.prepare().take(), whose);
  const parts: readonly ReloadedPart[] = [
    renew(certificates),
    renew(adminCertificates, " of the admin API"),
    credentials === undefined ? "none" : attempt("credentials", credentials),
    services === undefined ? "none" : await renewServices({ server, logger, create: services }),
  ];
  if (parts.includes("told")) return;
  const what = parts.includes("same") ? "nothing is new" : "there is nothing to read again";
  logger.log("info", "not_reloaded", `SIGHUP: ${what}, the router goes on`);
}
