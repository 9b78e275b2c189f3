// SPDX-License-Identifier: Apache-2.0

import { connect } from "node:http2";
import { createRouter, type RouterOptions } from "@grpc-router/runtime";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type RouterServer, type ServeRouterOptions, serveRouter } from "./serve-router.js";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

async function start(options: ServeRouterOptions = {}, router: RouterOptions = {}) {
  const logged: string[] = [];
  const server = await serveRouter(createRouter(router), {
    port: 0,
    registration: { port: 0 },
    logger: { log: (_level, event, message) => logged.push(`${event} ${message}`) },
    ...options,
  });
  open.push(server);
  return { server, logged };
}

/** The status and message of a call, or of what is asked in place of one. */
function ask(url: string, path: string, ended = true): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(url, { rejectUnauthorized: false });
    session.on("error", reject);
    const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request(headers, { endStream: ended });
    const onFields = (fields: Readonly<Record<string, unknown>>): void => {
      if (fields["grpc-status"] === undefined) return;
      resolve(`${String(fields["grpc-status"])} ${decodeURIComponent(String(fields["grpc-message"]))}`);
      session.destroy();
    };
    stream.on("response", onFields);
    stream.on("trailers", onFields);
    stream.on("error", reject);
    stream.resume();
  });
}

function urlsOf({ url, registrationUrl }: RouterServer) {
  return { calls: url, registrations: registrationUrl };
}

const untyped = "/grpcrouter.v1.ChannelService/Register";

describe("serveRouter() with a listener for registrations", () => {
  it.each([
    [
      "calls",
      "/acme.v1.Users/Get",
      "12 Cannot call /acme.v1.Users/Get: it must be a method that is served here, none ",
    ],
    [
      "calls",
      untyped,
      `12 Cannot call Register: it must be a method that is served here, calls of clients and no registrations`,
    ],
    ["calls", "/grpcrouter.channel.acme.v1.UsersChannel/Register", "12 Cannot call /grpcrouter.channel.acme"],
    ["calls", "/grpc.health.v1.Health/List", "0 "],
    ["registrations", untyped, "13 Cannot read a frame"],
    [
      "registrations",
      "/acme.v1.Users/Get",
      "12 Cannot call /acme.v1.Users/Get: it must be a method that is served here, registrations of instances and no calls",
    ],
    ["registrations", "/grpc.health.v1.Health/List", "12 Cannot call /grpc."],
    ["registrations", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "12 Cannot call /grpc."],
  ] as const)("on the one for %s: %s", async (which, path, answer) => {
    const { server } = await start();
    const isHealth = path.includes("Health/List") && which === "calls";
    const text = isHealth ? await askEmpty(urlsOf(server)[which], path) : await ask(urlsOf(server)[which], path);
    expect(text.slice(0, answer.length)).toBe(answer);
  });

  it("judges by its own address and certificates who could register", async () => {
    const tls = { ...createSelfSigned(), ca: createSelfSigned().cert };
    // Where clients call, nobody registers: no credential is needed to listen there.
    const { server, logged } = await start({ host: "0.0.0.0" });
    expect(server.registrationUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(logged.join("\n")).toContain(`Routing on ${server.url}; instances register on ${server.registrationUrl}`);
    await expect(start({ registration: { port: 0, host: "0.0.0.0" } })).rejects.toMatchObject({
      code: "CREDENTIALS_MISSING",
    });
    const secured = await start({ registration: { port: 0, host: "0.0.0.0", tls } });
    expect(secured.server.registrationUrl).toMatch(/^https:/);
    expect(secured.server.url).toMatch(/^http:/);
  });

  it("has limits, counts and certificates of its own, and stops with the other", async () => {
    const tls = createSelfSigned();
    const { server, logged } = await start({ registration: { port: 0, tls, limits: { connections: 1 } } });
    await ask(server.url, untyped);
    await ask(server.registrationUrl, untyped);
    expect(server.listenerStats().accepted).toBe(2);
    expect(server.reloadCertificates()).toBe(false);
    expect(server.reloadCertificates(undefined, createSelfSigned())).toBe(true);
    expect(logged.filter((line) => line.startsWith("certificates_reloaded"))).toHaveLength(1);
    expect([server.certificates.client, server.certificates.registration?.prepare().differences]).toEqual([
      undefined,
      [],
    ]);
    const wrong = { cert: "none.pem", key: "none.pem" };
    expect(() => server.reloadCertificates(undefined, wrong)).toThrow(
      expect.objectContaining({ code: "FILE_UNREADABLE" }),
    );
    await server.close();
    await expect(ask(server.registrationUrl, untyped)).rejects.toThrow();
    await expect(ask(server.url, untyped)).rejects.toThrow();
  });

  it("leaves nothing open where the second address is taken", async () => {
    const { server } = await start();
    const port = Number(new URL(server.registrationUrl).port);
    const taken = start({ registration: { port } });
    await expect(taken).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  });
});

/** A unary call with an empty message. */
function askEmpty(url: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(url);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("trailers", (fields) => {
      resolve(`${String(fields["grpc-status"])} `);
      session.destroy();
    });
    stream.end(Buffer.alloc(5));
    stream.resume();
  });
}
