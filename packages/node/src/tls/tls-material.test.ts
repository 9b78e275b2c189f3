// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, describe, expect, it } from "vitest";
import { readTlsMaterial } from "./tls-material.js";

const { cert, key } = createSelfSigned();
const folder = mkdtempSync(join(tmpdir(), "grpc-router-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const certFile = join(folder, "cert.pem");
writeFileSync(certFile, cert);

describe("readTlsMaterial()", () => {
  it("takes PEM text and files alike, TLS 1.2 at least", () => {
    expect(readTlsMaterial({ cert: certFile, key })).toMatchObject({ cert, key, minVersion: "TLSv1.2" });
    expect(readTlsMaterial({ ca: cert })).toMatchObject({ ca: cert });
    expect(readTlsMaterial({}).ciphers).not.toContain("RSA-AES128-SHA");
  });

  it.each([
    {
      what: "a missing file",
      material: { cert: "/nowhere/cert.pem", key },
      code: "FILE_UNREADABLE",
      message: "Cannot read tls.cert from /nowhere/cert.pem: there is no such file. Give the path of a PEM file",
    },
    {
      what: "a folder",
      material: { ca: tmpdir() },
      code: "FILE_UNREADABLE",
      message: `Cannot read tls.ca from ${tmpdir()}: EISDIR: illegal operation on a directory, read. Give the path of a PEM file`,
    },
    {
      what: "a key in place of the certificate",
      material: { cert: key, key },
      code: "TLS_INVALID",
      message: 'Cannot use TLS: tls.cert must hold a PEM block "CERTIFICATE", received other PEM text',
    },
    {
      what: "a certificate's file in place of the key",
      material: { cert, key: certFile },
      code: "TLS_INVALID",
      message: `Cannot use TLS: tls.key must hold a PEM block "PRIVATE KEY", received ${certFile}`,
    },
    {
      what: "a certificate without key",
      material: { cert },
      code: "TLS_INVALID",
      message: "Cannot use TLS: tls.key must be given with tls.cert, received none",
    },
    {
      what: "a key without certificate",
      material: { key },
      code: "TLS_INVALID",
      message: "Cannot use TLS: tls.cert must be given with tls.key, received none",
    },
    {
      what: "the key of another certificate",
      material: { cert, key: createSelfSigned().key },
      code: "TLS_INVALID",
      message: "Cannot use TLS: tls.key must be the key of tls.cert, received that of another",
    },
    {
      what: "broken PEM",
      material: { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
      code: "TLS_INVALID",
      message: expect.stringContaining("Cannot use TLS: the certificate and key must be valid PEM, received"),
    },
  ])("refuses $what", ({ material, code, message }) => {
    expect(() => readTlsMaterial(material)).toThrow(expect.objectContaining({ code, message }));
  });
});
