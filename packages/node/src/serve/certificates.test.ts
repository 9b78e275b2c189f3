// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { createRecordingLogger, createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Certificates, type ListenerTls } from "./certificates.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-certificates-"));
const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
afterAll(() => rmSync(folder, { recursive: true }));

/** Certificates from files that hold a new pair. */
function create() {
  const pair = write();
  const logger = createRecordingLogger();
  const used: SecureContextOptions[] = [];
  return {
    certificates: new Certificates(files, logger),
    pair,
    logger,
    used,
    use: (tls: SecureContextOptions) => void used.push(tls),
  };
}

function write(pair = createSelfSigned()) {
  writeFileSync(files.cert, pair.cert);
  writeFileSync(files.key, pair.key);
  return pair;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("Certificates", () => {
  it("reload() reads the files again", () => {
    const { certificates, pair, logger, used, use } = create();
    expect(certificates.current).toMatchObject({ ...pair, minVersion: "TLSv1.2" });
    const renewed = write(createSelfSigned(["renewed.example"]));
    certificates.reload(use);
    expect(used).toEqual([expect.objectContaining({ ...renewed, minVersion: "TLSv1.2" })]);
    expect(certificates.current).toBe(used[0]);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Took new certificates: DNS:renewed\.example, valid to \w+ .* GMT$/),
    ]);
  });

  it("reload() tells what is new, and nothing else", () => {
    const [own, one, other, authority] = ["own", "b.example", "c.example", "authority"].map((name) =>
      createSelfSigned([name]),
    );
    if (!own || !one || !other || !authority) throw new Error("each is made above");
    const logger = createRecordingLogger();
    const certificates = new Certificates(
      { ...own, ca: own.cert, names: { "b.example": one, "c.example": other } },
      logger,
    );
    const told = (material?: ListenerTls) => {
      const before = logger.entries.length;
      const isNew = certificates.reload(() => {}, material);
      return [
        isNew,
        ...logger.entries.slice(before).map(({ message }) => message.replaceAll(/, valid to .*? GMT/g, "")),
      ];
    };
    expect(told()).toEqual([false]);
    const renewed = createSelfSigned(["b.example", "d.example"]);
    expect(told({ ...own, ca: authority.cert, names: { "b.example": renewed } })).toEqual([
      true,
      "Took new certificates: authorities: DNS:authority; for b.example: DNS:b.example, DNS:d.example; " +
        "for c.example: none of its own any more",
    ]);
    expect(told()).toEqual([false]);
  });

  it.each([
    [{ clientCertificate: "request" }, "tls.ca must be given with tls.clientCertificate, received none"],
    [{ clientCertificate: "maybe" }, 'tls.clientCertificate must be require or request, received "maybe"'],
  ])("refuses %j", (given, message) => {
    const material = { ...write(), ...given } as ListenerTls; // that it may be wrong is the point
    expect(() => new Certificates(material, createRecordingLogger())).toThrow(`Cannot use TLS: ${message}`);
  });

  it("differences() tells what is in place of what, with the end of each", () => {
    const { certificates } = create();
    expect(certificates.differences(certificates.check(), ["tls"])).toEqual([]);
    write(createSelfSigned(["renewed.example"]));
    const other = createSelfSigned(["b.example"]);
    const read = certificates.check({ ...files, names: { "b.example": other } });
    const valid = (name: string) => expect.stringMatching(new RegExp(`^valid to \\w+ .* GMT, .*DNS:${name}`));
    expect(certificates.differences(read, ["tls"])).toEqual([
      { path: ["tls", "certificate"], before: valid("localhost"), after: valid("renewed.example") },
      { path: ["tls", "names", "b.example", "certificate"], before: undefined, after: valid("b.example") },
    ]);
  });

  it("reload() takes others, which are then those that a reload reads", () => {
    const { certificates, used, use } = create();
    const other = createSelfSigned();
    certificates.reload(use, other);
    certificates.reload(use);
    expect(used).toEqual([expect.objectContaining(other), expect.objectContaining(other)]);
  });

  it.each([
    {
      what: "a key of another",
      damage: () => writeFileSync(files.key, createSelfSigned().key),
      message: /must be the key of tls\.cert/,
    },
    { what: "no key file", damage: () => rmSync(files.key), message: /there is no such file/ },
    {
      what: "half a file",
      damage: () => writeFileSync(files.cert, createSelfSigned().cert.slice(0, 300)),
      message: /must be valid PEM/,
    },
    {
      what: "an empty file",
      damage: () => writeFileSync(files.cert, ""),
      message: /must hold a PEM block "CERTIFICATE"/,
    },
  ])("reload() keeps what it has when it finds $what", ({ damage, message }) => {
    const { certificates, used, use } = create();
    const { current } = certificates;
    damage();
    expect(() => certificates.reload(use)).toThrow(message);
    expect(used).toEqual([]);
    expect(certificates.current).toBe(current);
  });

  it("reload() neither begins nor stops to ask for client certificates", () => {
    const { certificates, pair, use } = create();
    expect(() => certificates.reload(use, { ...pair, ca: pair.cert })).toThrow(
      "Cannot use certificates: tls.ca must be left out as at the start",
    );
    const mutual = new Certificates({ ...pair, ca: pair.cert }, createRecordingLogger());
    expect(() => mutual.reload(use, pair)).toThrow(
      "Cannot use certificates: tls.ca must be given as at the start, received none",
    );
  });

  it("reload() reads those of names again, or takes other names, and watch() then looks at their files", async () => {
    const { certificates, logger, used, use } = create();
    const end = certificates.watch(5, use);
    const named = { cert: join(folder, "named.pem"), key: join(folder, "named-key.pem") };
    const writeNamed = (name: string) => {
      const pair = createSelfSigned([name]);
      writeFileSync(named.cert, pair.cert);
      writeFileSync(named.key, pair.key);
    };
    writeNamed("a.example");
    certificates.reload(use, { ...files, names: { "a.example": named } });
    writeNamed("new.example");
    await vi.waitFor(() => expect(used.length).toBe(2));
    end();
    const ofName = logger.entries.map(({ message }) => /: for a\.example: (\S+),/.exec(message)?.[1]);
    expect(ofName).toEqual(["DNS:a.example", "DNS:new.example"]);
    rmSync(named.key);
    expect(() => certificates.reload(use)).toThrow(
      `Cannot read tls.names["a.example"].key from ${named.key}: there is no such file`,
    );
    expect(used.length).toBe(2);
  });

  it("warns of an expired certificate and uses it", () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 7 * 86_400_000 });
    const pair = createSelfSigned();
    vi.setSystemTime(Date.now() + 7 * 86_400_000);
    const logger = createRecordingLogger();
    new Certificates(pair, logger);
    expect(logger.entries).toMatchObject([
      {
        level: "warn",
        event: "certificate_expired",
        message: expect.stringMatching(
          /^The certificate in tls\.cert \(DNS:localhost, IP Address:127\.0\.0\.1\) has expired on 20\d\d-\d\d-\d\dT/,
        ),
      },
    ]);
  });

  it("watch() takes over changed files, and keeps what it has while they are wrong", async () => {
    const { certificates, logger, used, use } = create();
    const end = certificates.watch(5, use);
    writeFileSync(files.key, createSelfSigned().key);
    await vi.waitFor(() => expect(logger.entries.length).toBe(1));
    expect(logger.entries).toMatchObject([{ level: "error", event: "certificates_kept" }]);
    const renewed = write();
    await vi.waitFor(() => expect(used).toEqual([expect.objectContaining(renewed)]));
    end();
  });

  it("watch() sees what reload() has taken as known, and that it is taken back", async () => {
    const { certificates, logger, pair, used, use } = create();
    const end = certificates.watch(50, use);
    const renewed = write();
    certificates.reload(use);
    writeFileSync(files.cert, pair.cert);
    writeFileSync(files.key, pair.key);
    await vi.waitFor(() => expect(used).toEqual([expect.objectContaining(renewed), expect.objectContaining(pair)]));
    end();
    expect(logger.entries.map(({ event }) => event)).toEqual(["certificates_reloaded", "certificates_reloaded"]);
  });

  it.each([0, 0.5, Number.NaN])("watch() refuses %d ms", (watchMs) => {
    const { certificates, use } = create();
    expect(() => certificates.watch(watchMs, use)).toThrow(
      `Cannot use TLS: tls.watchMs must be 1 or more, received ${watchMs}`,
    );
  });
});
