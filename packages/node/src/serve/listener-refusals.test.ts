// SPDX-License-Identifier: Apache-2.0

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { createRecordingLogger, createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { validateListenerLimits } from "../limits.js";
import { peerOf } from "../socket/peer.js";
import { readServerTls } from "../tls/tls-material.js";
import { type Listener, type ListenOptions, listen } from "./listener.js";

const certificate = createSelfSigned();
const open: Listener[] = [];
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(
    open.splice(0).map((listener) => {
      listener.destroyConnections();
      return listener.stop();
    }),
  );
});

/** A listener whose connections stay open. */
async function start(options: Partial<ListenOptions> = {}) {
  const logger = createRecordingLogger();
  const sockets: Socket[] = [];
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: readServerTls(certificate),
    logger,
    onSocket: (socket) =>
      void sockets.push(
        socket
          .on("end", () => socket.end())
          .on("error", () => {})
          .resume(),
      ),
    ...options,
  });
  open.push(listener);
  const { port } = listener.address;
  return {
    listener,
    sockets,
    stats: () => listener.stats(),
    warnings: () => logger.entries.map(({ message }) => message.replace(/127\.0\.0\.1:\d+/, "PEER")),
    plain: () => kept(connect(port, "127.0.0.1")),
    tls: (more: ConnectionOptions = {}) =>
      kept(connectTls({ port, host: "127.0.0.1", ca: certificate.cert, ALPNProtocols: ["h2"], ...more })),
  };
}

function kept<T extends Socket>(socket: T): T {
  clients.push(socket.on("error", () => {}));
  return socket;
}

/** Everything that a socket receives until it is closed. */
async function answerOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve)); // also after an error
  return Buffer.concat(chunks);
}

const request = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const alert = Buffer.of(0x15, 0x03, 0x03, 0, 2, 2, 10).toString("latin1");

describe("listen() with TLS", () => {
  it.each([
    {
      what: "an HTTP/1.1 request",
      sent: request,
      protocol: "HTTP/1",
      answer: /^HTTP\/1\.1 400 .*Write https:\/\/\n$/s,
    },
    { what: "the preface of HTTP/2", sent: preface, protocol: "HTTP/2", answer: alert },
    { what: "random octets", sent: "\u0000\u0001\u0002", protocol: "an unknown protocol", answer: alert },
  ])("answers $what in plain text, and logs it", async ({ sent, protocol, answer }) => {
    const { plain, warnings, stats } = await start();
    const client = plain();
    client.write(sent, "latin1");
    expect((await answerOf(client)).toString("latin1")).toMatch(answer);
    expect(warnings()).toEqual([`Refused PEER: the peer must speak TLS, it sent plain text (${protocol})`]);
    expect(stats()).toMatchObject({ foreignPeers: 1, handshakes: 0, handshakesFailed: 0 });
  });

  it("tells an HTTP/1.1 client without ALPN what this port speaks, and closes all others", async () => {
    const { tls, warnings, sockets } = await start();
    const client = tls({ ALPNProtocols: [] });
    client.write(request);
    expect(String(await answerOf(client))).toMatch(/^HTTP\/1\.1 505 .*\nThis port speaks HTTP\/2 only.*\n$/s);
    const other = tls({ ALPNProtocols: [] });
    other.write(preface);
    expect(await answerOf(other)).toEqual(Buffer.alloc(0));
    expect(warnings()[0]).toBe("Refused PEER: the peer must choose h2 by ALPN, it sent no ALPN");
    expect(sockets).toEqual([]);
  });

  it("says nothing of a peer that says nothing", async () => {
    const { plain, warnings, stats } = await start();
    const client = plain();
    client.end();
    await answerOf(client);
    await vi.waitFor(() => expect(stats()).toMatchObject({ accepted: 1, connections: 0, handshakes: 0 }));
    expect(warnings()).toEqual([]);
  });

  it.each([
    { what: "silence", sent: [] },
    { what: "one octet at a time", sent: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc] },
  ])("ends a handshake of $what after limits.handshakeMs", async ({ sent }) => {
    const { plain, warnings, stats } = await start({ limits: validateListenerLimits({ handshakeMs: 120 }) });
    const client = plain();
    for (const octet of sent) {
      client.write(Buffer.of(octet));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await answerOf(client);
    expect(warnings()).toEqual(["Refused PEER: the TLS handshake must end within 120 ms (limits.handshakeMs)"]);
    expect(stats()).toMatchObject({ handshakesFailed: 1, limitHits: { handshakeMs: 1 } });
    await vi.waitFor(() => expect(stats()).toMatchObject({ connections: 0, handshakes: 0 }));
  });

  it("closes a connection at once whose records are broken", async () => {
    const { plain, tls, sockets } = await start();
    const raw = plain();
    await once(tls({ socket: raw }), "secureConnect");
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    raw.write(Buffer.concat([Buffer.of(0x17, 3, 3, 0, 32), Buffer.alloc(32)]));
    await answerOf(raw);
    expect(sockets[0]?.destroyed).toBe(true);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("resumes sessions of %s, identities included", async (version) => {
    const { tls, sockets } = await start({ tls: readServerTls({ ...certificate, ca: certificate.cert }) });
    const mutual = { ...certificate, maxVersion: version };
    const first = tls(mutual);
    const [session] = await once(first, "session");
    const again = tls({ ...mutual, session });
    await once(again, "secureConnect");
    expect(again.isSessionReused()).toBe(true);
    await vi.waitFor(() => expect(sockets.length).toBe(2));
    expect(sockets.map((socket) => peerOf(socket).identities)).toEqual([
      ["localhost", "127.0.0.1"],
      ["localhost", "127.0.0.1"],
    ]);
  });

  it("that requests certificates lets in whoever has none, and takes one that it cannot verify for none", async () => {
    const authority = createSelfSigned(["spiffe://acme/users"]);
    const material = readServerTls({ ...certificate, ca: authority.cert });
    const { tls, sockets, warnings } = await start({ tls: material, clientCertificate: "request" });
    const shown = [{}, authority, createSelfSigned(["spiffe://acme/users"])];
    for (const [count, own] of shown.entries()) {
      await once(tls(own), "secureConnect");
      await vi.waitFor(() => expect(sockets.length).toBe(count + 1));
    }
    expect(sockets.map((socket) => peerOf(socket).identities)).toEqual([[], ["spiffe://acme/users"], []]);
    expect(sockets.map((socket) => (peerOf(socket).identitiesUntilMs ?? 0) > Date.now())).toEqual([false, true, false]);
    expect(warnings()).toEqual([
      "The certificate of PEER counts for nothing: it must come from an authority of tls.ca and be valid (DEPTH_ZERO_SELF_SIGNED_CERT)",
    ]);
  });

  it("takes new certificates for connections to come", async () => {
    const { tls, listener, sockets } = await start();
    const before = tls();
    const [session] = await once(before, "session");
    const renewed = createSelfSigned(["renewed.example", "127.0.0.1"]);
    listener.useCertificates(readServerTls(renewed));
    const after = tls({ ca: renewed.cert, session });
    await once(after, "secureConnect");
    expect(namesOf(after)).toBe("DNS:renewed.example, IP Address:127.0.0.1");
    expect(after.isSessionReused()).toBe(false);
    expect(namesOf(before)).toBe("DNS:localhost, IP Address:127.0.0.1");
    await vi.waitFor(() => expect(sockets.map((socket) => socket.destroyed)).toEqual([false, false]));
  });
});

describe("listen()", () => {
  it("closes connections over limits.connections at once, and warns once", async () => {
    const limits = validateListenerLimits({ connections: 2 });
    const { plain, warnings, stats, sockets } = await start({ tls: undefined, limits });
    const [first] = [plain(), plain()];
    await vi.waitFor(() => expect(sockets.length).toBe(2));
    await Promise.all([answerOf(plain()), answerOf(plain())]);
    expect(warnings()).toEqual([
      "Refused PEER: 2 connections are open, the limit (limits.connections)",
      "Refused PEER: 2 connections are open, the limit (limits.connections)",
    ]);
    expect(stats()).toMatchObject({ accepted: 2, connections: 2, limitHits: { connections: 2 } });
    first?.destroy();
    await vi.waitFor(() => expect(stats().connections).toBe(1));
    plain();
    await vi.waitFor(() => expect(sockets.length).toBe(3));
  });

  it("has no certificates to renew where it speaks plain text", async () => {
    const { listener } = await start({ tls: undefined });
    expect(() => listener.useCertificates(certificate)).toThrow(
      "Cannot use certificates: the router must serve TLS, it serves plain text",
    );
  });
});

function namesOf(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.subjectAltName;
}
