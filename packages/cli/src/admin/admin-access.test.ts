// SPDX-License-Identifier: Apache-2.0
// serve --admin… and the commands that ask it, where others can reach it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";
import { type RunningRouter, startRunningRouter } from "./running-router.suite.js";

const token = "0123456789abcdef0123456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "grpc-router-admin-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const own = createSelfSigned();
const operator = createSelfSigned();
const files = {
  token: file("token", `${token}\n`),
  wrong: file("wrong", "another-token-of-16"),
  cert: file("cert.pem", own.cert),
  key: file("key.pem", own.key),
  operatorCert: file("operator.pem", operator.cert),
  operatorKey: file("operator-key.pem", operator.key),
};

let router: RunningRouter;
beforeAll(async () => {
  const tls = ["--admin-tls-cert", files.cert, "--admin-tls-key", files.key, "--admin-tls-ca", files.operatorCert];
  router = await startRunningRouter("--admin", "0.0.0.0:0", "--admin-token-file", files.token, ...tls);
});
afterAll(async () => {
  await router.close();
  rmSync(folder, { recursive: true });
});

async function ask(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const io = createTestIo({ env });
  const admin = router.adminUrl.replace("0.0.0.0", "127.0.0.1");
  const code = await run([...args, "--admin", admin], io);
  return { code, ...io.text };
}

const trusting = ["--admin-tls-ca", files.cert];

describe("an admin API that asks for proof", () => {
  it.each<[what: string, flags: readonly string[], env: Readonly<Record<string, string>>]>([
    ["the token", ["--admin-token-file", files.token], {}],
    ["the token of the environment", [], { GRPC_ROUTER_ADMIN_TOKEN: token }],
    ["a certificate", ["--admin-tls-cert", files.operatorCert, "--admin-tls-key", files.operatorKey], {}],
  ])("answers who has %s", async (_, flags, env) => {
    const { code, out, err } = await ask(["instances", ...trusting, ...flags], env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("notes-1");
  });

  it("streams events to who has the token", async () => {
    expect((await ask(["events", ...trusting, "--admin-token-file", files.token])).out).toContain("listening");
  });

  it.each([
    [trusting, "asks for a bearer token or a certificate. Give --admin-token-file, or --admin-tls-cert and"],
    [[...trusting, "--admin-token-file", files.wrong], "it does not know the token. Give that of the router's"],
    [
      [...trusting, "--admin-tls-cert", files.cert, "--admin-tls-key", files.key],
      "it does not trust the certificate. Give one of its --admin-tls-ca",
    ],
    [[], "certificate. Give --admin-tls-ca"],
    [["--admin-token-file", join(folder, "none")], "there is no such file"],
    [["--admin-tls-ca", join(folder, "none")], "there is no such file. Give the path of a PEM file"],
  ])("tells others what to do: %#", async (flags, text) => {
    expect(await ask(["instances", ...flags])).toEqual({ code: 1, out: "", err: expect.stringContaining(text) });
  });

  it("is no plain text", async () => {
    const io = createTestIo();
    const admin = router.adminUrl.replace("https://0.0.0.0", "http://127.0.0.1");
    expect(await run(["instances", "--admin", admin], io)).toBe(1);
    expect(io.text.err).toContain("Does it speak TLS (https://) or not (http://)?");
  });

  it.each([
    [
      "http://",
      "its answer is not that of an admin API (HTTP 505). Is that the port of clients? Give the address with",
    ],
    ["https://", "it does not speak TLS. Write http://"],
  ])("is not at the port of clients, %s", async (scheme, text) => {
    const io = createTestIo();
    expect(await run(["instances", "--admin", router.url.replace("http://", scheme)], io)).toBe(1);
    expect(io.text.err).toContain(text);
  });

  it("tells probes without any proof", async () => {
    expect(await ask(["ready", ...trusting])).toEqual({ code: 0, out: "ready\n", err: "" });
  });
});

describe("SIGHUP", () => {
  it("makes the router read the certificates of its admin API again, and keep the old ones when they are none", async () => {
    router.io.hangUp();
    await router.io.until(/SIGHUP: nothing is new, the router goes on/);
    for (const pair of [createSelfSigned(), own]) {
      router.io.text.err = "";
      writeFileSync(files.cert, pair.cert);
      writeFileSync(files.key, pair.key);
      router.io.hangUp();
      expect(router.io.text.err).toContain("Took new certificates of the admin API");
      expect(router.io.text.err).not.toContain("SIGHUP: ");
    }
    writeFileSync(files.cert, "no certificate");
    router.io.hangUp();
    writeFileSync(files.cert, own.cert);
    expect(router.io.text.err).toContain("Kept the old certificates of the admin API. Cannot use TLS");
    expect((await ask(["ready", ...trusting])).code).toBe(0);
  });
});

describe("grpc-router serve --admin", () => {
  it.each([
    [["--admin", "0.0.0.0:0"], "Give --admin-token-file, or --admin-tls-cert, --admin-tls-key and --admin-tls-ca, or"],
    [["--admin-tls-ca", files.cert], "--admin-tls-cert and --admin-tls-key must be given together"],
    [["--admin-tls-watch", "5s"], "--admin-tls-cert and --admin-tls-key must be given together"],
  ])("%j is refused", async (flags, text) => {
    const io = createTestIo();
    expect(await run(["serve", "--listen", "127.0.0.1:0", ...flags], io)).toBe(2);
    expect(io.text.err).toContain(text);
    expect(io.text.err).not.toContain("Routing on");
  });

  it("does not begin to route where its port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const io = createTestIo();
    expect(await run(["serve", "--listen", "127.0.0.1:0", "--admin", address], io)).toBe(1);
    expect(io.text.err).toBe(
      `Cannot listen on ${address}: the port is in use. Stop the other process or choose another port\n`,
    );
    other.close();
    // And gives its own back when the router has none.
    const taken = createTestIo();
    const ports = ["--listen", "127.0.0.1:0", "--tls-cert", "none.pem", "--tls-key", "none.pem"];
    for (let round = 0; round < 2; round++) {
      expect(await run(["serve", ...ports, "--admin", address], taken)).toBe(1);
    }
    expect(taken.text.err).not.toContain("in use");
  });

  it("takes its token from the environment, without the end of a line that files have", async () => {
    const io = createTestIo({ env: { GRPC_ROUTER_ADMIN_TOKEN: `${token}\n` } });
    const done = run(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], io);
    await io.until(/Admin API on \S+/);
    const admin = /Admin API on (\S+)/.exec(io.text.err)?.[1] ?? "";
    const asking = createTestIo({ env: { GRPC_ROUTER_ADMIN: admin, GRPC_ROUTER_ADMIN_TOKEN: token } });
    expect([await run(["instances"], asking), asking.text.err]).toEqual([0, ""]);
    io.interrupt();
    expect(await done).toBe(0);
  });

  it("refuses one half of what the client shows", async () => {
    expect(await ask(["instances", "--admin-tls-cert", files.cert])).toMatchObject({
      code: 2,
      err: "Cannot ask the router: --admin-tls-cert and --admin-tls-key must be given together\n",
    });
  });
});
