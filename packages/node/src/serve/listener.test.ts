// SPDX-License-Identifier: Apache-2.0

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it } from "vitest";
import { defaultListenerLimits, type ListenerLimits } from "../limits.js";
import { readServerNames } from "../tls/server-names.js";
import { readServerTls } from "../tls/tls-material.js";
import { type Listener, type ListenOptions, listen } from "./listener.js";

const certificate = createSelfSigned();
const tls = readServerTls(certificate);
const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.stop()));
});

async function start({
  limits,
  ...options
}: Omit<Partial<ListenOptions>, "limits"> & { limits?: Partial<ListenerLimits> } = {}) {
  const logged: string[] = [];
  const sockets: Socket[] = [];
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    limits: { ...defaultListenerLimits, ...limits },
    logger: { log: (level, event, message) => logged.push(`${level} ${event} ${message.replace(/:\d+:/, ":")}`) },
    onSocket: (socket) => {
      sockets.push(socket);
      socket.destroy();
    },
    ...options,
  });
  open.push(listener);
  return { listener, port: listener.address.port, logged, sockets };
}

/** Resolves when the socket is gone; how is the other side's affair. */
function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("listen()", () => {
  it("says what to do when the port is in use", async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: `Cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other process or choose another port`,
    });
  });

  it.each([
    { host: "192.0.2.1", port: 0, message: "Cannot listen on 192.0.2.1:0: this machine has no such address" },
    {
      host: "no.such.name.invalid",
      port: 0,
      message: "Cannot listen on no.such.name.invalid:0: this machine has no such address",
    },
    { host: "", port: 0, message: "Cannot listen: the host must be a name or an IP address, received none" },
    { host: "127.0.0.1", port: 65_536, message: "Cannot listen: the port must be 0 to 65535, received 65536" },
    { host: "127.0.0.1", port: Number.NaN, message: "Cannot listen: the port must be 0 to 65535, received NaN" },
  ])("refuses $host port $port in one line", async ({ host, port, message }) => {
    const error: unknown = await start({ host, port }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ADDRESS_INVALID", message: expect.stringContaining(message) });
    expect(String(error)).not.toContain("\n");
  });

  it("shares a port with who says so, too, and goes on taking connections when the other has gone", async () => {
    const first = await start({ reusePort: true });
    const { port } = first;
    await expect(start({ port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    const second = await start({ port, reusePort: true });
    await first.listener.stop();
    await closed(connect(port, "127.0.0.1"));
    expect([first.sockets.length, second.sockets.length]).toEqual([0, 1]);
  });

  it("shows the certificate of the name that a client says, and others once it is told to", async () => {
    const pair = (name: string) => createSelfSigned([name]);
    const pairs = [pair("a.example"), pair("*.example"), pair("b.a.example")] as const;
    const names = { "A.example": pairs[0], "*.example": pairs[1], "b.a.example": pairs[2] };
    const { port, listener } = await start({ tls: { ...tls, names: readServerNames(names, {}) } });
    const shown = async (servername: string): Promise<string | undefined> => {
      const to = { port, host: "127.0.0.1", servername, rejectUnauthorized: false, ALPNProtocols: ["h2"] };
      const socket = connectTls(to);
      const secured = once(socket, "secureConnect");
      await secured;
      const name = socket.getPeerX509Certificate()?.subjectAltName;
      socket.destroy();
      return name;
    };
    const own = "DNS:localhost, IP Address:127.0.0.1";
    for (const [name, expected] of [
      ["a.example", "DNS:a.example"],
      ["A.EXAMPLE", "DNS:a.example"],
      ["c.example", "DNS:*.example"],
      ["b.a.example", "DNS:b.a.example"],
      ["d.a.example", own],
      ["example", own],
      ["", own],
    ] as const) {
      expect([name, await shown(name)]).toEqual([name, expected]);
    }
    listener.useCertificates({ ...tls, names: readServerNames({ "a.example": pair("new.example") }, {}) });
    expect(await shown("a.example")).toBe("DNS:new.example");
    expect(await shown("c.example")).toBe(own);
    listener.useCertificates(tls);
    expect(await shown("a.example")).toBe(own);
  });

  it("hands over a TLS connection only with h2 chosen by ALPN", async () => {
    const { port, logged, sockets } = await start({ tls });
    const to = { port, host: "127.0.0.1", ca: certificate.cert };
    const good = connectTls({ ...to, ALPNProtocols: ["h2"] });
    await closed(good);
    expect(sockets.length).toBe(1);
    const none = connectTls(to);
    await closed(none);
    const other = connectTls({ ...to, ALPNProtocols: ["http/1.1"] });
    await closed(other);
    expect(sockets.length).toBe(1);
    expect(logged).toEqual([
      "warn tls_refused Refused 127.0.0.1: the peer must choose h2 by ALPN, it sent no ALPN",
      "warn tls_refused Refused 127.0.0.1: the peer must offer h2 by ALPN, it offered other protocols",
    ]);
  });

  it("logs plain text on a TLS port once, further ones for debugging only", async () => {
    const { port, logged } = await start({ tls });
    for (const _ of [1, 2]) {
      const peer = connect(port, "127.0.0.1");
      peer.write("GET / HTTP/1.1\r\n\r\n");
      peer.resume();
      await closed(peer);
    }
    expect(logged.map((line) => line.split(" ", 1)[0])).toEqual(["warn", "debug"]);
    expect(logged[0]).toContain("the peer must speak TLS, it sent plain text (HTTP/1)");
  });

  it("refuses TLS 1.1", async () => {
    const { port, sockets } = await start({ tls });
    const peer = connectTls({
      port,
      host: "127.0.0.1",
      ca: certificate.cert,
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    await closed(peer);
    expect(sockets).toEqual([]);
  });

  it("with ca asks for a client certificate and verifies it", async () => {
    const { port, logged, sockets } = await start({ tls: readServerTls({ ...certificate, ca: certificate.cert }) });
    const to = { port, host: "127.0.0.1", ca: certificate.cert, ALPNProtocols: ["h2"] };
    const without = connectTls({ ...to, maxVersion: "TLSv1.2" });
    await closed(without);
    expect(logged[0]).toContain("the peer must show a client certificate, it sent none");
    expect(sockets).toEqual([]);
    const accepted = connectTls({ ...to, ...certificate });
    await closed(accepted);
    expect(sockets.length).toBe(1);
  });

  it.each([
    [
      "has expired",
      { fromMs: -7_200_000, validMs: -3_600_000 },
      "the peer's certificate, or that of its authority, has expired",
    ],
    [
      "is not valid yet",
      { fromMs: 3_600_000 },
      "the peer's certificate is not valid yet: check the clocks of both machines",
    ],
    ["is of a stranger", undefined, "the peer's certificate must come from an authority of tls.ca and be valid ("],
  ])("says that a client's certificate %s", async (_, dates, says) => {
    const client = createSelfSigned(["client"], dates);
    const ca = dates === undefined ? certificate.cert : client.cert;
    const { port, logged, sockets } = await start({ tls: readServerTls({ ...certificate, ca }) });
    const to = { port, host: "127.0.0.1", ca: certificate.cert, ALPNProtocols: ["h2"] };
    await closed(connectTls({ ...to, ...client, ca: certificate.cert }));
    expect(logged).toEqual([expect.stringContaining(`warn tls_refused Refused a client: ${says}`)]);
    expect(sockets).toEqual([]);
  });

  it("notices at once that a peer leaves in the TLS handshake", async () => {
    const { port, listener } = await start({ tls });
    const unknown = connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2"] }); // does not trust us
    await closed(unknown);
    connect(port, "127.0.0.1").end();
    await new Promise((resolve) => setImmediate(resolve));
    await listener.stop();
  });

  it("destroyConnections() cuts off a peer in the TLS handshake", async () => {
    const { port, listener } = await start({ tls });
    const silent = connect(port, "127.0.0.1");
    const gone = closed(silent.resume());
    await new Promise<void>((resolve) => silent.once("connect", resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = listener.stop();
    listener.destroyConnections();
    await Promise.all([stopped, gone]);
  });
});
