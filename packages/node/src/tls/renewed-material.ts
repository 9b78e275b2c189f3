// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import type { SecureContextOptions } from "node:tls";
import type { Logger } from "@grpc-router/protocol";
import { firstLine } from "../node-error.js";
import { warnOfDates } from "./judge-dates.js";
import { isPemText, readTlsMaterial, type TlsMaterial } from "./tls-material.js";

/**
 * TLS of the dialling side through the renewals of its files: they are looked at before each connection, so an instance
 * shows a renewed certificate when it next connects. The same record comes back as long as nothing has changed.
 *
 * @throws NodeError as `readTlsMaterial`, at the start only; later what cannot be used is logged, and the old one stays.
 */
export function createRenewedMaterial(material: TlsMaterial, logger: Logger): () => SecureContextOptions {
  const paths = [material.cert, material.key, material.ca].filter((part) => part !== undefined && !isPemText(part));
  let current = read();
  let texts = paths.map(textOf).join("\0");
  return () => {
    const now = paths.map(textOf).join("\0");
    if (now === texts) return current;
    texts = now;
    try {
      current = read();
    } catch (error) {
      logger.log("error", "certificates_kept", `Kept the old certificates. ${firstLine(error)}`);
    }
    return current;
  };

  function read(): SecureContextOptions {
    const options = readTlsMaterial(material);
    const textIn = (part: unknown) => (typeof part === "string" ? part : undefined);
    warnOfDates(material, { cert: textIn(options.cert), ca: textIn(options.ca) }, logger);
    return options;
  }
}

/** The text of a file; of one that cannot be read, why. */
function textOf(path: string | undefined): string {
  try {
    return readFileSync(path ?? "", "utf8");
  } catch (error) {
    return firstLine(error);
  }
}
