// SPDX-License-Identifier: Apache-2.0
// The certificates of a running router's listeners, that of the admin API included, through reloads and renewals.

import fs, { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { connect } from "node:tls";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-serve-certificates-"));
afterAll(() => rmSync(folder, { recursive: true }));

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0)) {
    io.interrupt();
    await done;
  }
});

/** Writes NAME.pem and NAME-key.pem, a pair for the name. */
function writePair(file: string, name: string): void {
  const { cert, key } = createSelfSigned([name, "127.0.0.1"]);
  writeFileSync(join(folder, `${file}.pem`), cert);
  writeFileSync(join(folder, `${file}-key.pem`), key);
}

beforeEach(() => {
  writePair("client", "client.example");
  writePair("admin", "admin.example");
});

/** A configuration whose listeners have certificates in files; `more` is more of it. */
function write({ admin = "admin", more = "" } = {}): void {
  const tls = (file: string, own = "") => `tls: { certificate: ${file}.pem, key: ${file}-key.pem${own} }`;
  writeFileSync(
    join(folder, "router.yaml"),
    [
      "listeners:",
      `  client: { address: 127.0.0.1:0, ${tls("client")} }`,
      `  admin: { address: 127.0.0.1:0, ${tls(admin, more)} }`,
      "drain: { grace: 1s }",
      "",
    ].join("\n"),
  );
}

async function start(...flags: readonly string[]) {
  const io = createTestIo({ folder });
  running.push({ io, done: run(["serve", ...flags], io) });
  await io.until(/^ready (.*) pid \d+$/m);
  const client = /^ready (\S+)/m.exec(io.text.out)?.[1] ?? "";
  const adminUrl = /Admin API on (\S+)/.exec(io.text.err)?.[1] ?? "";
  return { io, client, adminUrl, admin: new URL(adminUrl).host };
}

/** What a reload would come to, or comes to, as the admin API says it to who knows the certificate in a file. */
async function ask(adminUrl: string, file: string, ...flags: readonly string[]) {
  const io = createTestIo({ folder });
  const command = ["config", "reload", ...flags, "--admin", adminUrl, "--admin-tls-ca", file];
  return { code: await run(command, io), ...io.text };
}

/** What is logged of the next reload. */
async function reload(io: TestIo): Promise<string> {
  io.text.err = "";
  io.hangUp();
  await io.until(/event=config_(reloaded|kept).*\n/);
  return io.text.err.replaceAll('\\"', '"');
}

/** The first name in the certificate that a new connection sees. */
function nameAt(address: string): Promise<string | undefined> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] }, () => {
      resolve(/DNS:([^,]+)/.exec(socket.getPeerX509Certificate()?.subjectAltName ?? "")?.[1]);
      socket.destroy();
    }).on("error", reject);
  });
}

describe("serve --config takes certificates of the client's listener and of the admin API", () => {
  it("from the files that it names, or from others, and says which take the place of which", async () => {
    write();
    const { io, client, admin, adminUrl } = await start("--config", "router.yaml");
    copyFileSync(join(folder, "admin.pem"), join(folder, "old.pem"));
    writePair("admin", "renewed.example");
    const change =
      /listeners\.admin\.tls\.certificate: "valid to .* DNS:admin\.example.*" → "valid to .* DNS:renewed\.example/;
    expect(await ask(adminUrl, "old.pem", "--check")).toMatchObject({ code: 0, out: expect.stringMatching(change) });
    expect(await nameAt(admin)).toBe("admin.example");
    const taken = await reload(io);
    expect(taken).toMatch(change);
    expect(taken).toMatch(
      /Took new certificates of the admin API: DNS:renewed\.example, .* event=certificates_reloaded/,
    );
    expect([await nameAt(client), await nameAt(admin)]).toEqual(["client.example", "renewed.example"]);
    expect((await ask(adminUrl, "admin.pem")).out).toBe("Generation 3 is in force: 0 changes\n");
    writePair("other", "other.example");
    write({ admin: "other" });
    expect(await reload(io)).toContain('listeners.admin.tls.certificate: "admin.pem" → "other.pem"');
    expect([await nameAt(client), await nameAt(admin)]).toEqual(["client.example", "other.example"]);
    // From now on it is these that are read again.
    writePair("other", "third.example");
    await reload(io);
    expect(await nameAt(admin)).toBe("third.example");
  });

  it("all of them, or none where one cannot be used", async () => {
    write();
    const { io, client, admin, adminUrl } = await start("--config", "router.yaml");
    writePair("client", "renewed.example");
    writeFileSync(join(folder, "admin-key.pem"), createSelfSigned().key);
    const place =
      /router\.yaml:3:\d+: listeners\.admin\.tls\.key: Cannot use TLS: tls\.key must be the key of tls\.cert/;
    for (const flags of [["--check"], []]) {
      const { code, out } = await ask(adminUrl, "admin.pem", ...flags);
      expect([code, out]).toEqual([1, expect.stringMatching(place)]);
    }
    const refused = await reload(io);
    expect(refused).toMatch(place);
    expect(refused).toContain("event=config_kept generation=1");
    expect([await nameAt(client), await nameAt(admin)]).toEqual(["client.example", "admin.example"]);
    // With what else is wrong, at once.
    write({ more: ", watch_intervall: 5s" });
    expect(await reload(io)).toMatch(/listeners\.admin\.tls\.watch_intervall: there is no field/);
    // Whether certificates are asked for, and how often files are looked at, stays as at the start.
    writePair("admin", "renewed.example");
    write({ more: ", authorities: client.pem" });
    expect(await reload(io)).toMatch(
      /router\.yaml:3:\d+: listeners\.admin\.tls\.authorities: Cannot use certificates: tls\.ca must be left out/,
    );
    write({ more: ", watch_interval: 5s" });
    expect(await reload(io)).toContain('listeners.admin.tls.watch_interval: not said → "5s": it takes a restart');
    write();
    expect(await reload(io)).toContain("event=config_reloaded generation=2");
    expect([await nameAt(client), await nameAt(admin)]).toEqual(["renewed.example", "renewed.example"]);
  });

  it("and reads each file once", async () => {
    write();
    const { io } = await start("--config", "router.yaml");
    writePair("client", "renewed.example");
    writePair("admin", "renewed.example");
    const read = vi.spyOn(fs, "readFileSync");
    syncBuiltinESMExports();
    try {
      expect(await reload(io)).toContain("event=config_reloaded");
      const files = read.mock.calls.map(([path]) => basename(String(path)));
      expect(files.toSorted()).toEqual(["admin-key.pem", "admin.pem", "client-key.pem", "client.pem", "router.yaml"]);
    } finally {
      read.mockRestore();
      syncBuiltinESMExports();
    }
  });

  it("with those that flags name before it, and those of a new configuration by --config-watch", async () => {
    write({ admin: "other" });
    writePair("flags", "flags.example");
    const own = ["--admin-tls-cert", "flags.pem", "--admin-tls-key", "flags-key.pem"];
    const { io, admin } = await start("--config", "router.yaml", "--config-watch", "10ms", ...own);
    expect(await nameAt(admin)).toBe("flags.example");
    writePair("flags", "renewed.example");
    write();
    await io.until(/listeners\.admin\.tls\.key: .*event=config_reloaded/s);
    expect(await nameAt(admin)).toBe("renewed.example");
    writeFileSync(join(folder, "flags.pem"), "no certificate");
    expect(await reload(io)).toMatch(
      /Cannot use TLS: tls\.cert must hold a PEM block .*flags\.pem event=config_mistake/,
    );
    expect(await nameAt(admin)).toBe("renewed.example");
  });
});

describe("a watch of the admin API's certificates", () => {
  it.each([
    [
      "--admin-tls-watch",
      ["--admin-tls-cert", "admin.pem", "--admin-tls-key", "admin-key.pem", "--admin-tls-watch", "20ms"],
    ],
    ["watch_interval", ["--config", "router.yaml"]],
  ])("by %s takes what has changed, and open connections stay", async (_, flags) => {
    write({ more: ", watch_interval: 0.02s" });
    const { io, admin, adminUrl } = await start("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", ...flags);
    const session = connectHttp2(adminUrl, { rejectUnauthorized: false });
    const ready = () =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": "/ready" }).on("response", (head) => resolve(head[":status"]));
        stream.on("error", reject).resume();
      });
    const ended = vi.fn<(error?: Error) => void>();
    session.on("close", ended).on("error", ended);
    expect(await ready()).toBe(200);
    writePair("admin", "renewed.example");
    await io.until(/Took new certificates of the admin API: DNS:renewed\.example, .* event=certificates_reloaded/);
    expect(await nameAt(admin)).toBe("renewed.example");
    expect(await ready()).toBe(200);
    writeFileSync(join(folder, "admin.pem"), "no certificate");
    await io.until(/Kept the old certificates of the admin API\. Cannot use TLS: .* event=certificates_kept/);
    expect([await nameAt(admin), await ready(), ended.mock.calls]).toEqual(["renewed.example", 200, []]);
    session.close();
  });
});
