// SPDX-License-Identifier: Apache-2.0
// serve, bridge, instances and call together, in process.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo, type TestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-serve-"));
writeFileSync(join(folder, "empty.js"), "export const nothing = 1;\n");
writeFileSync(join(folder, "broken.js"), "throw new Error('broken in two\\nlines');\n");
writeFileSync(join(folder, "package.json"), '{"type":"module"}');
afterAll(() => rmSync(folder, { recursive: true }));

const running: { readonly io: TestIo; readonly done: Promise<number> }[] = [];
afterEach(async () => {
  for (const { io, done } of running.splice(0).reverse()) {
    io.interrupt();
    await done;
  }
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

/** A router with an admin API on free ports. */
async function serve(...flags: readonly string[]) {
  const { io } = start(
    "serve",
    "--module",
    modules,
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "127.0.0.1:0",
    "--grace",
    "1s",
    ...flags,
  );
  await io.until(/^ready (.*) pid \d+$/m);
  const address = /^ready (.*) pid/m.exec(io.text.out)?.[1] ?? "";
  const adminUrl = /Admin API on (\S+)/.exec(io.text.err)?.[1] ?? "";
  return { io, address, adminUrl };
}

describe("grpc-router serve and bridge", () => {
  it("carry calls of all four kinds from call to a user's module", async () => {
    const { address, adminUrl } = await serve();
    const bridge = start(
      "bridge",
      modules,
      "--router",
      `http://${address}`,
      "--id",
      "notes-1",
      "--capacity",
      "7",
      "--label",
      "v=2",
    );
    await bridge.io.until(/^registered pid \d+$/m);
    const path = `${address}/test.v1.NoteService`;
    expect(await once("call", `${path}/Get`, "-d", '{"text":"a"}')).toEqual({
      code: 0,
      out: '{"text":"got a"}\n',
      err: "",
    });
    expect((await once("call", `${path}/Watch`, "-d", '{"text":"a","count":2}')).out).toBe(
      '{"text":"a","count":1}\n{"text":"a","count":2}\n',
    );
    expect((await once("call", `${path}/Count`, "-d", '{"text":"a"}{"text":"b"}')).out).toBe(
      '{"text":"a+b","count":2}\n',
    );
    expect((await once("call", `${path}/Chat`, "-d", '{"text":"a"}{"text":"b"}')).out).toBe(
      '{"text":"A"}\n{"text":"B"}\n',
    );
    expect(await once("call", `${path}/Get`, "-d", '{"text":"fail"}')).toEqual({
      code: 69,
      out: "",
      err: "NOT_FOUND (5): no such note\n",
    });
    const listed = JSON.parse((await once("instances", "--admin", adminUrl, "-o", "json")).out) as {
      instances: object[];
    };
    expect(listed.instances).toMatchObject([
      { id: "notes-1", service: "test.v1.NoteService", state: "STATE_SERVING", capacity: 7, labels: { v: "2" } },
    ]);
  });

  it("say how long messages may be with --max-message-bytes", async () => {
    const { address } = await serve("--max-message-bytes", "20");
    const bridge = start("bridge", modules, "--router", `http://${address}`);
    await bridge.io.until(/^registered pid \d+$/m);
    const get = (text: string) => once("call", `${address}/test.v1.NoteService/Get`, "-d", JSON.stringify({ text }));
    expect((await get("a")).code).toBe(0);
    expect((await get("a".repeat(16))).err).toMatch(/a response of .* at most 20 bytes, received 22 /);
    expect((await get("a".repeat(30))).err).toMatch(/a request of .* at most 20 bytes, received 32 /);
  });

  it("prefer instances of the router's --zone and --region where a policy says locality without a place", async () => {
    const locality = { services: { "test.v1.NoteService": { balance: { random: {}, locality: {} } } } };
    writeFileSync(join(folder, "locality.json"), JSON.stringify(locality));
    const { address, adminUrl } = await serve("--policies", "locality.json", "--zone", "eu-1a", "--region", "eu-1");
    for (const zone of ["eu-1a", "eu-1b"]) {
      const labels = ["--label", `zone=${zone}`, "--label", "region=eu-1"];
      const bridge = start("bridge", modules, "--router", `http://${address}`, "--id", zone, ...labels);
      await bridge.io.until(/^registered pid \d+$/m);
    }
    const codes = [1, 2, 3, 4].map(() => once("call", `${address}/test.v1.NoteService/Get`, "-d", "{}"));
    expect((await Promise.all(codes)).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const listed = JSON.parse((await once("instances", "--admin", adminUrl, "-o", "json")).out);
    expect(listed.instances).toMatchObject([{ id: "eu-1a", totalCalls: "4" }, { id: "eu-1b" }]);
    expect(listed.instances[1].totalCalls ?? "0").toBe("0");
    expect(await once("serve", "--module", modules, "--zone", "")).toMatchObject({
      code: 1,
      err: expect.stringContaining('zone must be a name, such as "eu-1a", received ""'),
    });
  });

  it("share the calls of several routers, one of which only another names", async () => {
    const routers = [await serve(), await serve()];
    const named = routers.map(({ address }) => `http://${address}`);
    const first = await serve("--advertise", named[0] ?? "", "--advertise", named[1] ?? "");
    const at = (url: string, ...flags: string[]) => start("bridge", modules, "--router", url, ...flags).io;
    const bridge = at(`http://${first.address}`, "--connections", "2", "--id", "notes-1", "--capacity", "4");
    for (const url of named) {
      for (const id of ["notes-1", "notes-1/2"]) await bridge.until(new RegExp(`at ${url} as ${id}( |$)`, "m"));
    }
    for (const { address } of [first, ...routers]) {
      expect((await once("call", `${address}/test.v1.NoteService/Get`, "-d", "{}")).code).toBe(0);
    }
    const other = at(`http://${first.address}`, "--router", named[0] ?? "", "--no-follow", "--id", "notes-2");
    await other.until(new RegExp(`at http://${first.address} as notes-2( |$)`, "m"));
    await other.until(new RegExp(`at ${named[0]} as notes-2( |$)`, "m"));
    expect(other.text.err).not.toContain(named[1]);
  });

  it("show the frames of a call with --trace-frames, and its counts by stats", async () => {
    const { io, address, adminUrl } = await serve("--trace-frames");
    const path = `${address}/test.v1.NoteService/Get`;
    expect((await once("call", path, "-d", "{}", "-H", "authorization: Bearer geheim")).code).toBe(64 + 14);
    const peer = /^(127\.0\.0\.1:\d+) +\d+\.\d{6} recv preface$/m.exec(io.text.err)?.[1];
    const lines = io.text.err.split("\n").filter((line) => line.startsWith(`${peer} `));
    const shown = lines.map((line) => line.slice(`${peer} `.length).replace(/^ *([\d.]+ )?/, ""));
    expect(shown).toContain("recv preface");
    expect(shown).toContain(":path: /test.v1.NoteService/Get");
    expect(shown).toContain("authorization: (13 octets)");
    expect(shown.some((line) => /^recv DATA .* message=0$/.test(line))).toBe(true);
    expect(shown.some((line) => /^send HEADERS .* flags=END_STREAM\|END_HEADERS$/.test(line))).toBe(true);
    expect(shown).toContain("grpc-status: 14");
    expect(io.text.err).not.toContain("geheim");
    expect((await once("stats", "--admin", adminUrl)).out).toMatch(/\nstreams +0 +\d+ +\d+\n/);
  });

  it("carry calls over TLS", async () => {
    const { cert, key } = createSelfSigned();
    writeFileSync(join(folder, "cert.pem"), cert);
    writeFileSync(join(folder, "key.pem"), key);
    const file = (name: string) => join(folder, name);
    const tls = ["--tls-cert", file("cert.pem"), "--tls-key", file("key.pem"), "--tls-ca", file("cert.pem")];
    const { address } = await serve(...tls);
    const bridge = start("bridge", modules, "--router", `https://${address}`, ...tls);
    await bridge.io.until(/^registered/m);
    const refused = await once("call", address, "test.v1.NoteService/Get", "--tls-ca", "cert.pem");
    expect(refused.code).toBe(78);
    expect(refused.err).toMatch(/it asks for a client certificate\. Show one with --tls-cert and --tls-key\n$/);
    expect(await once("call", address, "test.v1.NoteService/Get", ...tls)).toMatchObject({ code: 0, err: "" });
    const open = await serve(...tls.slice(0, 4));
    const other = start("bridge", modules, "--router", `https://${open.address}`, ...tls.slice(4));
    await other.io.until(/^registered/m);
    const answered = await once("call", open.address, "test.v1.NoteService/Get", "--tls-ca", "cert.pem");
    expect(answered).toEqual({ code: 0, out: '{"text":"got "}\n', err: "" });
    const { address: plain } = await serve();
    const mistakes = [
      [`https://${open.address}`, /unknown authority\. Give the authority's PEM with --tls-ca\n$/],
      [`http://${open.address}`, /the peer closed the connection\. If it speaks TLS, write https:\/\/\n$/],
      [`https://${plain}`, /the peer does not speak TLS\. Write http:\/\/\n$/],
    ] as const;
    for (const [url, message] of mistakes) {
      const { code, err } = await once("call", url, "test.v1.NoteService/Get");
      expect(err).toMatch(message);
      expect(code).toBe(78);
    }
  });

  it("take new certificates on SIGHUP or when the files change, and keep the old ones when the new are broken", async () => {
    const files = { cert: join(folder, "renewed.pem"), key: join(folder, "renewed-key.pem") };
    const write = (names: readonly string[]) => {
      const { cert, key } = createSelfSigned(names);
      writeFileSync(files.cert, cert);
      writeFileSync(files.key, key);
    };
    const tls = ["--tls-cert", files.cert, "--tls-key", files.key];
    write(["localhost", "127.0.0.1"]);
    const { io, address } = await serve(...tls);
    const watching = await serve(...tls, "--tls-watch", "20ms");
    const names = (at: string) =>
      new Promise<string>((resolve, reject) => {
        const [host, port] = at.split(":");
        const to = { host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["h2"] };
        const socket = connect(to, () => {
          resolve(socket.getPeerX509Certificate()?.subjectAltName ?? "");
          socket.destroy();
        }).on("error", reject);
      });
    expect(await names(address)).toBe("DNS:localhost, IP Address:127.0.0.1");
    write(["renewed.example"]);
    io.hangUp();
    expect(io.text.err).toMatch(/Took new certificates: DNS:renewed\.example, valid to .* event=certificates_reloaded/);
    const called = await once("call", `https://${address}`, "test.v1.NoteService/Get", "--tls-ca", files.cert);
    expect(called.err).toMatch(/its certificate is not for this name, but for DNS:renewed\.example\n$/);
    expect(await names(address)).toBe("DNS:renewed.example");
    io.hangUp();
    await io.until(/SIGHUP: nothing is new, the router goes on/);
    expect(io.text.err.match(/Took new certificates/g)).toHaveLength(1);
    await watching.io.until(/Took new certificates: DNS:renewed\.example/);
    expect(await names(watching.address)).toBe("DNS:renewed.example");
    writeFileSync(files.key, createSelfSigned().key);
    io.hangUp();
    expect(io.text.err).toContain(
      "Kept the old certificates. Cannot use TLS: tls.key must be the key of tls.cert, received that of another",
    );
    expect(await names(address)).toBe("DNS:renewed.example");
    await watching.io.until(/Kept the old certificates/);
  });

  it("goes on after SIGHUP without TLS", async () => {
    const { io, address } = await serve();
    io.hangUp();
    expect(io.text.err).toMatch(/SIGHUP: there is nothing to read again, the router goes on/);
    expect((await once("call", address, "test.v1.NoteService/Get")).err).toMatch(/NO_INSTANCE/);
  });

  it("end with 0 on Ctrl-C, the instance first leaving the router", async () => {
    const { io, address, adminUrl } = await serve();
    const bridge = start("bridge", modules, "--router", `http://${address}`);
    await bridge.io.until(/^registered/m);
    bridge.io.interrupt();
    expect(await bridge.done).toBe(0);
    expect((await once("instances", "--admin", adminUrl)).out).toBe("No instance is connected.\n");
    expect((await once("call", address, "test.v1.NoteService/Get")).err).toMatch(/^UNAVAILABLE \(14\): .*NO_INSTANCE/);
    io.interrupt();
    expect(await running[0]?.done).toBe(0);
  });

  it.each([
    [["serve", "--module", "no.js"], 1, "Cannot load no.js: there is no such file. Is it built?"],
    [
      ["serve", "--module", "no"],
      1,
      "Cannot load no: there is no such file. Give the file's whole name, such as ./instance.js",
    ],
    [["serve", "--module", "broken.js"], 1, "Cannot load broken.js: broken in two lines"],
    [
      ["serve", "--module", "empty.js"],
      2,
      "Cannot serve empty.js: it must export a generated router, found none. Give the file x_router.js",
    ],
    [
      ["serve", "--module", modules, "--tls-cert", "c.pem"],
      2,
      "Cannot use TLS: --tls-cert and --tls-key must be given together",
    ],
    [
      ["serve", "--module", modules, "--listen", "0", "--tls-cert", "/c.pem", "--tls-key", "/k.pem"],
      1,
      "Cannot read tls.cert from /c.pem: there is no such file. Give the path of a PEM file",
    ],
    [
      ["serve", "--module", modules, "--advertise", "router-2:8080"],
      1,
      "Cannot name further routers: routers must each be http://host:port or https://host:port, received router-2:8080",
    ],
    [
      ["bridge", modules, "--router", "http://localhost:1", "--connections", "99"],
      1,
      "Cannot create the bridge: connectionsPerRouter must be a whole number from 1 to 16, received 99",
    ],
    [
      ["bridge", "empty.js", "--router", "http://localhost:1"],
      2,
      "Cannot run empty.js: it must export a bridge made by createBridge(), as `bridge` or as its default",
    ],
    [
      ["bridge", modules, "--router", "localhost:1"],
      1,
      'Cannot dial the router: its URL must start with http:// or https://, received "localhost:1". Write http://localhost:1',
    ],
  ])("%s ends with %d and one line", async (args, code, message) => {
    expect(await once(...args)).toEqual({ code, out: "", err: `${message}\n` });
  });

  it("with --reuse-port takes the place of another that listens on the same port", async () => {
    const listen = (at: string) => {
      const flags = ["--listen", at, "--no-admin", "--grace", "1s", "--log-level", "warn", "--reuse-port"];
      return start("serve", "--module", modules, ...flags);
    };
    const old = listen("127.0.0.1:0");
    await old.io.until(/^ready /);
    const [, address = ""] = /^ready (\S+) /.exec(old.io.text.out) ?? [];
    const next = listen(address);
    await next.io.until(/^ready /);
    old.io.interrupt();
    expect(await old.done).toBe(0);
    const bridge = start("bridge", modules, "--router", `http://${address}`);
    await bridge.io.until(/^registered/m);
    expect(await once("call", `http://${address}/test.v1.NoteService/Get`)).toMatchObject({ code: 0 });
  });

  it("says that a port is in use, of the router or of the admin API", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const at = `127.0.0.1:${(other.address() as { port: number }).port}`;
    const message = `Cannot listen on ${at}: the port is in use. Stop the other process or choose another port\n`;
    const serveAt = ["serve", "--module", modules, "--log-level", "warn"];
    expect(await once(...serveAt, "--listen", at)).toEqual({ code: 1, out: "", err: message });
    expect(await once(...serveAt, "--listen", "0", "--admin", at)).toEqual({ code: 1, out: "", err: message });
    other.close();
  });
});
