// SPDX-License-Identifier: Apache-2.0

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ADMIN_FIRST_REQUEST_MS } from "../limits.js";
import { createAdministeredServer } from "./administered-router.suite.js";
import { type AdminServer, serveAdmin } from "./serve-admin.js";

const token = "0123456789abcdef";
const tls = createSelfSigned();

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
const servers: AdminServer[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(secure: boolean): Promise<AdminServer> {
  const server = await serveAdmin(createAdministeredServer(), { port: 0, token, ...(secure ? { tls } : {}) });
  servers.push(server);
  return server;
}

async function dial(server: AdminServer, secure: boolean, ALPNProtocols: string[] = []): Promise<Socket> {
  const { address } = server;
  const socket = secure ? connectTls({ ...address, ca: tls.cert, ALPNProtocols }) : connect(address);
  socket.on("error", () => {});
  await once(socket, secure ? "secureConnect" : "connect");
  return socket;
}

/** Resolves when it is closed; a reset is a close, too. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once("close", () => resolve()));
}

/** The status of an answer to a request of HTTP/1.1. */
async function ask(socket: Socket, path: string, headers = ""): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString("latin1", 9, 12);
}

/** The same over HTTP/2. */
async function ask2(socket: Socket, path: string, headers = {}): Promise<number> {
  const session = connectHttp2("http://a", { createConnection: () => socket });
  session.on("error", () => {});
  const stream = session.request({ ":path": path, ...headers });
  const [response] = (await once(stream, "response")) as [{ ":status": number }];
  stream.resume();
  return response[":status"];
}

const bearer = `Bearer ${token}`;

describe.each([
  ["plain text", false],
  ["TLS", true],
])("a connection to the admin API in %s", (_, secure) => {
  it("that begins a request and does not end it is cut off", async () => {
    const server = await start(secure);
    const socket = await dial(server, secure);
    socket.write("GET /metrics HT");
    // Accepted in order: the one behind it has an answer.
    expect(await ask(await dial(server, secure), "/live")).toBe("200");
    const closed = closing(socket);
    vi.advanceTimersByTime(ADMIN_FIRST_REQUEST_MS);
    await closed;
  });

  it("of HTTP/2 without a right to anything is cut off", async () => {
    const socket = await dial(await start(secure), secure, ["h2"]);
    expect(await ask2(socket, "/metrics")).toBe(401);
    const closed = closing(socket);
    vi.advanceTimersByTime(ADMIN_FIRST_REQUEST_MS);
    await closed;
  });

  it("that has shown its right stays", async () => {
    const server = await start(secure);
    const socket = await dial(server, secure);
    const socket2 = await dial(server, secure, ["h2"]);
    expect(await ask(socket, "/none", `authorization: ${bearer}\r\n`)).toBe("404");
    expect(await ask2(socket2, "/none", { authorization: bearer })).toBe(404);
    vi.advanceTimersByTime(ADMIN_FIRST_REQUEST_MS);
    expect(await ask(socket, "/live")).toBe("200");
    expect([socket.destroyed, socket2.destroyed]).toEqual([false, false]);
    socket.destroy();
    socket2.destroy();
  });
});

it("a connection that says nothing is cut off, before TLS, too", async () => {
  const server = await start(true);
  const socket = connect(server.address).on("error", () => {});
  await once(socket, "connect");
  await dial(server, true);
  const closed = closing(socket);
  vi.advanceTimersByTime(ADMIN_FIRST_REQUEST_MS);
  await closed;
});
