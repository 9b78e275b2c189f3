// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { silentLogger } from "@grpc-router/protocol";
import { createRecordingLogger, createSelfSigned } from "@grpc-router/testing";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { createAdministeredServer } from "./administered-router.suite.js";
import { type AdminServer, type ServeAdminOptions, serveAdmin } from "./serve-admin.js";

const token = "0123456789abcdef";
const servers: AdminServer[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: ServeAdminOptions): Promise<AdminServer> {
  const page = { path: "/metrics", answer: () => ({ status: 200, contentType: "text/plain", body: "m\n" }) };
  const server = await serveAdmin(createAdministeredServer(), { port: 0, pages: [page], ...options });
  servers.push(server);
  return server;
}

const here = (server: AdminServer) => `${server.url.split(":")[0]}://127.0.0.1:${server.address.port}`;

describe("serveAdmin() where others can reach it", () => {
  it.each([
    [{ host: "0.0.0.0" }, "CREDENTIALS_MISSING", "Give a token, or tls with ca, or listen on 127.0.0.1"],
    [{ host: "::" }, "CREDENTIALS_MISSING", "[::]:0"],
    [{ host: "0.0.0.0", tls: createSelfSigned() }, "CREDENTIALS_MISSING", "received neither"],
    [{ token: "short" }, "CREDENTIALS_INVALID", "16 characters or more. Make one with: openssl rand -hex 32"],
    [{ tls: { cert: "/no/such.pem", key: "/no/such.pem" } }, "FILE_UNREADABLE", "/no/such.pem"],
  ] satisfies [ServeAdminOptions, string, string][])("refuses %j", async (options, code, text) => {
    await expect(start(options)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it.each([
    ["none", undefined, 401],
    ["a wrong one", "Bearer 0123456789abcdeX", 401],
    ["a part of it", "Bearer 0123456789abcde", 401],
    ["another scheme", `Basic ${token}`, 401],
    ["the right one", `Bearer ${token}`, 200],
    ["the right one", `bearer ${token}`, 200],
  ])("asks for its token: with %s (%s) answers %d", async (_, authorization, status) => {
    const server = await start({ host: "0.0.0.0", token });
    const headers = authorization === undefined ? {} : { authorization };
    for (const path of ["/metrics", "/"]) {
      expect((await fetch(here(server) + path, { headers })).status).toBe(status);
    }
    const rpc = await fetch(`${here(server)}/grpcrouter.admin.v1.AdminService/ListInstances`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: "{}",
    });
    expect(rpc.status).toBe(status);
    if (status === 200) return;
    expect(rpc.headers.get("www-authenticate")).toBe("Bearer");
    expect(await rpc.json()).toEqual({
      code: "unauthenticated",
      message: "The admin API asks for a bearer token",
    });
  });

  it("answers probes without one, and to any name", async () => {
    const server = await start({ host: "0.0.0.0", token });
    for (const path of ["/live", "/ready"]) expect((await fetch(here(server) + path)).status).toBe(200);
  });

  it.each([
    ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
    ["Connect", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ])("tells clients of %s why", async (_, createTransport) => {
    const client = createClient(AdminService, createTransport(here(await start({ host: "0.0.0.0", token }))));
    await expect(client.listInstances({})).rejects.toMatchObject({ code: Code.Unauthenticated });
    expect(await client.listInstances({}, { headers: { authorization: `Bearer ${token}` } })).toBeDefined();
  });
});

describe("serveAdmin() over TLS", () => {
  const own = createSelfSigned();
  const operator = createSelfSigned();
  const stranger = createSelfSigned();
  const nodeOptions = { ca: own.cert };

  it.each([
    ["HTTP/2", (baseUrl: string) => createGrpcTransport({ baseUrl, nodeOptions })],
    ["HTTP/1.1", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions })],
  ])("speaks %s", async (_, createTransport) => {
    const server = await start({ tls: own });
    expect(server.url).toMatch(/^https:/);
    const client = createClient(AdminService, createTransport(server.url));
    expect((await client.listInstances({})).instances).toEqual([]);
  });

  it.each([
    ["an operator", operator, undefined],
    ["a stranger", stranger, Code.Unauthenticated],
  ] as const)("looks at certificates over HTTP/2, too: %s", async (_, { cert, key }, code) => {
    const server = await start({ host: "0.0.0.0", tls: { ...own, ca: operator.cert } });
    const transport = createGrpcTransport({ baseUrl: here(server), nodeOptions: { ...nodeOptions, cert, key } });
    const answer = createClient(AdminService, transport).listInstances({});
    if (code === undefined) expect((await answer).instances).toEqual([]);
    else await expect(answer).rejects.toMatchObject({ code });
  });

  describe("with certificates in files", () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-router-admin-tls-"));
    const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
    const write = (pair: { readonly cert: string; readonly key: string }): void => {
      writeFileSync(files.cert, pair.cert);
      writeFileSync(files.key, pair.key);
    };
    afterAll(() => rmSync(folder, { recursive: true }));

    const answers = async ({ url: baseUrl }: AdminServer, ca: string) => {
      const transport = createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions: { ca, agent: false } });
      return (await createClient(AdminService, transport).listInstances({})).instances.length;
    };

    it("takes renewed ones or others, and keeps those in use when the new ones are none", async () => {
      write(own);
      const logger = createRecordingLogger();
      const server = await start({ tls: files, logger });
      expect(await answers(server, own.cert)).toBe(0);
      const renewed = createSelfSigned(["127.0.0.1", "renewed.example"]);
      write(renewed);
      const after = expect.stringMatching(/^valid to .* GMT, .*DNS:renewed\.example$/);
      const change = { path: ["listeners", "admin", "tls", "certificate"], before: expect.anything(), after };
      expect(server.checkCertificates()).toEqual([change]);
      expect(await answers(server, own.cert)).toBe(0);
      expect([server.reloadCertificates(), server.reloadCertificates()]).toEqual([true, false]);
      expect(server.checkCertificates()).toEqual([]);
      expect(await answers(server, renewed.cert)).toBe(0);
      await expect(answers(server, own.cert)).rejects.toMatchObject({
        message: expect.stringContaining("self-signed"),
      });
      write({ ...renewed, key: own.key });
      expect(() => server.reloadCertificates()).toThrow(expect.objectContaining({ code: "TLS_INVALID" }));
      expect(await answers(server, renewed.cert)).toBe(0);
      const other = createSelfSigned();
      expect(server.reloadCertificates(other)).toBe(true);
      expect(await answers(server, other.cert)).toBe(0);
      expect(() => server.reloadCertificates({ ...other, ca: own.cert })).toThrow("tls.ca must be left out");
      expect(logger.entries.map(({ event, message }) => [event, message.split(":", 1)[0]])).toEqual(
        [1, 2].map(() => ["certificates_reloaded", "Took new certificates of the admin API"]),
      );
      const plain = await start({});
      for (const verb of ["reloadCertificates", "checkCertificates"] as const) {
        expect(() => plain[verb]()).toThrow("the admin API must serve TLS, it serves plain text");
      }
    });

    it("looks at them every watchMs until it is closed, and open connections stay", async () => {
      write(own);
      const logger = createRecordingLogger();
      const server = await start({ tls: { ...files, watchMs: 5 }, logger });
      const open = connectHttp2(server.url, { ca: own.cert });
      const ready = () =>
        new Promise((resolve, reject) => {
          open.once("error", reject);
          const stream = open.request({ ":path": "/ready" }).on("response", (head) => resolve(head[":status"]));
          stream.on("error", reject).resume();
        });
      expect(await ready()).toBe(200);
      const renewed = createSelfSigned();
      write(renewed);
      await vi.waitFor(() => expect(logger.entries).toMatchObject([{ event: "certificates_reloaded" }]));
      expect(await answers(server, renewed.cert)).toBe(0);
      expect(await ready()).toBe(200);
      open.close();
      await server.close();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const ended = await start({ tls: { ...files, watchMs: 5 }, logger });
      expect(vi.getTimerCount()).toBe(1);
      await ended.close();
      expect(vi.getTimerCount()).toBe(0);
    });

    it("refuses to look at them never", async () => {
      await expect(start({ tls: { ...own, watchMs: 0 } })).rejects.toThrow("tls.watchMs must be 1 or more, received 0");
    });
  });

  it("takes nobody for an operator who resumes a session without a certificate", async () => {
    const server = await start({ host: "0.0.0.0", tls: { ...own, ca: operator.cert } });
    const visit = (session: Buffer | undefined) =>
      new Promise<{ session: Buffer | undefined; reused: boolean; status: string }>((resolve, reject) => {
        let ticket: Buffer | undefined;
        let reused = false;
        let text = "";
        const { port } = server.address;
        const options = { port, host: "127.0.0.1", ca: own.cert, minVersion: "TLSv1.3", session } as const;
        const socket = connect(options, () =>
          socket.write("GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
        );
        socket.on("secureConnect", () => {
          reused = socket.isSessionReused();
        });
        socket.on("session", (given: Buffer) => {
          ticket = given;
        });
        socket.on("data", (piece: Buffer) => {
          text += piece.toString();
        });
        socket.on("error", reject);
        socket.on("close", () => {
          resolve({ session: ticket, reused, status: text.slice(9, 12) });
        });
      });
    const first = await visit(undefined);
    expect(first).toMatchObject({ reused: false, status: "401" });
    expect(await visit(first.session)).toMatchObject({ reused: true, status: "401" });
  });

  function ask(server: AdminServer, path: string, given: object): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const options = { ...nodeOptions, headers: { connection: "close" }, ...given, agent: false };
      httpsRequest(here(server) + path, options, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
  }

  it.each<[who: string, given: object, status: number]>([
    ["nobody", {}, 401],
    ["an operator", operator, 200],
    ["a stranger", stranger, 401],
    ["who has the token", { headers: { authorization: `Bearer ${token}` } }, 200],
  ])("with authorities lets in by certificate or token: %s", async (_, given, status) => {
    const server = await start({ host: "0.0.0.0", token, tls: { ...own, ca: operator.cert } });
    const headers = { connection: "close", ...("headers" in given ? (given.headers as object) : {}) };
    expect(await ask(server, "/ready", {})).toBe(200);
    expect(await ask(server, "/metrics", { ...given, headers })).toBe(status);
  });

  it("lets in by the authorities that it has now", async () => {
    const server = await start({ host: "0.0.0.0", tls: { ...own, ca: operator.cert }, logger: silentLogger });
    const statuses = () => Promise.all([operator, stranger].map((who) => ask(server, "/metrics", who)));
    expect(await statuses()).toEqual([200, 401]);
    expect(server.reloadCertificates({ ...own, ca: stranger.cert })).toBe(true);
    expect(await statuses()).toEqual([401, 200]);
  });
});
