// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { createRecordingLogger, createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Certificates, joinPrepared } from "./certificates.js";
import type { CertificateFiles, ServeTls } from "./serve-options.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-certificates-"));
const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
afterAll(() => rmSync(folder, { recursive: true }));

/** Certificates from files that hold a new pair, of a listener that runs. */
function create({ watchMs, listener = "client" }: { watchMs?: number; listener?: "client" | "admin" } = {}) {
  const pair = write();
  const logger = createRecordingLogger();
  const used: SecureContextOptions[] = [];
  const certificates = new Certificates({ ...files, watchMs }, { listener, logger });
  const end = certificates.follow((tls) => void used.push(tls));
  return { certificates, pair, logger, used, end };
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
  it("prepare() reads the files again, and take() uses what was read", () => {
    const { certificates, pair, logger, used } = create();
    expect(certificates.current).toMatchObject({ ...pair, minVersion: "TLSv1.2" });
    const renewed = write(createSelfSigned(["renewed.example"]));
    const prepared = certificates.prepare();
    expect([used, certificates.current]).toEqual([[], expect.objectContaining(pair)]);
    write();
    expect(prepared.take()).toBe(true);
    expect(used).toEqual([expect.objectContaining({ ...renewed, minVersion: "TLSv1.2" })]);
    expect(certificates.current).toBe(used[0]);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Took new certificates: DNS:renewed\.example, valid to \w+ .* GMT$/),
    ]);
  });

  it("take() tells what is new, and nothing else", () => {
    const [own, one, other, authority] = ["own", "b.example", "c.example", "authority"].map((name) =>
      createSelfSigned([name]),
    );
    if (!own || !one || !other || !authority) throw new Error("each is made above");
    const logger = createRecordingLogger();
    const certificates = new Certificates(
      { ...own, ca: own.cert, names: { "b.example": one, "c.example": other } },
      { listener: "client", logger },
    );
    const told = (other?: CertificateFiles) => {
      const before = logger.entries.length;
      const isNew = certificates.prepare(other).take();
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
    [{ watchMs: 0 }, "tls.watchMs must be 1 or more, received 0"],
    [{ watchMs: 0.5 }, "tls.watchMs must be 1 or more, received 0.5"],
    [{ watchMs: Number.NaN }, "tls.watchMs must be 1 or more, received NaN"],
  ])("refuses %j", (given, message) => {
    const tls = { ...write(), ...given } as ServeTls; // that it may be wrong is the point
    const options = { listener: "client", logger: createRecordingLogger() } as const;
    expect(() => new Certificates(tls, options)).toThrow(`Cannot use TLS: ${message}`);
  });

  it.each(["client", "admin"] as const)("prepare() tells what is in place of what at the %s's", (listener) => {
    const { certificates } = create({ listener });
    expect(certificates.prepare().differences).toEqual([]);
    write(createSelfSigned(["renewed.example"]));
    const other = createSelfSigned(["b.example"]);
    const valid = (name: string) => expect.stringMatching(new RegExp(`^valid to \\w+ .* GMT, .*DNS:${name}`));
    const path = ["listeners", listener, "tls"];
    expect(certificates.prepare({ ...files, names: { "b.example": other } }).differences).toEqual([
      { path: [...path, "certificate"], before: valid("localhost"), after: valid("renewed.example") },
      { path: [...path, "names", "b.example", "certificate"], before: undefined, after: valid("b.example") },
    ]);
  });

  it("joinPrepared() tells of all and takes all", () => {
    const [one, other] = [create(), create({ listener: "admin" })];
    write(createSelfSigned(["renewed.example"]));
    const joined = joinPrepared([one.certificates.prepare(), other.certificates.prepare()]);
    expect(joined.differences.map(({ path }) => path[1])).toEqual(["client", "admin"]);
    expect([joined.take(), one.used.length, other.used.length]).toEqual([true, 1, 1]);
    expect(other.logger.entries.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Took new certificates of the admin API: DNS:renewed\.example, /),
    ]);
    expect(joinPrepared([one.certificates.prepare(), other.certificates.prepare()]).take()).toBe(false);
  });

  it("take() takes others, which are then those that are read again", () => {
    const { certificates, used } = create();
    const other = createSelfSigned();
    certificates.prepare(other).take();
    certificates.prepare().take();
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
  ])("prepare() refuses $what, and all stays as it was", ({ damage, message }) => {
    const { certificates, used } = create();
    const { current } = certificates;
    damage();
    expect(() => certificates.prepare()).toThrow(message);
    expect(used).toEqual([]);
    expect(certificates.current).toBe(current);
  });

  it("prepare() neither begins nor stops to ask for client certificates", () => {
    const { certificates, pair } = create();
    expect(() => certificates.prepare({ ...pair, ca: pair.cert })).toThrow(
      "Cannot use certificates: tls.ca must be left out as at the start",
    );
    const options = { listener: "client", logger: createRecordingLogger() } as const;
    const mutual = new Certificates({ ...pair, ca: pair.cert }, options);
    expect(() => mutual.prepare(pair)).toThrow(
      "Cannot use certificates: tls.ca must be given as at the start, received none",
    );
  });

  it("prepare() reads those of names again, or other names, and follow() then looks at their files", async () => {
    const { certificates, logger, used, end } = create({ watchMs: 5 });
    const named = { cert: join(folder, "named.pem"), key: join(folder, "named-key.pem") };
    const writeNamed = (name: string) => {
      const pair = createSelfSigned([name]);
      writeFileSync(named.cert, pair.cert);
      writeFileSync(named.key, pair.key);
    };
    writeNamed("a.example");
    certificates.prepare({ ...files, names: { "a.example": named } }).take();
    writeNamed("new.example");
    await vi.waitFor(() => expect(used.length).toBe(2));
    end();
    const ofName = logger.entries.map(({ message }) => /: for a\.example: (\S+),/.exec(message)?.[1]);
    expect(ofName).toEqual(["DNS:a.example", "DNS:new.example"]);
    rmSync(named.key);
    expect(() => certificates.prepare()).toThrow(
      `Cannot read tls.names["a.example"].key from ${named.key}: there is no such file`,
    );
    expect(used.length).toBe(2);
  });

  it("warns of an expired certificate and uses it", () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 7 * 86_400_000 });
    const pair = createSelfSigned();
    vi.setSystemTime(Date.now() + 7 * 86_400_000);
    const logger = createRecordingLogger();
    new Certificates(pair, { listener: "client", logger });
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

  it.each([
    ["client", ""],
    ["admin", " of the admin API"],
  ] as const)(
    "follow() takes over changed files of the %s's, and keeps what it has while they are wrong",
    async (listener, whose) => {
      const { logger, used, end } = create({ watchMs: 5, listener });
      writeFileSync(files.key, createSelfSigned().key);
      await vi.waitFor(() => expect(logger.entries.length).toBe(1));
      const renewed = write();
      await vi.waitFor(() => expect(used).toEqual([expect.objectContaining(renewed)]));
      expect(logger.entries).toMatchObject([
        {
          level: "error",
          event: "certificates_kept",
          message: expect.stringMatching(`^Kept the old certificates${whose}\\. Cannot use TLS: tls\\.key must be`),
        },
        {
          level: "info",
          event: "certificates_reloaded",
          message: expect.stringMatching(`^Took new certificates${whose}: DNS:localhost, `),
        },
      ]);
      end();
    },
  );

  it("follow() sees what take() has taken as known, and that it is taken back", async () => {
    const { certificates, logger, pair, used, end } = create({ watchMs: 50 });
    const renewed = write();
    certificates.prepare().take();
    writeFileSync(files.cert, pair.cert);
    writeFileSync(files.key, pair.key);
    await vi.waitFor(() => expect(used).toEqual([expect.objectContaining(renewed), expect.objectContaining(pair)]));
    end();
    expect(logger.entries.map(({ event }) => event)).toEqual(["certificates_reloaded", "certificates_reloaded"]);
  });

  it("follow() takes what was written between prepare() and take()", async () => {
    const { certificates, used, end } = create({ watchMs: 5 });
    const first = write();
    const prepared = certificates.prepare();
    const second = write();
    prepared.take();
    await vi.waitFor(() => expect(used).toEqual([expect.objectContaining(first), expect.objectContaining(second)]));
    end();
  });

  it("follow() looks no more once it is ended, also when others are taken later", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { certificates, end } = create({ watchMs: 5 });
    expect(vi.getTimerCount()).toBe(1);
    end();
    certificates.prepare().take();
    expect(vi.getTimerCount()).toBe(0);
  });
});
