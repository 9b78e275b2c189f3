// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import {
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;
const certificate = createSelfSigned();
const filler = (length: number) => ({ body: new Uint8Array(length) });
const sizes = (...wanted: number[]) => ({ responseParameters: wanted.map((size) => ({ size })) });

/** A refusal that takes longer than this is no refusal but a time limit. */
const PROMPT_MS = 2_000;

describe("a router that speaks TLS", () => {
  let router: InProcess;
  let client: ReturnType<typeof createGrpcJsClient>;

  beforeAll(async () => {
    router = await startInProcess({ tls: { serve: certificate, dial: { ca: certificate.cert } } });
    client = createGrpcJsClient(router.address, { ca: certificate.cert });
  });
  afterAll(async () => {
    client?.close();
    await router?.stop();
  });

  const kinds = [
    {
      kind: "unary",
      call: () =>
        client.call(method.unaryCall, [
          create(SimpleRequestSchema, { responseSize: 100_000, payload: filler(70_000) }),
        ]),
      sizes: [100_000],
    },
    {
      kind: "server streaming",
      call: () => client.call(method.streamingOutputCall, [create(StreamingOutputCallRequestSchema, sizes(1, 50_000))]),
      sizes: [1, 50_000],
    },
    {
      kind: "bidi streaming",
      call: () =>
        client.call(
          method.fullDuplexCall,
          [sizes(3), sizes(20_000, 5)].map((init) => create(StreamingOutputCallRequestSchema, init)),
        ),
      sizes: [3, 20_000, 5],
    },
  ];
  test.each(kinds)("serves grpc-js: $kind", async ({ call, sizes: expected }) => {
    const outcome = await call();
    expect(outcome.code, outcome.details).toBe(grpc.status.OK);
    expect(outcome.messages.map((message) => message.payload?.body.length)).toEqual(expected);
  });

  test("serves grpc-js: client streaming", async () => {
    const requests = [9, 80_000].map((size) => create(StreamingInputCallRequestSchema, { payload: filler(size) }));
    const outcome = await client.call(method.streamingInputCall, requests);
    expect(outcome).toMatchObject({ code: grpc.status.OK, messages: [{ aggregatedPayloadSize: 80_009 }] });
  });

  test("serves connect-node", async () => {
    const transport = createGrpcTransport({
      baseUrl: router.url,
      nodeOptions: { ca: certificate.cert, servername: "localhost" },
    });
    const answer = await createClient(TestService, transport).unaryCall({ responseSize: 5 });
    expect(answer.payload?.body.length).toBe(5);
  });

  test("answers /ready to an HTTP/2 client", async () => {
    const session = connectHttp2(router.url, { ca: certificate.cert, servername: "localhost" });
    const request = session.request({ ":path": "/ready" });
    const [headers] = await once(request, "response");
    expect(headers[":status"]).toBe(200);
    session.destroy();
  });

  test("refuses a plain client promptly and says so once", async () => {
    const before = router.routerLog.lines.length;
    const startedMs = performance.now();
    for (let count = 0; count < 2; count++) await closed(preface(connectPlain(router)));
    expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
    const lines = router.routerLog.lines.slice(before).filter(({ level }) => level !== "debug");
    expect(lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Refused 127\.0\.0\.1:\d+: the peer must speak TLS, it sent plain text \(HTTP\/2\)$/),
    ]);
  });

  test("refuses a TLS client without h2 promptly and says so once", async () => {
    const before = router.routerLog.lines.length;
    const { host, port } = router.server.address;
    for (const ALPNProtocols of [["http/1.1"], ["http/1.1"]]) {
      await closed(connectTls({ host, port, ca: certificate.cert, servername: "localhost", ALPNProtocols }));
    }
    await closed(connectTls({ host, port, ca: certificate.cert, servername: "localhost" }));
    const lines = router.routerLog.lines.slice(before).filter(({ level }) => level !== "debug");
    expect(lines.map(({ message }) => message.replace(/^Refused [\d.:]+: /, ""))).toEqual([
      "the peer must offer h2 by ALPN, it offered other protocols",
      "the peer must choose h2 by ALPN, it sent no ALPN",
    ]);
  });

  test("is told apart by an instance that dials http://", async () => {
    const connection = router.dialInstance("plain", {}, router.url.replace("https:", "http:"));
    const { message } = await router.instanceLog.until(/Cannot reach router http:/);
    expect(message).toMatch(
      /^Cannot reach router http:\/\/127\.0\.0\.1:\d+: .*TLS.* [Ww]rite https:\/\/\. Trying again in [\d.]+ s \(1st time\)$/,
    );
    connection.close();
  });
});

describe("a router that speaks plain HTTP/2", () => {
  let router: InProcess;
  beforeAll(async () => {
    router = await startInProcess();
  });
  afterAll(() => router?.stop());

  test("refuses a TLS client promptly and says so once", async () => {
    const before = router.routerLog.lines.length;
    const startedMs = performance.now();
    const { host, port } = router.server.address;
    await closed(connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] }));
    expect(performance.now() - startedMs).toBeLessThan(PROMPT_MS);
    const { message } = await router.routerLog.until(/TLS/);
    expect(message).toMatch(/^Closed the connection of 127\.0\.0\.1:\d+: .*TLS/);
    expect(router.routerLog.lines.length).toBe(before + 1);
  });

  test("is told apart by an instance that dials https://", async () => {
    const connection = router.dialInstance("encrypted", {}, router.url.replace("http:", "https:"));
    const { message } = await router.instanceLog.until(/Cannot reach router https:/);
    expect(message).toMatch(
      /^Cannot reach router https:\/\/127\.0\.0\.1:\d+: the peer does not speak TLS\. Write http:\/\/\. Trying again in/,
    );
    connection.close();
  });
});

test("an instance does not trust a router whose authority it does not know", async () => {
  const router = await startInProcess({
    tls: { serve: certificate, dial: { ca: createSelfSigned(["other.test"]).cert } },
    instances: {},
  });
  const connection = router.dialInstance("sceptic");
  const { message } = await router.instanceLog.until(/Cannot reach router/);
  expect(message).toMatch(
    /its certificate comes from an unknown authority \(\w+\)\. Give the authority's PEM as tls\.ca/,
  );
  connection.close();
  await router.stop();
});

function connectPlain(router: InProcess): Socket {
  const { host, port } = router.server.address;
  return connect(port, host);
}

function preface(socket: Socket): Socket {
  return socket.once("connect", () => socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

/** Resolves when the other side has closed the connection. */
function closed(socket: Socket): Promise<void> {
  socket.on("error", () => {}); // a reset closes it, too
  socket.resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
