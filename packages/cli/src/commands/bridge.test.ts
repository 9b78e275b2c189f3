// SPDX-License-Identifier: Apache-2.0
// `bridge --to` in process: a router, a plain gRPC server, and the command between them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startTestServer, type TestReflection, testSchemaBytes } from "../call/test-service.suite.js";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-bridge-"));
writeFileSync(join(folder, "image.binpb"), testSchemaBytes);
writeFileSync(join(folder, "other.binpb"), "not a descriptor set");
afterAll(() => rmSync(folder, { recursive: true }));

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
const servers: { close(): void }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0).reverse()) {
    io.interrupt();
    await done;
  }
  for (const server of servers.splice(0)) server.close();
});

function start(...args: readonly string[]) {
  const io = createTestIo({ folder });
  const done = run(args, io);
  running.push({ io, done });
  return { io, done };
}

async function once(...args: readonly string[]) {
  const io = createTestIo({ folder });
  return { code: await run(args, io), ...io.text };
}

async function startServer(reflection: TestReflection = "all") {
  const server = await startTestServer(reflection);
  servers.push(server);
  return server;
}

async function startRouter(): Promise<string> {
  const { io } = start("serve", "--module", modules, "--listen", "127.0.0.1:0", "--no-admin", "--grace", "1s");
  await io.until(/^ready (.*) pid \d+$/m);
  return `http://${/^ready (.*) pid/m.exec(io.text.out)?.[1] ?? ""}`;
}

const ROUTER = ["--router", "http://127.0.0.1:1"];

describe("grpc-router bridge --to", () => {
  it.each<[string, TestReflection, string[]]>([
    ["reflection", "all", []],
    ["reflection that leaves imports out", "single", []],
    ["old reflection", "alpha", []],
    ["a descriptor set", "none", ["--descriptor-set", "image.binpb", "--service", "test.v1.NoteService"]],
  ])("learns the services by %s, and serves all four kinds", async (_name, reflection, flags) => {
    const { address } = await startServer(reflection);
    const router = await startRouter();
    const { io, done } = start("bridge", "--to", address, "--router", router, ...flags);
    await io.until(/^registered pid \d+$/m);
    expect(io.text.err).toMatch(/Registered test\.v1\.NoteService \(4 methods\)/);
    const call = (method: string, data: string) => once("call", `${router}/test.v1.NoteService/${method}`, "-d", data);
    expect(await call("Get", '{"text":"a"}')).toMatchObject({ code: 0, out: '{"text":"got a"}\n' });
    expect((await call("Watch", '{"text":"a","count":2}')).out).toBe(
      '{"text":"a","count":1}\n{"text":"a","count":2}\n',
    );
    expect((await call("Count", '{"text":"a"}{"text":"b"}')).out).toBe('{"text":"a+b","count":2}\n');
    expect((await call("Chat", '{"text":"a"}{"text":"b"}')).out).toBe('{"text":"A"}\n{"text":"B"}\n');
    expect(await call("Get", '{"text":"fail"}')).toMatchObject({ code: 69, err: "NOT_FOUND (5): no such note\n" });
    io.interrupt();
    expect(await done).toBe(0);
  });

  it("asks and dials a server over TLS whose certificate has another name than its address", async () => {
    const material = createSelfSigned(["users.internal"]);
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, material.cert);
    const server = await startTestServer("all", material);
    servers.push(server);
    const router = await startRouter();
    const to = ["bridge", "--to", server.url, "--to-ca", ca, "--router", router];
    const stranger = await once(...to);
    expect(stranger.code).toBe(1);
    expect(stranger.err).toMatch(
      /^Cannot learn the services of https:.*\. Give the name in its certificate with --to-servername\n$/,
    );
    const { io } = start(...to, "--to-servername", "users.internal");
    await io.until(/^registered pid \d+$/m);
    await io.until(/takes calls/);
    const answer = await once("call", `${router}/test.v1.NoteService/Get`, "-d", '{"text":"a"}');
    expect(answer).toMatchObject({ code: 0, out: '{"text":"got a"}\n' });
  });

  it("states how long messages may be with --max-message-bytes", async () => {
    const { address } = await startServer();
    const router = await startRouter();
    const { io } = start("bridge", "--to", address, "--router", router, "--max-message-bytes", "20");
    await io.until(/takes calls/);
    const get = (text: string) => once("call", `${router}/test.v1.NoteService/Get`, "-d", JSON.stringify({ text }));
    expect((await get("a")).code).toBe(0);
    expect((await get("a".repeat(30))).err).toMatch(/a request of .* at most 20 bytes, received 32 /);
  });

  it("says what to do about a server without reflection", async () => {
    const { address } = await startServer("none");
    const { code, err } = await once("bridge", "--to", address, ...ROUTER);
    expect(code).toBe(1);
    expect(err).toMatch(/the server has no reflection\. Give a descriptor set with --descriptor-set; make one/);
  });

  it("names what the server does not have", async () => {
    const { address, url } = await startServer();
    const wanted = ["--service", "test.v1.NoteService", "--service", "test.v1.Other"];
    const { code, err } = await once("bridge", "--to", address, ...wanted, ...ROUTER);
    expect({ code, err }).toEqual({
      code: 2,
      err: `Cannot bridge test.v1.Other: the server at ${url} has no such service\n`,
    });
  });

  it("asks again when nobody listens, and ends with 0 when told to", async () => {
    const { io, done } = start("bridge", "--to", "127.0.0.1:1", ...ROUTER);
    await io.until(/Cannot learn the services of http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*Trying again in \d/);
    io.interrupt();
    expect(await done).toBe(0);
  });

  it("ends with 0 when told to while no router can be reached", async () => {
    const { io, done } = start("bridge", modules, ...ROUTER);
    await io.until(/Cannot reach router http:\/\/127\.0\.0\.1:1: connection refused\. Trying again in \d/);
    io.interrupt();
    expect(await done).toBe(0);
    expect(io.text.err).toMatch(/event=left/);
  });

  it.each<[string, string[], RegExp]>([
    [
      "a wrong id before it asks the server",
      ["--to", "127.0.0.1:1", "--id", "a b"],
      /: id must be 1 to 128 of .*"a b"$/,
    ],
    [
      "a wrong router before it asks the server",
      ["--to", "127.0.0.1:1", "--router", "h:1"],
      /must start with http.*Write http:\/\/h:1$/,
    ],
    ["neither module nor server", [], /^Cannot bridge: give a module, or a gRPC server with --to$/],
    ["both", ["x.js", "--to", "localhost:1"], /^Cannot bridge both x\.js and localhost:1: give a module or --to/],
    ["a limit that the module has", ["x.js", "--max-message-bytes", "9"], /--max-message-bytes, .* go with --to/],
    ["a flag of --to with a module", ["x.js", "--service", "a.B"], /^Cannot bridge x\.js: --service, .* go with --to/],
    [
      "a file that is missing",
      ["--to", "h:1", "--descriptor-set", "no.binpb"],
      /Cannot read --descriptor-set no\.binpb/,
    ],
    ["a file that is none", ["--to", "h:1", "--descriptor-set", "other.binpb"], /it is no complete descriptor set/],
    ["an authority that is missing", ["--to", "h:1", "--to-ca", "no.pem"], /Cannot read --to-ca no\.pem/],
    [
      "a path in the address",
      ["--to", "http://h:1/x", "--descriptor-set", "image.binpb"],
      /Cannot dial the server: its URL must have no path/,
    ],
    [
      "TLS flags for plain HTTP",
      ["--to", "http://h:1", "--to-ca", "image.binpb", "--descriptor-set", "image.binpb"],
      /Cannot dial the server: with tls its URL must be https/,
    ],
  ])("refuses %s", async (_name, args, message) => {
    const { code, err } = await once("bridge", ...args, ...ROUTER);
    expect(code).toBeGreaterThan(0);
    expect(err.trim()).toMatch(message);
  });
});
