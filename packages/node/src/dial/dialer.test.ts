// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DIAL_TIMEOUT_MS } from "../limits.js";
import { RecordingSink } from "../socket/recording-sink.suite.js";
import { explainDialError } from "./dial-error.js";
import { createDialer, type DialTls } from "./dialer.js";
import { parseRouterUrl } from "./router-url.js";

const certificate = createSelfSigned();
const open: Server[] = [];
const peers: Socket[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const peer of peers.splice(0)) peer.destroy();
  for (const server of open.splice(0)) server.close();
});

async function start(server: Server): Promise<number> {
  open.push(server);
  server.on("connection", (peer: Socket) => peers.push(peer.on("error", () => {})));
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

/** The error that ends a dial or the connection it made. */
function dialError(url: string, tls: DialTls = {}): Promise<Error | undefined> {
  return new Promise((resolve) => {
    createDialer(
      parseRouterUrl(url),
      tls,
    )({
      failed: resolve,
      connected: (transport) => {
        const sink = new RecordingSink();
        const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        transport.write(preface, preface.length);
        void sink.until(({ closes }) => closes === 1).then(() => resolve(sink.error));
        return sink;
      },
    });
  });
}

describe("createDialer()", () => {
  it("says that nobody listens", async () => {
    const server = createServer();
    const port = await start(server);
    await new Promise((resolve) => server.close(resolve));
    expect((await dialError(`http://127.0.0.1:${port}`))?.message).toBe(
      `Cannot reach router http://127.0.0.1:${port}: connection refused`,
    );
  });

  it("says that a name is unknown", async () => {
    expect((await dialError("http://no.such.name.invalid"))?.message).toBe(
      "Cannot reach router http://no.such.name.invalid: the name no.such.name.invalid is unknown",
    );
  });

  it("dialling plain, says that the peer speaks TLS", async () => {
    const alert = Buffer.from("15030100020246", "hex"); // as OpenSSL, Go and BoringSSL send it
    const port = await start(createServer((peer) => peer.end(alert)));
    expect((await dialError(`http://127.0.0.1:${port}`))?.message).toBe(
      `Cannot reach router http://127.0.0.1:${port}: the peer speaks TLS. Write https://`,
    );
  });

  it("dialling plain, says that a peer which closes without a word may speak TLS", async () => {
    const port = await start(createTlsServer({ ...certificate, ALPNProtocols: ["h2"] }));
    expect((await dialError(`http://127.0.0.1:${port}`))?.message).toMatch(
      /the peer closed the connection without a word\. If it speaks TLS, write https:\/\/$/,
    );
  });

  it("resumes its last session with a router that it dials again", async () => {
    const server = createTlsServer({ ...certificate, ALPNProtocols: ["h2"] });
    const reused: boolean[] = [];
    server.on("secureConnection", (peer) => {
      reused.push(peer.isSessionReused());
      peer.write("hello"); // the client has its tickets when it has this
    });
    const port = await start(server);
    const dial = createDialer(parseRouterUrl(`https://localhost:${port}`), { ca: certificate.cert });
    for (let count = 0; count < 2; count++) {
      const sink = new RecordingSink();
      dial({
        failed: (error) => expect.unreachable(error.message),
        connected: (transport) => {
          sink.onReceive = () => transport.destroy();
          return sink;
        },
      });
      await sink.until(({ closes }) => closes === 1);
    }
    expect(reused).toEqual([false, true]);
  });

  it("dialling TLS, says that the peer does not", async () => {
    const port = await start(createServer((peer) => peer.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect((await dialError(`https://127.0.0.1:${port}`))?.message).toBe(
      `Cannot reach router https://127.0.0.1:${port}: the peer does not speak TLS. Write http://`,
    );
  });

  it("says that the peer speaks HTTP/1", async () => {
    const port = await start(createServer((peer) => peer.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect((await dialError(`http://127.0.0.1:${port}`))?.message).toContain("the peer speaks HTTP/1, not HTTP/2");
  });

  it("says that the peer closed the connection during the handshake", async () => {
    const port = await start(createServer((peer) => peer.destroy()));
    expect((await dialError(`https://127.0.0.1:${port}`))?.message).toMatch(/the peer closed the connection$/);
  });

  it("refuses a certificate of an unknown authority, and one for another name", async () => {
    const port = await start(createTlsServer({ ...createSelfSigned(["other.example"]), ALPNProtocols: ["h2"] }));
    const unknown = await dialError(`https://127.0.0.1:${port}`);
    expect(unknown?.message).toMatch(
      /comes from an unknown authority \(\w+\)\. Give the authority's PEM as tls\.ca, to the command as --tls-ca$/,
    );
    const other = createSelfSigned(["other.example"]);
    const second = await start(createTlsServer({ ...other, ALPNProtocols: ["h2"] }));
    const mismatch = await dialError(`https://127.0.0.1:${second}`, { ca: other.cert });
    expect(mismatch?.message).toMatch(/its certificate is not for this name .* Set tls\.servername$/);
  });

  it.each([
    {
      what: "has expired",
      dates: { fromMs: -7_200_000, validMs: -3_600_000 },
      says: (date: string) => `its certificate has expired on ${date}`,
    },
    {
      what: "is not valid yet",
      dates: { fromMs: 3_600_000 },
      says: (date: string) => `its certificate is not valid before ${date}. Check the clocks of both machines`,
    },
  ])("refuses a certificate that $what, with its date", async ({ dates, says }) => {
    const router = createSelfSigned(["127.0.0.1"], dates);
    const port = await start(createTlsServer({ ...router, ALPNProtocols: ["h2"] }));
    const error = await dialError(`https://127.0.0.1:${port}`, { ca: router.cert });
    const { validFromDate, validToDate } = new X509Certificate(router.cert);
    const date = (validToDate.getTime() < Date.now() ? validToDate : validFromDate).toISOString();
    expect(error?.message).toBe(`Cannot reach router https://127.0.0.1:${port}: ${says(date)}`);
  });

  it("shows a renewed certificate, in a new session", async () => {
    const authority = createSelfSigned();
    const seen: (string | undefined)[] = [];
    const server = createTlsServer(
      { ...authority, ALPNProtocols: ["h2"], requestCert: true, rejectUnauthorized: false },
      (peer) => {
        seen.push(`${peer.getPeerX509Certificate()?.subjectAltName} ${peer.isSessionReused()}`);
        peer.resume().end("x");
      },
    );
    const port = await start(server);
    let own = { ...createSelfSigned(["first.example"]), ca: authority.cert };
    const dial = createDialer(parseRouterUrl(`https://127.0.0.1:${port}`), { renewed: () => own });
    const once = () =>
      new Promise<void>((resolve, reject) => {
        dial({
          failed: reject,
          connected: () => Object.assign(new RecordingSink(), { receive: () => {}, ended: resolve, closed: resolve }),
        });
      });
    for (const name of ["second.example", "third.example"]) {
      await once();
      await once();
      own = { ...createSelfSigned([name]), ca: authority.cert };
    }
    expect(seen).toEqual([
      "DNS:first.example false",
      "DNS:first.example true",
      "DNS:second.example false",
      "DNS:second.example true",
    ]);
  });

  it("checks the certificate against servername when given", async () => {
    const other = createSelfSigned(["other.example"]);
    const port = await start(createTlsServer({ ...other, ALPNProtocols: ["h2"] }, (peer) => peer.end()));
    const seen = await new Promise((resolve) => {
      createDialer(parseRouterUrl(`https://127.0.0.1:${port}`), { ca: other.cert, servername: "other.example" })({
        failed: resolve,
        connected: (transport) => {
          resolve(transport.peer);
          transport.destroy();
          return new RecordingSink();
        },
      });
    });
    expect(seen).toMatchObject({ address: `127.0.0.1:${port}`, encrypted: true, identities: ["other.example"] });
  });

  it("refuses a peer that does not choose h2", async () => {
    const none = await start(createTlsServer(certificate));
    expect((await dialError(`https://127.0.0.1:${none}`, { ca: certificate.cert }))?.message).toContain(
      "does not offer h2 by ALPN",
    );
    const http1 = await start(createTlsServer({ ...certificate, ALPNProtocols: ["http/1.1"] }));
    expect((await dialError(`https://127.0.0.1:${http1}`, { ca: certificate.cert }))?.message).toContain(
      "does not offer h2 by ALPN",
    );
  });

  it("gives up after the time limit", async () => {
    const port = await start(createServer()); // never answers a ClientHello
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const failed = dialError(`https://127.0.0.1:${port}`);
    vi.advanceTimersByTime(DIAL_TIMEOUT_MS);
    expect((await failed)?.message).toMatch(/no answer within 10 s$/);
  });

  it("cancel() ends the dial and reports nothing", async () => {
    const server = createServer();
    const port = await start(server);
    const events: string[] = [];
    const dial = createDialer(parseRouterUrl(`https://127.0.0.1:${port}`))({
      failed: () => events.push("failed"),
      connected: () => {
        events.push("connected");
        return new RecordingSink();
      },
    });
    const [peer] = await new Promise<[Socket]>((resolve) =>
      server.once("connection", (socket: Socket) => resolve([socket])),
    );
    const gone = new Promise((resolve) => peer.resume().once("close", resolve));
    dial.cancel();
    dial.cancel();
    await gone;
    expect(events).toEqual([]);
  });
});

describe("explainDialError()", () => {
  const address = parseRouterUrl("https://router.example");
  it.each([
    ["ETIMEDOUT", "no answer within 10 s"],
    ["EHOSTUNREACH", "there is no route to it"],
    ["CERT_HAS_EXPIRED", "its certificate has expired"],
    ["EOTHER", "words of Node"],
  ])("puts %s into words", (code, words) => {
    const error = Object.assign(new Error("words of Node\nmore"), { code });
    expect(explainDialError(address, error)).toMatchObject({
      code: "UNREACHABLE",
      message: `Cannot reach router https://router.example: ${words}`,
      cause: error,
    });
  });
});
