// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startTestServer, type TestReflection, testSchemaBytes } from "../call/test-service.suite.js";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-call-"));
writeFileSync(join(folder, "schema.binpb"), testSchemaBytes);
writeFileSync(join(folder, "other.binpb"), "not a descriptor set");
afterAll(() => rmSync(folder, { recursive: true }));

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function call(
  method: string,
  flags: readonly string[] = [],
  options: { readonly reflection?: TestReflection; readonly input?: readonly string[] } = {},
) {
  const server = await startTestServer(options.reflection);
  servers.push(server);
  const io = createTestIo({ folder, ...(options.input === undefined ? {} : { input: options.input }) });
  const code = await run(["call", `${server.url}/test.v1.NoteService/${method}`, ...flags], io);
  return { code, out: io.text.out, err: io.text.err, server };
}

describe("grpc-router call", () => {
  it.each([
    ["Get", '{"text":"a","count":3}', '{"text":"got a","count":3}\n'],
    ["Watch", '{"text":"a","count":2}', '{"text":"a","count":1}\n{"text":"a","count":2}\n'],
    ["Count", '{"text":"a"}{"text":"b"}', '{"text":"a+b","count":2}\n'],
    ["Chat", '{"text":"a"}\n{"text":"b"}', '{"text":"A"}\n{"text":"B"}\n'],
  ])("makes a call of every kind: %s", async (method, data, out) => {
    expect(await call(method, ["-d", data])).toMatchObject({ code: 0, out, err: "" });
  });

  it.each([
    ["Get", '{"text":"got "}\n'],
    ["Watch", ""],
    ["Count", "{}\n"],
    ["Chat", ""],
  ])("without -d sends one empty message, or none on a stream: %s", async (method, out) => {
    expect(await call(method)).toMatchObject({ code: 0, out, err: "" });
  });

  it("reads messages from standard input", async () => {
    const result = await call("Count", ["-d", "@"], { input: ['{"text":"a"}{"te', 'xt":"b"}'] });
    expect(result).toMatchObject({ code: 0, out: '{"text":"a+b","count":2}\n' });
  });

  it("sends headers and with -v prints those of the response", async () => {
    const result = await call("Get", ["-H", "x-tenant: t1", "-v", "-d", "{}"]);
    expect(result.code).toBe(0);
    expect(result.err).toContain("< x-seen: t1\n");
    expect(result.err).toContain("< x-last: trailer\n");
  });

  it.each(["single", "alpha"] as const)("learns the schema from reflection of kind %s", async (reflection) => {
    expect(await call("Get", ["-d", '{"text":"a"}'], { reflection })).toMatchObject({
      code: 0,
      out: '{"text":"got a"}\n',
    });
  });

  it("takes the schema from a descriptor set", async () => {
    const result = await call("Get", ["--schema", "schema.binpb"], { reflection: "none" });
    expect(result).toMatchObject({ code: 0, out: '{"text":"got "}\n' });
  });

  it("without reflection asks for a schema", async () => {
    expect(await call("Get", [], { reflection: "none" })).toMatchObject({
      code: 1,
      err: "Cannot learn the schema: the server has no reflection. Give a descriptor set with --schema; make one: npx buf build -o schema.binpb\n",
    });
  });

  it("ends with 64 + status when the call fails", async () => {
    expect(await call("Get", ["-d", '{"text":"fail"}'])).toMatchObject({
      code: 69,
      out: "",
      err: "NOT_FOUND (5): no such note\n",
    });
  });

  it("says that nobody listens", async () => {
    const { server } = await call("Get");
    servers.splice(0);
    await new Promise<void>((resolve) => {
      server.close();
      setImmediate(resolve);
    });
    const io = createTestIo();
    expect(await run(["call", server.address, "test.v1.NoteService/Get"], io)).toBe(78);
    expect(io.text.err).toBe(
      `UNAVAILABLE (14): Cannot reach ${server.url}: connection refused. Is the router running?\n`,
    );
  });

  it.each([
    ["a field that is not there", "Get", ["-d", '{"txt":"a"}'], 2, /^Cannot read -d as test\.v1\.Note: .*"txt"/],
    ["data that is no JSON", "Get", ["-d", "{"], 2, /^Cannot read -d as test\.v1\.Note: /],
    ["too many messages", "Get", ["-d", "{}{}"], 2, /^Cannot call Get: it takes one message, received more in -d$/],
    [
      "an unknown method",
      "Gt",
      [],
      2,
      /^Cannot call Gt: test\.v1\.NoteService has no such method, it has Get, Watch, Count, Chat$/,
    ],
    ["a bad header", "Get", ["-H", "oops"], 2, /^Cannot read header "oops": it must be 'name: value'$/],
    [
      "a header of other characters",
      "Get",
      ["-H", "x: \u0001"],
      2,
      /^Cannot read header ".*": name and value must be printable ASCII$/,
    ],
    [
      "a missing schema",
      "Get",
      ["--schema", "no.binpb"],
      1,
      /^Cannot read --schema no\.binpb: there is no such file\./,
    ],
    [
      "a schema of another kind",
      "Get",
      ["--schema", "other.binpb"],
      2,
      /^Cannot read --schema other\.binpb: it is no complete descriptor set\./,
    ],
    [
      "a missing certificate",
      "Get",
      ["--tls-cert", "no.pem", "--tls-key", "no.pem"],
      1,
      /^Cannot read --tls-cert no\.pem: /,
    ],
    [
      "a certificate without its key",
      "Get",
      ["--tls-cert", "no.pem"],
      2,
      /^Cannot use TLS: --tls-cert and --tls-key must be given together/,
    ],
    ["missing authorities", "Get", ["--tls-ca", "no.pem"], 1, /^Cannot read --tls-ca no\.pem: there is no such file\./],
    ["a bad timeout", "Get", ["--timeout", "soon"], 2, /Write a duration, such as 1\.5s or 200ms\./],
  ])("refuses %s in one line", async (_, method, flags, code, message) => {
    const result = await call(method, flags);
    expect(result.code).toBe(code);
    expect(result.err).toMatch(new RegExp(message.source, "m"));
    expect(result.err.match(/\n/g)?.length).toBe(1);
  });

  it("names the services there are when the one asked for is not", async () => {
    const server = await startTestServer();
    servers.push(server);
    const io = createTestIo({ folder });
    expect(await run(["call", server.address, "test.v1.Other/Get"], io)).toBe(1);
    expect(io.text.err).toBe("Cannot call test.v1.Other: the server has no such service, it has test.v1.NoteService\n");
    const local = createTestIo({ folder });
    expect(await run(["call", server.address, "test.v1.Other/Get", "--schema", "schema.binpb"], local)).toBe(2);
    expect(local.text.err).toBe(
      "Cannot call test.v1.Other: the schema has no such service, it has test.v1.NoteService\n",
    );
  });

  it("ends with CANCELLED on Ctrl-C", async () => {
    const server = await startTestServer();
    servers.push(server);
    const io = createTestIo({ folder, input: ['{"text":"a"}'] });
    const endless = {
      ...io,
      input: (async function* () {
        yield* io.input;
        await new Promise(() => {});
      })(),
    };
    const done = run(["call", server.address, "test.v1.NoteService/Chat", "-d", "@"], endless);
    await io.until(/"A"/);
    io.interrupt();
    expect(await done).toBe(65);
    expect(io.text.err).toMatch(/^CANCELLED \(1\): /);
  });
});
