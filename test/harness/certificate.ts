// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "./processes.ts";

/** Paths of a certificate for 127.0.0.1 and localhost that vouches for itself, and of its key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for a test with `openssl`, valid for two days. */
export async function createCertificate(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-tls-"));
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  const result = await runProcess("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-keyout", key, "-out", cert],
  ]);
  if (result.code !== 0)
    throw new Error(`Cannot make a certificate: openssl ended with ${result.code}: ${result.stderr}`);
  return { cert, key };
}
