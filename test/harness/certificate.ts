// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSelfSigned } from "@grpc-router/testing";

/** Paths of a certificate for localhost and 127.0.0.1 that vouches for itself, and of its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Writes a new certificate, valid for a day, to files in the system's temporary folder. */
export function createCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-tls-"));
  const paths = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const { cert, key } = createSelfSigned();
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, key, { mode: 0o600 });
  return paths;
}
