// SPDX-License-Identifier: Apache-2.0
// serve with credentials, and bridges that show them, in process.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-serve-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const secret = "the-notes-secret-0123456789";
write("token", `${secret}\n`);
write("wrong", "another-secret-0123456789\n");
const { cert, key } = createSelfSigned(["localhost", "127.0.0.1", "spiffe://acme/notes"]);
write("cert.pem", cert);
write("key.pem", key);
const tls = ["--tls-cert", join(folder, "cert.pem"), "--tls-key", join(folder, "key.pem")];
const ca = ["--tls-ca", join(folder, "cert.pem")];

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0).reverse()) {
    io.interrupt();
    await done;
  }
});

type Env = Readonly<Record<string, string>>;

function start(args: readonly string[], env: Env = {}) {
  const io = createTestIo({ folder, env });
  const done = run(args, io);
  running.push({ io, done });
  return { io, done };
}

async function once(args: readonly string[], env: Env = {}) {
  const io = createTestIo({ folder, env });
  return { code: await run(args, io), ...io.text };
}

async function serve(flags: readonly string[], env: Env = {}) {
  const { io } = start(["serve", "--module", modules, "--listen", "127.0.0.1:0", "--no-admin", ...flags], env);
  await io.until(/^ready (.*) pid \d+$/m);
  return { io, address: /^ready (.*) pid/m.exec(io.text.out)?.[1] ?? "" };
}

const bridge = (url: string, flags: readonly string[], env: Env = {}) =>
  start(["bridge", modules, "--router", url, "--grace", "1s", ...flags], env).io;

const call = (address: string, flags: readonly string[] = []) =>
  once(["call", address, "test.v1.NoteService/Get", ...flags]);

describe("grpc-router serve with credentials", () => {
  it.each<[string, string[], Env, string[], Env]>([
    ["one token in files", ["--instance-token-file", "token"], {}, ["--token-file", "token"], {}],
    ["one token in variables", [], { GRPC_ROUTER_INSTANCE_TOKEN: secret }, [], { GRPC_ROUTER_TOKEN: `${secret}\n` }],
  ])("lets in who shows %s, and nobody else; callers need none", async (_name, serveFlags, serveEnv, flags, env) => {
    const { io, address } = await serve(serveFlags, serveEnv);
    expect(io.text.err).not.toContain("instances need no credential");
    const stranger = bridge(`http://${address}`, []);
    await stranger.until(
      /Cannot register test\.v1\.NoteService: the instance must show a credential that the router knows, received none \(CREDENTIAL_INVALID\)\. Give it a token or a certificate that the router lists\. Next attempt in \d\d s/,
    );
    const wrong = bridge(`http://${address}`, ["--token-file", "wrong"]);
    await wrong.until(/received another \(CREDENTIAL_INVALID\)/);
    expect((await call(address)).err).toMatch(/NO_INSTANCE/);
    const right = bridge(`http://${address}`, flags, env);
    await right.until(/^registered pid/m);
    expect(await call(address)).toMatchObject({ code: 0, out: '{"text":"got "}\n' });
    for (const { text } of [io, stranger, wrong, right]) expect(text.out + text.err).not.toMatch(/secret/);
  });

  it("takes certificates of instances and lets clients come without", async () => {
    write(
      "certificates.json",
      JSON.stringify({
        credentials: [{ name: "notes", services: ["test.v1.*"], certificates: ["spiffe://acme/notes"] }],
      }),
    );
    const { address } = await serve([
      ...tls,
      ...ca,
      "--tls-client-certificate",
      "request",
      "--credentials",
      "certificates.json",
    ]);
    const without = bridge(`https://${address}`, ca);
    await without.until(/received none \(CREDENTIAL_INVALID\)/);
    const own = bridge(`https://${address}`, [...ca, ...tls]);
    await own.until(/^registered pid/m);
    expect(await call(address, ["--tls-ca", "cert.pem"])).toMatchObject({ code: 0 });
  });

  it("reads them again on SIGHUP, and keeps the old ones while the new cannot be used", async () => {
    const list = (services: string[]) =>
      write("list.json", JSON.stringify({ credentials: [{ name: "notes", services, tokens: [{ file: "token" }] }] }));
    list(["test.v1.NoteService"]);
    const { io, address } = await serve(["--credentials", "list.json"]);
    const notes = bridge(`http://${address}`, ["--token-file", "token"]);
    await notes.until(/^registered pid/m);
    list(["other.v1.*"]);
    io.hangUp();
    expect(io.text.err).toMatch(/Took new credentials: 1; registrations drained: 1/);
    await notes.until(
      /the credential notes must be allowed to serve it \(SERVICE_NOT_ALLOWED\)\. Add it to the services/,
    );
    write("list.json", '{"credentials": [{"name": "notes"}]}');
    io.hangUp();
    expect(io.text.err).toMatch(
      /Kept the old credentials\. Cannot use credentials of .*list\.json: credentials\[0\]\.services must be a list of one service or more, received nothing/,
    );
  });

  it.each<[string, string[], Env, number, RegExp]>([
    [
      "an address of others without any",
      ["--listen", "0.0.0.0:0"],
      {},
      2,
      /^Cannot listen on 0\.0\.0\.0:0: where others can reach the router, instances must show credentials, received none\. Give --credentials, --instance-token-file or --tls-ca, or --allow-unauthenticated-instances$/,
    ],
    [
      "two answers",
      ["--credentials", "a", "--instance-token-file", "b"],
      {},
      2,
      /^Cannot use credentials: give --credentials or --instance-token-file, received both$/,
    ],
    [
      "a file that is missing",
      ["--credentials", "none.json"],
      {},
      1,
      /^Cannot read credentials from .*none\.json: there is no such file$/,
    ],
    [
      "a short token",
      [],
      { GRPC_ROUTER_INSTANCE_TOKEN: "short" },
      1,
      /^Cannot use the token of GRPC_ROUTER_INSTANCE_TOKEN: it must be 16 to 4096 of .*, received 5 characters$/,
    ],
    [
      "certificates asked for without authorities",
      [...tls, "--tls-client-certificate", "request"],
      {},
      1,
      /^Cannot use TLS: tls\.ca must be given with tls\.clientCertificate, received none$/,
    ],
  ])("refuses %s", async (_name, flags, env, code, message) => {
    const result = await once(["serve", "--module", modules, "--no-admin", "--listen", "127.0.0.1:0", ...flags], env);
    expect(result).toMatchObject({ code, out: "" });
    expect(result.err.trim()).toMatch(message);
  });

  it("lets whoever reaches it register if it is told to, and warns", async () => {
    const { io } = await serve(["--listen", "0.0.0.0:0", "--allow-unauthenticated-instances"]);
    expect(io.text.err).toMatch(/Whoever reaches the router may register instances and gets calls/);
  });
});

describe("grpc-router bridge with a token", () => {
  const args = ["bridge", modules, "--router", "http://router.example:1", "--token-file", "token"];

  it("does not show it to another machine in plain text unless it is told to", async () => {
    expect(await once(args)).toEqual({
      code: 2,
      out: "",
      err: "Cannot dial the router: with a token its URL must be https://, or of this machine, received http://router.example:1. Write https://, or give --allow-plaintext-token\n",
    });
    const { io, done } = start([...args, "--allow-plaintext-token"]);
    await io.until(/Cannot reach router http:\/\/router\.example:1/);
    io.interrupt();
    expect(await done).toBe(0);
  });

  it("says that its file cannot be used", async () => {
    expect(await once([...args.slice(0, -1), "none"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Cannot read the token from .*none: there is no such file\n$/),
    });
  });
});
