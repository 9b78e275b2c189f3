// SPDX-License-Identifier: Apache-2.0
// Other people's scanners against a router process; their reports are kept in artifacts/.
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Certificate, createCertificate } from "../harness/certificate.ts";
import { runProcess } from "../harness/processes.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { runSslScan } from "./sslscan.ts";
import { runTestssl, testsslName } from "./testssl.ts";

const artifacts = fileURLToPath(new URL("../../artifacts", import.meta.url));
mkdirSync(artifacts, { recursive: true });
const skipped = (missing: string | undefined) => (missing === undefined ? "" : `, skipped: ${missing}`);

/** What testssl.sh says of a certificate made for a test, of its own surroundings, or of a check that a slow machine cuts short. */
const ofTheTest = new Set([
  "sessionresumption_ticket", // packages/node tests resumption itself
  "sessionresumption_ID",
  "cert_chain_of_trust",
  "cert_expirationStatus",
  "cert_notAfter",
  "cert_validityPeriod",
  "cert_extlifeSpan",
  "cert_revocation",
  "DNS_CAArecord",
  "OCSP_stapling",
  "certificate_transparency",
  "engine_problem",
  "scanProblem",
]);

const noScan = missingTool("sslscan") ?? missingTool("openssl");
describe.skipIf(noScan !== undefined)(`sslscan${skipped(noScan)}`, () => {
  test.each([
    { key: "ECDSA", make: () => createCertificate() },
    { key: "RSA", make: createRsaCertificate },
  ])("finds TLS 1.2 and 1.3 with AEAD suites and ECDHE only, with a certificate for $key", async ({ key, make }) => {
    const router = await startRouter({ tls: await make() });
    const scan = await runSslScan(router.address, join(artifacts, `sslscan-${key.toLowerCase()}.xml`));
    await router.stop();
    expect(scan).toEqual({
      protocols: ["tls 1.2", "tls 1.3"],
      suites: [
        "TLSv1.3 TLS_AES_128_GCM_SHA256",
        "TLSv1.3 TLS_AES_256_GCM_SHA384",
        "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256",
        `TLSv1.2 ECDHE-${key}-AES128-GCM-SHA256`,
        `TLSv1.2 ECDHE-${key}-AES256-GCM-SHA384`,
        `TLSv1.2 ECDHE-${key}-CHACHA20-POLY1305`,
      ],
      groups: expect.not.arrayContaining([expect.stringMatching(/dhe|sect|secp1|secp224|brainpool/)]),
      renegotiation: false,
      heartbleed: false,
    });
    expect(scan.groups).toContain("x25519");
  });
});

const noTestssl = missingTool(testsslName);
describe.skipIf(noTestssl !== undefined)(`testssl.sh${skipped(noTestssl)}`, () => {
  let router: RouterProcess;
  beforeAll(async () => {
    router = await startRouter({ tls: createCertificate() });
  });
  afterAll(() => router?.stop());

  test("finds nothing to complain of", { timeout: 300_000 }, async () => {
    const findings = await runTestssl(router.address, join(artifacts, "testssl.json"));
    const complaints = findings.filter(({ id, severity }) => !/^(OK|INFO)$/.test(severity) && !ofTheTest.has(id));
    expect(complaints).toEqual([]);
    // It has looked: a check that did not run complains of nothing.
    const severities = new Map(findings.map(({ id, severity }) => [id, severity]));
    for (const id of ["SSLv2", "SSLv3", "TLS1_3", "cipherlist_NULL", "cipherlist_aNULL", "cipherlist_EXPORT"]) {
      expect(severities.get(id), id).toBe("OK");
    }
    for (const id of ["heartbleed", "CCS", "ticketbleed", "secure_client_renego", "CRIME_TLS", "SWEET32", "LUCKY13"]) {
      expect(severities.get(id), id).toBe("OK");
    }
    expect(findings.find(({ id }) => id === "ALPN_HTTP2")?.finding).toBe("h2");
  });
});

/** As `createCertificate`, with a key of RSA. */
async function createRsaCertificate(): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), "grpc-router-rsa-"));
  const paths = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const { code, stderr } = await runProcess(requireTool("openssl"), [
    ...args,
    ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", paths.key, "-out", paths.cert],
  ]);
  if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  return paths;
}
