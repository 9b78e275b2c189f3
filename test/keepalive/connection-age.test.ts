// SPDX-License-Identifier: Apache-2.0
// Connections that the router ends for their age or idleness (gRFC A9): clients see no failed call, instances stay.
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import * as grpc from "@grpc/grpc-js";
import type { EngineStats } from "@grpc-router/node";
import { afterEach, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { type Running, runProcess } from "../harness/processes.ts";
import { type RouterProcess, type RouterProcessOptions, startInstance, startRouter } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const toStop: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()));
});

async function start(connections: NonNullable<RouterProcessOptions["connections"]>) {
  const router = await startRouter({ connections, linked: true });
  toStop.push(router);
  const services = ["faults", "test"];
  const instance = await startInstance({ url: router.url, services, id: "one", verbose: true });
  toStop.push(instance);
  return { router, instance, newsOfInstance: newsOf(instance) };
}

/** What the router has counted so far. */
function statsOf(router: RouterProcess): Promise<EngineStats> {
  return router.link.ask<EngineStats>("engine");
}

/** What an instance says of its registrations from now on; a process keeps its last lines only. */
function newsOf(instance: Running): () => string[] {
  const known = new Set(instance.output);
  return () => instance.output.filter((line) => /event=/.test(line) && !known.has(line));
}

/** A client that makes no call; what the router tells it. */
async function watch(url: string) {
  const session: ClientHttp2Session = connectHttp2(url);
  const goaways: { readonly code: number; readonly lastStreamId: number; readonly debug: string }[] = [];
  session.on("goaway", (code, lastStreamId, data) =>
    goaways.push({ code, lastStreamId, debug: data === undefined ? "" : Buffer.from(data).toString() }),
  );
  session.on("error", () => {});
  toStop.push({ stop: async () => void session.destroy() });
  await once(session, "connect");
  return { session, goaways };
}

describe("maxAgeMs", () => {
  test("moves a grpc-js client from connection to connection, and none of its calls fails", async () => {
    const { router, newsOfInstance } = await start({ keepalive: { maxAgeMs: 300, maxAgeGraceMs: 5_000 } });
    const client = createFaultClient(router.address);
    const { session, goaways } = await watch(router.url);
    const untilMs = performance.now() + 6_000;
    const codes = new Map<grpc.status, number>();
    const count = (code: grpc.status) => void codes.set(code, (codes.get(code) ?? 0) + 1);
    const unary = Array.from({ length: 4 }, async () => {
      while (performance.now() < untilMs) count((await client.run({ name: "load" })).code);
    });
    // Calls that outlive their connection's age, but not its grace.
    const streaming = Array.from({ length: 2 }, async () => {
      while (performance.now() < untilMs) {
        const call = client.converse({ name: "long" });
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        call.end();
        count((await call.outcome).code);
      }
    });
    await Promise.all([...unary, ...streaming]);
    expect([...codes.keys()]).toEqual([grpc.status.OK]);
    expect(codes.get(grpc.status.OK)).toBeGreaterThan(100);
    expect(goaways[0]).toEqual({ code: 0, lastStreamId: 2 ** 31 - 1, debug: "max_age" });
    expect(session.closed).toBe(true);
    // The instance's, the watching one, and those of the client.
    const { connectionsOpened, limits } = await statsOf(router);
    expect(connectionsOpened).toBeGreaterThan(4);
    expect(limits.find(({ name }) => name === "keepalive.maxAgeMs")?.hits).toBeGreaterThan(2);
    expect(newsOfInstance()).toEqual([]);
    client.close();
  });

  test("ends calls that outlive the grace with UNAVAILABLE", async () => {
    const { router, instance } = await start({ keepalive: { maxAgeMs: 300, maxAgeGraceMs: 500 } });
    const client = createFaultClient(router.address);
    const held = client.run({ holdOn: ["one"], name: "held" });
    await instance.untilLine(/^began held$/);
    expect((await held).code).toBe(grpc.status.UNAVAILABLE);
    expect((await client.run({ name: "next" })).code).toBe(grpc.status.OK);
    client.close();
  });

  const missing = missingTool("grpc-go-interop");
  test.skipIf(missing !== undefined)(
    `is nothing to a grpc-go client in its soak test${missing === undefined ? "" : `, skipped: ${missing}`}`,
    async () => {
      const { router } = await start({ keepalive: { maxAgeMs: 300, maxAgeGraceMs: 5_000 } });
      const { code, stderr } = await runProcess(requireTool("grpc-go-interop"), [
        `--server_host=${router.host}`,
        `--server_port=${router.port}`,
        "--test_case=rpc_soak",
        "--soak_iterations=400",
        "--soak_min_time_ms_between_rpcs=10",
        "--soak_request_size=1000",
        "--soak_response_size=1000",
        "--soak_overall_timeout_seconds=25",
        "--soak_per_iteration_max_acceptable_latency_ms=5000",
      ]);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain("400");
    },
  );
});

describe("maxIdleMs", () => {
  test("ends a connection without calls; the next call goes over a new one", async () => {
    const { router, newsOfInstance } = await start({ keepalive: { maxIdleMs: 500 } });
    const client = createFaultClient(router.address);
    const first = await client.run({ name: "first" });
    const { session, goaways } = await watch(router.url);
    await once(session, "close");
    expect(goaways[0]).toEqual({ code: 0, lastStreamId: 2 ** 31 - 1, debug: "max_idle" });
    // The client's and the watching one; not the instance's.
    await expect.poll(async () => (await statsOf(router)).connectionsClosed, { timeout: 5_000 }).toBe(2);
    const second = await client.run({ name: "second" });
    expect([first.code, second.code]).toEqual([grpc.status.OK, grpc.status.OK]);
    expect(newsOfInstance()).toEqual([]);
    client.close();
  });
});

describe("limits.lastStreamId", () => {
  test("moves a grpc-js client to a new connection, and none of its calls fails", async () => {
    const { router } = await start({ limits: { lastStreamId: 99 } });
    const client = createFaultClient(router.address);
    const codes = new Set<grpc.status>();
    for (let round = 0; round < 60; round++) {
      const calls = Array.from({ length: 10 }, () => client.run({ name: "load" }));
      for (const { code } of await Promise.all(calls)) codes.add(code);
    }
    expect([...codes]).toEqual([grpc.status.OK]);
    expect((await statsOf(router)).connectionsOpened).toBeGreaterThan(8);
    client.close();
  });
});
