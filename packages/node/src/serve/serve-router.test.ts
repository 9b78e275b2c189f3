// SPDX-License-Identifier: Apache-2.0

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { defaultKeepalive, defaultLimits, EngineCounters, type Transport } from "@grpc-router/http2";
import type { RouterPorts } from "@grpc-router/runtime";
import { createRouter, RouterCounters } from "@grpc-router/runtime";
import { createSelfSigned } from "@grpc-router/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAdministeredServer } from "../admin/administered-router.suite.js";
import { CLOSE_GRACE_MS } from "../limits.js";
import { RecordingSink } from "../socket/recording-sink.suite.js";
import {
  type RouterServer,
  type ServableCore,
  type ServableRouter,
  type ServeRouterOptions,
  serveRouter,
} from "./serve-router.js";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((it) => it.close()));
});

/** A router that notes what it is asked; `onAccept` stands for its engine. */
function createFakeRouter(onAccept: (transport: Transport, sink: RecordingSink) => void = () => {}) {
  const calls: string[] = [];
  const transports: Transport[] = [];
  const core: ServableCore = {
    accept: (transport) => {
      transports.push(transport);
      const sink = new RecordingSink();
      onAccept(transport, sink);
      return sink;
    },
    drain: async ({ timeoutMs }) => {
      calls.push(`drain ${timeoutMs}`);
      return 2;
    },
    openCalls: () => new Map([["/x/Y", 2]]),
    close: () => {
      calls.push("close");
      for (const transport of transports) transport.end();
    },
    instances: () => [],
    setCredentials: (credentials) => {
      calls.push(`credentials ${credentials.length}`);
      return credentials.length - 1;
    },
    setRouters: () => {},
    setServices: ({ contract }) => ({ added: [...contract.services.keys()], changed: [], removed: [] }),
    counters: new EngineCounters(),
    limits: defaultLimits,
    keepalive: defaultKeepalive.server,
    routerCounters: new RouterCounters(),
    metrics: () => [],
    watch: () => () => {},
    operator: createAdministeredServer().operator,
    connectionBook: { list: () => [], trace: () => ({ isOver: true, stop: () => {} }) },
  };
  const ports: RouterPorts[] = [];
  const openCore = (given: RouterPorts): ServableCore => {
    ports.push(given);
    return core;
  };
  return { open: openCore, calls, transports, ports };
}

async function start(router: ServableRouter, options: ServeRouterOptions = {}) {
  const logged: string[] = [];
  const server = await serveRouter(router, {
    port: 0,
    logger: { log: (level, event, message) => logged.push(`${level} ${event} ${message}`) },
    ...options,
  });
  open.push(server);
  return { server, logged };
}

/** A client connection; `halfOpen`: one that never ends its side. */
function dial({ address }: RouterServer, halfOpen = false): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, allowHalfOpen: halfOpen }, () => resolve(socket));
    socket.on("error", () => {});
    open.push({ close: () => socket.destroy() });
  });
}

const closed = (socket: Socket) => new Promise((resolve) => socket.resume().once("close", resolve));

describe("serveRouter()", () => {
  it("tells where it listens", async () => {
    const { server, logged } = await start(createFakeRouter());
    expect(server.address.host).toBe("127.0.0.1");
    expect(server.url).toBe(`http://127.0.0.1:${server.address.port}`);
    expect(logged).toEqual([
      `info listening Routing on ${server.url}`,
      "info unauthenticated_instances Only this machine can reach the router: instances need no credential",
    ]);
    const tls = await start(createFakeRouter(), { tls: createSelfSigned(), host: "::1" });
    expect(tls.server.url).toBe(`https://[::1]:${tls.server.address.port}`);
  });

  it("says where in its life it is", async () => {
    const { server } = await start(createFakeRouter());
    expect(server.phase).toBe("serving");
    const drained = server.drain();
    expect(server.phase).toBe("draining");
    await drained;
    expect(server.phase).toBe("closed");
  });

  it("closes the router it has opened when it cannot listen", async () => {
    const { server } = await start(createFakeRouter());
    const router = createFakeRouter();
    await expect(start(router, { port: server.address.port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    expect(router.calls).toEqual(["close"]);
  });

  it("hands connections to the router with the peer's address", async () => {
    const echo = createFakeRouter((transport, sink) => {
      sink.onReceive = (bytes, start, end) => transport.write(bytes.slice(start, end), end - start);
    });
    const { server } = await start(echo);
    const socket = await dial(server);
    socket.write("hello");
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toBe("hello");
    expect(echo.transports[0]?.peer.address).toBe(`127.0.0.1:${socket.localPort}`);
    expect(server.instances()).toEqual([]);
  });

  it("refuses limits and budgets that cannot be, before the router is opened", async () => {
    const router = createFakeRouter();
    await expect(start(router, { limits: { connections: 0 } })).rejects.toMatchObject({ code: "LIMIT_INVALID" });
    await expect(start(router, { memoryBytes: 5 })).rejects.toMatchObject({ code: "LIMIT_INVALID" });
    const tls = { ...createSelfSigned(), watchMs: 0 };
    await expect(start(router, { tls })).rejects.toMatchObject({ code: "TLS_INVALID" });
    expect(router.calls).toEqual([]);
  });

  it("gives the router a gauge of the memory budget, and lets nobody in when it is used up", async () => {
    const router = createFakeRouter();
    const { server, logged } = await start(router, { memoryBytes: 1 << 20 });
    expect(router.ports[0]?.memory?.pressure()).toBeGreaterThan(1);
    await closed(connect(server.address).on("error", () => {}));
    expect(logged[2]).toMatch(
      /^warn connection_refused Refused 127\.0\.0\.1:\d+: \d+ % of the memory budget is used \(memoryBytes\)$/,
    );
    expect(server.listenerStats().limitHits).toMatchObject({ memory: 1, connections: 0 });
  });

  it("refuses an address of others without credentials of instances, before the router is opened", async () => {
    const router = createFakeRouter();
    await expect(start(router, { host: "0.0.0.0" })).rejects.toMatchObject({ code: "CREDENTIALS_MISSING" });
    const tls = { ...createSelfSigned(), ca: createSelfSigned().cert, clientCertificate: "request" } as const;
    await expect(start(router, { host: "0.0.0.0", tls })).rejects.toMatchObject({ code: "CREDENTIALS_MISSING" });
    expect(router.ports).toHaveLength(0);
    const allowed = await start(router, { host: "0.0.0.0", allowUnauthenticatedInstances: true });
    expect(allowed.logged[1]).toMatch(/^warn unauthenticated_instances Whoever reaches the router may register/);
    for (const [given, options] of [
      [{ ...createFakeRouter(), wantsCredentials: true }, {}],
      [createFakeRouter(), { tls: { ...tls, clientCertificate: "require" } }],
    ] as const) {
      const { logged } = await start(given, { host: "0.0.0.0", ...options });
      expect(logged).toEqual([expect.stringMatching(/^info listening /)]);
    }
  });

  it("reloadCredentials() gives them to the router, and tells what came of it", async () => {
    const router = createFakeRouter();
    const { server, logged } = await start(router);
    const credential = { name: "a", services: ["*"], certificates: ["a"] };
    server.reloadCredentials([credential]);
    server.reloadCredentials([credential, credential, credential]);
    expect(router.calls).toEqual(["credentials 1", "credentials 3"]);
    expect(logged.slice(2)).toEqual([
      "info credentials_reloaded Took new credentials: 1; all registrations stay",
      "info credentials_reloaded Took new credentials: 3; registrations drained: 2",
    ]);
  });

  it("setServices() gives them to the router, and tells what came of it", async () => {
    const { server, logged } = await start(createFakeRouter());
    const method = { name: "Get", inputType: ".M", outputType: ".M" };
    const file = { name: "a.proto", messageType: [{ name: "M" }], service: [{ name: "S", method: [method] }] };
    const set = create(FileDescriptorSetSchema, { file: [file] });
    expect(server.setServices(createRouter().descriptors(set))).toMatchObject({ added: ["S"] });
    expect(server.setServices(createRouter())).toMatchObject({ added: [], removed: [] });
    expect(logged.slice(2)).toEqual(["info services_changed Took new services: added: S"]);
  });

  it("reloadCertificates() needs a router that serves TLS", async () => {
    const { server } = await start(createFakeRouter());
    expect(() => server.reloadCertificates()).toThrow(
      "Cannot reload certificates: the router must serve TLS, it serves plain text",
    );
    const encrypted = await start(createFakeRouter(), { tls: createSelfSigned() });
    expect(encrypted.server.reloadCertificates()).toBe(false);
    expect(encrypted.server.reloadCertificates(createSelfSigned(["renewed.example"]))).toBe(true);
    expect(encrypted.logged.at(-1)).toMatch(
      /^info certificates_reloaded Took new certificates: DNS:renewed\.example, /,
    );
  });

  it("drain() stops listening, drains the router, then closes", async () => {
    const router = createFakeRouter();
    const { server } = await start(router);
    const gone = closed(await dial(server)).then(() => router.calls.push("socket closed"));
    await vi.waitFor(() => expect(router.transports.length).toBe(1));
    const drained = server.drain({ timeoutMs: 5 });
    const refused = connect(server.address);
    await new Promise((resolve) => refused.once("error", resolve));
    expect(server.inFlight()).toEqual({ calls: new Map([["/x/Y", 2]]), channels: 0 });
    expect(await drained).toEqual({ callsCut: 2 });
    await gone;
    expect(router.calls).toEqual(["drain 5", "close", "socket closed"]);
    await server.drain();
    expect(router.calls[3]).toBe("drain 10000");
  });

  it("drain() lets a TLS handshake end that has begun, so that its client is told to go, not cut off", async () => {
    const pair = createSelfSigned();
    const router = createFakeRouter(() => router.calls.push("accepted"));
    const { server } = await start(router, { tls: pair });
    const raw = await dial(server);
    await vi.waitFor(() => expect(server.listenerStats().handshakes).toBe(1));
    const drained = server.drain({ timeoutMs: 5_000 });
    const socket = connectTls({ socket: raw, ca: pair.cert, servername: "localhost", ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    await drained;
    expect(router.calls).toEqual(["accepted", "drain 5000", "close"]);
    socket.destroy();
  });

  it("drain() does not wait long for a peer that begins a handshake and goes no further", async () => {
    const router = createFakeRouter();
    const { server } = await start(router, { tls: createSelfSigned() });
    const silent = await dial(server);
    await vi.waitFor(() => expect(server.listenerStats().handshakes).toBe(1));
    await server.drain({ timeoutMs: 20 });
    expect(router.calls).toEqual(["drain 20", "close"]);
    silent.destroy();
  });

  it("close() cuts off peers that do not take their goodbye", async () => {
    const router = createFakeRouter();
    const { server } = await start(router);
    const peer = await dial(server, true);
    await vi.waitFor(() => expect(router.transports.length).toBe(1));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const done = server.close();
    await new Promise((resolve) => peer.resume().once("end", resolve));
    vi.advanceTimersByTime(CLOSE_GRACE_MS);
    await done;
  });

  it("survives a fault in one connection and says so", async () => {
    const router = createFakeRouter((_, sink) => {
      sink.onReceive = () => {
        throw new Error("boom");
      };
    });
    const { server, logged } = await start(router);
    const socket = await dial(server);
    const gone = closed(socket);
    socket.write("x");
    await gone;
    expect(logged.at(-1)).toBe("error connection_fault A connection was closed by a fault of the router");
    await dial(server);
  });
});
