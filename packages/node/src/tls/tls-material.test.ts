// SPDX-License-Identifier: Apache-2.0

import { createPrivateKey, type KeyExportOptions } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, describe, expect, it } from "vitest";
import { readTlsMaterial } from "./tls-material.js";

const { cert, key } = createSelfSigned();
const folder = mkdtempSync(join(tmpdir(), "grpc-router-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const certFile = file("cert.pem", cert);
const strangerFile = file("stranger.pem", createSelfSigned().key);
const halfFile = file("half.pem", cert.slice(0, 300));
const encrypted = (how: KeyExportOptions<"pem">): string =>
  createPrivateKey(key)
    .export({ ...how, cipher: "aes-256-cbc", passphrase: "geheim" })
    .toString();
const encryptedFile = file("encrypted.pem", encrypted({ type: "pkcs8", format: "pem" }));

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
      what: "the key of another certificate, naming the files",
      material: { cert: certFile, key: strangerFile },
      code: "TLS_INVALID",
      message: `Cannot use TLS: tls.key must be the key of tls.cert, received that of another (tls.key from ${strangerFile}, tls.cert from ${certFile})`,
    },
    {
      what: "broken PEM",
      material: { ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
      code: "TLS_INVALID",
      message: expect.stringMatching(
        /^Cannot use TLS: tls\.ca must be valid PEM, received what OpenSSL refuses \(error:[^)]*\)$/,
      ),
    },
    {
      what: "the end of authorities",
      material: { ca: file("end.pem", "-----END CERTIFICATE-----\n") },
      code: "TLS_INVALID",
      message: expect.stringMatching(/^Cannot use TLS: tls\.ca must be valid PEM, .* from .*end\.pem$/),
    },
    {
      what: "authorities of which one is broken",
      material: { ca: `${cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` },
      code: "TLS_INVALID",
      message: expect.stringMatching(/^Cannot use TLS: tls\.ca must be valid PEM, received what OpenSSL refuses/),
    },
    {
      what: "authorities that end in the middle of one",
      material: { ca: cert + cert.slice(0, 300) },
      code: "TLS_INVALID",
      message: expect.stringMatching(/^Cannot use TLS: tls\.ca must be valid PEM, received what OpenSSL refuses/),
    },
    {
      what: "a chain of which one is broken",
      material: { cert: `${cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, key },
      code: "TLS_INVALID",
      message: expect.stringContaining("refuses"),
    },
    {
      what: "a chain that ends in the middle of one",
      material: { cert: cert + cert.slice(0, 300), key },
      code: "TLS_INVALID",
      message: expect.stringContaining("refuses"),
    },
    {
      what: "half a certificate's file",
      material: { cert: halfFile, key },
      code: "TLS_INVALID",
      message: expect.stringMatching(/^Cannot use TLS: tls\.cert must be valid PEM, .* from .*half\.pem$/),
    },
    {
      what: "half a key",
      material: { cert, key: key.slice(0, 80) },
      code: "TLS_INVALID",
      message: expect.stringMatching(
        /^Cannot use TLS: tls\.key must be a private key in PEM, received what OpenSSL refuses/,
      ),
    },
    {
      what: "an encrypted key",
      material: { cert, key: encryptedFile },
      code: "TLS_INVALID",
      message: `Cannot use TLS: tls.key must not be encrypted, received an encrypted one from ${encryptedFile}. Decrypt it: openssl pkey -in KEY -out KEY.plain`,
    },
    {
      what: "an encrypted key of the old kind",
      material: { cert, key: encrypted({ type: "sec1", format: "pem" }) },
      code: "TLS_INVALID",
      message: expect.stringContaining("tls.key must not be encrypted, received an encrypted one. Decrypt it"),
    },
  ])("refuses $what", ({ material, code, message }) => {
    expect(() => readTlsMaterial(material)).toThrow(expect.objectContaining({ code, message }));
  });

  it.each([
    { what: "half a key", material: { cert, key: key.slice(0, 120) } },
    { what: "a key in the certificate's place", material: { cert: key, key } },
    { what: "the key of another", material: { cert, key: createSelfSigned().key } },
    { what: "an encrypted key", material: { cert, key: encrypted({ type: "pkcs8", format: "pem" }) } },
  ])("keeps $what out of its error, causes and dumps included", ({ material }) => {
    const error: unknown = (() => {
      try {
        return readTlsMaterial(material);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(Error);
    const dump = inspect(error, { depth: 10, showHidden: true });
    const secrets = material.key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
    for (const secret of secrets) expect(dump).not.toContain(secret);
  });
});
