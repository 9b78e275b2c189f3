// SPDX-License-Identifier: Apache-2.0

import { request } from "node:http";
import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import type { InstanceInfo } from "@grpc-router/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { AdminService, State } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { ADMIN_LISTENER_LIMITS } from "../limits.js";
import { createEngineStats } from "../serve/engine-stats.suite.js";
import type { RouterPhase } from "../serve/serve-router.js";
import type { AdminPage } from "./admin-pages.js";
import { createAdministeredServer } from "./administered-router.suite.js";
import { type AdminServer, openAdmin, serveAdmin } from "./serve-admin.js";

const servers: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const info: InstanceInfo = {
  instanceId: "users-1",
  service: "acme.user.v1.UserService",
  address: "127.0.0.1:5",
  agent: "test 1",
  principal: "users",
  methods: ["GetUser"],
  labels: { zone: "eu-1" },
  weight: 100,
  capacity: 4_096,
  openCalls: 2,
  totalCalls: 9,
  state: "serving",
  withdrawn: false,
  ejected: false,
  openBreakers: [],
  registeredMs: performance.now() - 61_500,
};

async function start(instances: readonly InstanceInfo[] = [info], stats = createEngineStats()): Promise<AdminServer> {
  const server = await serveAdmin(createAdministeredServer({ instances: () => instances, engineStats: () => stats }), {
    port: 0,
  });
  servers.push(server);
  return server;
}

function ask(url: string, headers: Record<string, string>): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const path = "/grpcrouter.admin.v1.AdminService/ListInstances";
    const call = request(
      url + path,
      { method: "POST", headers: { "content-type": "application/json", ...headers } },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      },
    );
    call.on("error", reject).end("{}");
  });
}

describe("serveAdmin()", () => {
  it.each([
    ["gRPC over HTTP/2", (url: string) => createGrpcTransport({ baseUrl: url })],
    ["Connect over HTTP/2", (url: string) => createConnectTransport({ baseUrl: url, httpVersion: "2" })],
    ["Connect over HTTP/1.1", (url: string) => createConnectTransport({ baseUrl: url, httpVersion: "1.1" })],
  ])("answers %s on one port", async (_, createTransport) => {
    const { url } = await start();
    const { instances } = await createClient(AdminService, createTransport(url)).listInstances({});
    expect(instances).toMatchObject([
      {
        id: "users-1",
        service: "acme.user.v1.UserService",
        state: State.SERVING,
        peerAddress: "127.0.0.1:5",
        methods: ["GetUser"],
        labels: { zone: "eu-1" },
        weight: 100,
        capacity: 4_096,
        openCalls: 2,
        totalCalls: 9n,
        registeredFor: { seconds: 61n },
        agent: "test 1",
        principal: "users",
      },
    ]);
  });

  it("lists by service and id, one service when asked to", async () => {
    const { url } = await start([
      { ...info, instanceId: "b", state: "draining" },
      { ...info, instanceId: "a", state: "not_serving", capacity: 0 },
      { ...info, service: "acme.a.v1.AService" },
    ]);
    const client = createClient(AdminService, createGrpcTransport({ baseUrl: url }));
    const all = await client.listInstances({});
    expect(all.instances.map(({ id, state, capacity }) => [id, state, capacity])).toEqual([
      ["users-1", State.SERVING, 4_096],
      ["a", State.NOT_SERVING, 0],
      ["b", State.DRAINING, 4_096],
    ]);
    const one = await client.listInstances({ service: "acme.a.v1.AService" });
    expect(one.instances.length).toBe(1);
  });

  it("tells what HTTP/2 did", async () => {
    const stats = createEngineStats({
      countedForMs: 61_500,
      connectionsOpened: 3,
      connectionsClosed: 1,
      streamsOpened: 2 ** 53 - 1,
      streamsClosed: 5,
      resetsSent: { REFUSED_STREAM: 4 },
      resetsReceived: { CANCEL: 3, OTHER: 1 },
      goawaysSent: { ENHANCE_YOUR_CALM: 2 },
      goawaysReceived: { NO_ERROR: 1 },
      limits: [{ name: "concurrentStreams", hits: 4, value: 100 }],
      listenerLimits: [{ name: "connections", hits: 1, value: 10 }],
      reasons: { NO_INSTANCE: 9 },
    });
    const { url } = await start([], stats);
    const client = createClient(AdminService, createGrpcTransport({ baseUrl: url }));
    expect(await client.getEngineStats({})).toMatchObject({
      countedFor: { seconds: 61n, nanos: 500_000_000 },
      connectionsOpened: 3n,
      connectionsClosed: 1n,
      streamsOpened: 2n ** 53n - 1n,
      streamsClosed: 5n,
      resetsSent: { REFUSED_STREAM: 4n },
      resetsReceived: { CANCEL: 3n, OTHER: 1n },
      goawaysSent: { ENHANCE_YOUR_CALM: 2n },
      goawaysReceived: { NO_ERROR: 1n },
      limits: [{ name: "concurrentStreams", hits: 4n, value: 100n }],
      listenerLimits: [{ name: "connections", hits: 1n, value: 10n }],
      reasons: { NO_INSTANCE: 9n },
    });
  });

  it.each([
    ["localhost:1", 200],
    ["127.0.0.1", 200],
    ["[::1]:8081", 200],
    ["evil.example:8081", 403],
  ])("for the host %s answers %d", async (host, status) => {
    const { url } = await start();
    expect((await ask(url, { host })).status).toBe(status);
  });

  it("gives no address more than its share of connections", async () => {
    const { address } = await start();
    const limit = ADMIN_LISTENER_LIMITS.connectionsPerAddress;
    const sockets = Array.from({ length: limit + 1 }, () => connect(address).on("error", () => {}));
    const closed = await Promise.race(
      sockets.map((socket) => new Promise<boolean>((resolve) => socket.resume().once("close", () => resolve(true)))),
    );
    expect(closed).toBe(true);
    for (const socket of sockets) socket.destroy();
  });

  it("says that its port is in use", async () => {
    const { address } = await start();
    await expect(serveAdmin(createAdministeredServer(), address)).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
    });
  });
});

describe("openAdmin()", () => {
  it("takes the port, and lets requests wait until there is a router", async () => {
    const opened = await openAdmin({ port: 0 });
    await expect(openAdmin(opened.address)).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    let answered = false;
    const answer = fetch(`http://127.0.0.1:${opened.address.port}/ready`).finally(() => {
      answered = true;
    });
    // A connection of its own has come and gone, so the request before it would have had its answer.
    const probe = connect(opened.address);
    await new Promise((resolve) => probe.once("connect", resolve));
    probe.destroy();
    expect(answered).toBe(false);
    const server = await opened.serve(createAdministeredServer());
    servers.push(server);
    expect((await answer).status).toBe(200);
    expect(server.address).toEqual(opened.address);
  });

  it("cuts off who waits when there will be no router", async () => {
    const opened = await openAdmin({ port: 0 });
    const answer = fetch(`http://127.0.0.1:${opened.address.port}/ready`);
    const refused = expect(answer).rejects.toThrow();
    await opened.close();
    await refused;
  });
});

describe("pages of serveAdmin()", () => {
  const page: AdminPage = {
    path: "/metrics",
    answer: ({ headers, query }) => ({
      status: 200,
      contentType: "text/x",
      body: `${headers.accept} ${query.get("a")}\n`,
    }),
  };
  const broken: AdminPage = {
    path: "/broken",
    answer: () => {
      throw new Error("it broke");
    },
  };

  async function get(path: string, init: RequestInit = {}, phase: RouterPhase = "serving") {
    const server = await serveAdmin(createAdministeredServer({ phase }), { port: 0, pages: [page, broken] });
    servers.push(server);
    const response = await fetch(server.url + path, init);
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  }

  it.each([
    ["/live", "serving", 200, '{"live":true}\n'],
    ["/live", "draining", 200, '{"live":true}\n'],
    ["/ready", "serving", 200, '{"ready":true}\n'],
    ["/ready?verbose", "serving", 200, '{"ready":true}\n'],
    ["/ready", "draining", 503, '{"ready":false,"reason":"the router is draining: it accepts no connections"}\n'],
    ["/ready", "closed", 503, '{"ready":false,"reason":"the router is closed"}\n'],
  ] as const)("%s of a router that is %s answers %d", async (path, phase, status, text) => {
    expect(await get(path, {}, phase)).toEqual({ status, type: "application/json", text });
  });

  it("gives pages of one's own headers and query", async () => {
    expect(await get("/metrics?a=7", { headers: { accept: "text/y" } })).toEqual({
      status: 200,
      type: "text/x",
      text: "text/y 7\n",
    });
  });

  it("answers HEAD without a body, POST with 405, a page that throws with 500", async () => {
    expect(await get("/ready", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    expect(await get("/ready", { method: "POST" })).toMatchObject({ status: 405, text: "use GET or HEAD\n" });
    expect(await get("/broken")).toMatchObject({ status: 500, text: "Cannot answer /broken: it broke\n" });
  });

  it("says at / what there is", async () => {
    const { status, type, text } = await get("/");
    expect([status, type]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(text).toBe(
      "The admin API of a gRPC Router\n\n/live\n/ready\n/metrics\n/broken\n" +
        "/grpcrouter.admin.v1.AdminService/…  by gRPC, gRPC-Web and Connect, as grpc-router asks it\n",
    );
  });

  it("leaves other paths to the API", async () => {
    expect((await get("/nothing")).status).toBe(404);
  });
});
