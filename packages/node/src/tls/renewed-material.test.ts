// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRecordingLogger, createSelfSigned } from "@grpc-router/testing";
import { afterAll, describe, expect, it } from "vitest";
import { createRenewedMaterial } from "./renewed-material.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-renewed-"));
afterAll(() => rmSync(folder, { recursive: true }));
const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };

function write(pair = createSelfSigned()) {
  writeFileSync(files.cert, pair.cert);
  writeFileSync(files.key, pair.key);
  return pair;
}

describe("createRenewedMaterial()", () => {
  it("gives the same record while the files are the same, and another when they are not", () => {
    const first = write();
    const material = createRenewedMaterial(files, createRecordingLogger());
    const before = material();
    expect(before).toMatchObject(first);
    expect(material()).toBe(before);
    const renewed = write();
    expect(material()).toMatchObject(renewed);
  });

  it("keeps what it has while the files cannot be used, and says so once", () => {
    const logger = createRecordingLogger();
    write();
    const material = createRenewedMaterial(files, logger);
    const before = material();
    writeFileSync(files.key, createSelfSigned().key);
    expect([material(), material()]).toEqual([before, before]);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      `Kept the old certificates. Cannot use TLS: tls.key must be the key of tls.cert, received that of another (tls.key from ${files.key}, tls.cert from ${files.cert})`,
    ]);
    rmSync(files.key);
    expect(material()).toBe(before);
    const renewed = write();
    expect(material()).toMatchObject(renewed);
  });

  it("reads nothing again of what was given as text", () => {
    const pair = createSelfSigned();
    const material = createRenewedMaterial(pair, createRecordingLogger());
    expect(material()).toBe(material());
  });

  it("refuses at the start what cannot be used", () => {
    expect(() => createRenewedMaterial({ cert: "/none.pem" }, createRecordingLogger())).toThrow(
      "Cannot read tls.cert from /none.pem",
    );
  });
});
