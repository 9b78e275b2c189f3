// SPDX-License-Identifier: Apache-2.0
// Several routers and instances that serve at all of them, each a process of its own.
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import type { InstanceInfo, RouterStatus } from "@grpc-router/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFaultClient, patient } from "../faults/fault-client.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, type RouterProcessOptions, startNode, startRouter } from "../harness/stack.ts";

const program = fileURLToPath(new URL("./instance-program.ts", import.meta.url));

let toStop: { stop(): Promise<void> }[];
let clients: { close(): void }[];

beforeEach(() => {
  toStop = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(toStop.map((one) => one.stop()));
});

async function addRouter(options: RouterProcessOptions = {}): Promise<RouterProcess> {
  const router = await startRouter({ linked: true, ...options });
  toStop.push(router);
  return router;
}

async function addInstance(urls: readonly string[], ...flags: readonly string[]): Promise<Running> {
  const args = [...urls.flatMap((url) => ["--url", url]), ...flags];
  const instance = await startNode(program, { args, ready: /^registered/, answers: {} });
  toStop.push(instance);
  return instance;
}

function clientOf({ address }: RouterProcess): ReturnType<typeof createFaultClient> {
  const client = createFaultClient(address);
  clients.push(client);
  return client;
}

/** Waits until an instance is registered at so many addresses. */
async function untilRegistered(instance: Running, count: number): Promise<readonly RouterStatus[]> {
  for (;;) {
    const routers = await instance.link.ask<readonly RouterStatus[]>("routers");
    if (routers.filter(({ state }) => state === "registered").length === count) return routers;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Calls one after another until told to stop; how each ended, and how often. */
function callAll(router: RouterProcess, callers: number): { stop(): Promise<ReadonlyMap<string, number>> } {
  const client = clientOf(router);
  const outcomes = new Map<string, number>();
  let isOver = false;
  const running = Array.from({ length: callers }, async () => {
    while (!isOver) {
      const { code, details } = await client.run({ name: "load" });
      const outcome = code === grpc.status.OK ? "OK" : `${code} ${details}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(running);
      return outcomes;
    },
  };
}

describe("an instance at several routers", () => {
  test("serves at those that it is given, and at those that they name, also later", async () => {
    const third = await addRouter();
    const second = await addRouter();
    const first = await addRouter({ furtherRouters: [second.url] });
    const instance = await addInstance([first.url]);
    await untilRegistered(instance, 2);
    for (const router of [first, second]) expect((await clientOf(router).run({ name: "x" })).code).toBe(grpc.status.OK);
    const late = clientOf(third).run({ name: "late" }, { metadata: patient() });
    await first.link.ask("setRouters", [second.url, third.url]);
    expect((await late).code).toBe(grpc.status.OK);
    const origins = (await untilRegistered(instance, 3)).map(({ url, origin }) => [url, origin]);
    expect(origins).toEqual([
      [first.url, "configured"],
      [second.url, "named"],
      [third.url, "named"],
    ]);
  });

  test("loses no call at the others when one is killed, and comes back to it", async () => {
    const [first, second] = await Promise.all([addRouter(), addRouter()]);
    const instance = await addInstance([first.url, second.url]);
    await untilRegistered(instance, 2);
    const load = callAll(second, 4);
    first.kill("SIGKILL");
    await first.exited;
    await instance.untilLine(/Cannot reach router|Lost router/);
    const again = await addRouter({ port: first.port });
    expect((await clientOf(again).run({ name: "back" }, { metadata: patient() })).code).toBe(grpc.status.OK);
    const outcomes = await load.stop();
    expect([...outcomes.keys()]).toEqual(["OK"]);
    expect(outcomes.get("OK")).toBeGreaterThan(100);
  });

  test("serves a router that names itself by another address once, and loses no call over it", async () => {
    const router = await addRouter();
    const instance = await addInstance([router.url]);
    const load = callAll(router, 4);
    await router.link.ask("setRouters", [router.url, `http://localhost:${router.port}`]);
    await instance.untilLine(/is the same router as/);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const routers = await untilRegistered(instance, 1);
    expect(routers).toMatchObject([{ url: router.url, state: "registered" }]);
    expect([...(await load.stop()).keys()]).toEqual(["OK"]);
    expect(instance.output.filter((line) => /Another process/.test(line))).toEqual([]);
  });

  test("has no more calls open than its capacity, whoever sends them, and serves every router", async () => {
    const routers = await Promise.all([addRouter(), addRouter()]);
    const instance = await addInstance(
      routers.map(({ url }) => url),
      "--capacity",
      "4",
    );
    await untilRegistered(instance, 2);
    const loads = routers.map((router) => callAll(router, 8));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const outcomes = await Promise.all(loads.map((load) => load.stop()));
    for (const outcome of outcomes) {
      expect([...outcome.keys()]).toEqual(["OK"]);
      expect(outcome.get("OK")).toBeGreaterThan(50);
    }
    expect(await instance.link.ask("calls")).toMatchObject({ open: 0, most: 4 });
  });

  test("lets one router have all of it while the others want nothing, and none wait for ever for a single call", async () => {
    const routers = await Promise.all([addRouter(), addRouter()]);
    const urls = routers.map(({ url }) => url);
    const instance = await addInstance(urls, "--capacity", "1", "--call-ms", "1");
    await untilRegistered(instance, 2);
    for (const router of [...routers, ...routers]) {
      const client = clientOf(router);
      for (let count = 0; count < 5; count++) expect((await client.run({ name: "x" })).code).toBe(grpc.status.OK);
    }
    const both = await Promise.all(routers.map((router) => clientOf(router).run({ name: "x" })));
    expect(both.map(({ code }) => code)).toEqual([grpc.status.OK, grpc.status.OK]);
    expect(await instance.link.ask("calls")).toMatchObject({ most: 1, ended: 22 });
  });
});

test("several connections to one router share the calls", async () => {
  const router = await addRouter();
  const instance = await addInstance([router.url], "--connections", "3");
  await untilRegistered(instance, 3);
  const load = callAll(router, 6);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([...(await load.stop()).keys()]).toEqual(["OK"]);
  const instances = await router.link.ask<readonly InstanceInfo[]>("instances");
  expect(instances.map(({ instanceId, weight }) => [instanceId, weight]).sort()).toEqual([
    ["one", 33],
    ["one/2", 33],
    ["one/3", 33],
  ]);
  expect(Math.min(...instances.map(({ totalCalls }) => totalCalls))).toBeGreaterThan(10);
});
