// SPDX-License-Identifier: Apache-2.0

import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AdminService, CallPhase, type Event, MethodKind, State } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { LogLevels } from "../log/log-levels.js";
import {
  type AdministeredRouter,
  createAdministeredServer,
  startAdministeredRouter,
  taskServiceName,
} from "./administered-router.suite.js";
import { serveAdmin } from "./serve-admin.js";

const logLevels = new LogLevels("warn");
const drained: (number | undefined)[] = [];
let router: AdministeredRouter;
beforeAll(async () => {
  const policies = new Map([
    [
      taskServiceName,
      { source: "configuration", service: { retryBudget: { share: 0.5 } }, methods: { look: { timeoutMs: 9_000 } } },
    ],
  ]);
  router = await startAdministeredRouter({
    router: { policies, retry: { maxAttempts: 3, retryableStatusCodes: [8] } },
    admin: { logLevels, drain: (graceMs) => drained.push(graceMs) },
  });
});
afterAll(() => router.close());

const instance = async (id: string) => {
  const { instances } = await router.client.listInstances({});
  return instances.find((one) => one.id === id);
};

/** Resolves when the calls listed for `method` are `count`. */
function untilOpen(count: number) {
  return vi.waitFor(async () => {
    const { matched, calls } = await router.client.listCalls({});
    expect(matched).toBe(BigInt(count));
    return calls;
  });
}

describe("AdminService", () => {
  it("ListServices tells methods, kinds, instances and health", async () => {
    const { services } = await router.client.listServices({});
    const method = { input: "test.v1.Task", output: "test.v1.Task", available: 2, waitingCalls: 0 };
    expect(services).toMatchObject([
      {
        name: taskServiceName,
        serving: true,
        instances: 2,
        available: 2,
        methods: [
          { name: "Run", kind: MethodKind.UNARY, idempotent: false, ...method },
          { name: "Look", kind: MethodKind.UNARY, idempotent: true, ...method },
          { name: "Follow", kind: MethodKind.SERVER_STREAMING, idempotent: false, ...method },
        ],
      },
    ]);
  });

  it("GetPolicy says what counts and who said it", async () => {
    const { facts } = await router.client.getPolicy({ subject: `${taskServiceName}/Look` });
    const said = Object.fromEntries(facts.map(({ name, value, source }) => [name, [value?.kind, source]]));
    expect(said.timeoutMs).toEqual([{ case: "numberValue", value: 9_000 }, "configuration for the method"]);
    expect(said.retry?.[1]).toBe("code for the router");
    const { facts: shared } = await router.client.getPolicy({ subject: taskServiceName });
    expect(shared.map(({ name, source }) => [name, source])).toEqual([
      ["retryBudget", "configuration for the service"],
    ]);
  });

  it("GetPolicyStats counts, and tells what is held", async () => {
    const stats = await router.client.getPolicyStats({});
    expect(stats).toMatchObject({ retries: 0n, hedges: 0n, breakers: { opened: 0n }, retriesRefused: { budget: 0n } });
    expect(stats.services).toMatchObject([{ service: taskServiceName, instances: 2, ejected: 0 }]);
    expect(stats.services[0]?.retryTokens).toBeUndefined();
  });

  it("ListCalls shows live calls, oldest first, by method, instance and age", async () => {
    const first = router.run("run");
    await untilOpen(1);
    const second = router.run("look");
    const [run, look] = await untilOpen(2);
    expect(run).toMatchObject({ method: `${taskServiceName}/Run`, attempt: 1, sentBytes: 0n });
    expect(run?.id).toMatch(/^127\.0\.0\.1:\d+#\d+$/);
    expect(run?.remaining).toBeUndefined();
    expect([CallPhase.SENT, CallPhase.RUNNING]).toContain(run?.phase);
    expect(look?.remaining?.seconds).toBe(8n);
    const ask = async (filter: Parameters<typeof router.client.listCalls>[0]) =>
      (await router.client.listCalls(filter)).calls.map(({ id }) => id);
    expect(await ask({ method: `${taskServiceName}/Look` })).toEqual([look?.id]);
    expect(await ask({ method: taskServiceName })).toEqual([run?.id, look?.id]);
    expect(await ask({ instance: run?.instance ?? "" })).toContain(run?.id);
    expect(await ask({ instance: "nobody" })).toEqual([]);
    expect(await ask({ olderThan: { seconds: 3_600n } })).toEqual([]);
    expect(await ask({ limit: 1 })).toEqual([run?.id]);
    router.release();
    expect([await first, await second].every((id) => id.startsWith("tasks-"))).toBe(true);
  });

  it("GetCallStats counts what became of calls, by method", async () => {
    const { methods } = await router.client.getCallStats({ method: taskServiceName });
    expect(methods.map(({ method }) => method.split("/")[1])).toEqual(["Follow", "Look", "Run"]);
    expect(methods[2]).toMatchObject({ started: 1n, ended: { OK: 1n }, attempts: 1n });
    const { mean, p50, p99 } = methods[2]?.latency ?? {};
    for (const time of [mean, p50, p99]) expect(time?.nanos).toBeGreaterThan(0);
    expect(methods[0]?.latency).toBeUndefined();
    expect((await router.client.getCallStats({ method: `${taskServiceName}/Run` })).methods).toHaveLength(1);
    expect((await router.client.getCallStats({})).methods).toHaveLength(4);
  });

  it("SetInstanceWeight stands in for the instance's own until it is taken back", async () => {
    const { services } = await router.client.setInstanceWeight({ id: "tasks-1", weight: 5 });
    expect(services).toEqual([taskServiceName]);
    expect(await instance("tasks-1")).toMatchObject({ weight: 100, orderedWeight: 5 });
    await router.client.setInstanceWeight({ id: "tasks-1", service: taskServiceName });
    expect((await instance("tasks-1"))?.orderedWeight).toBeUndefined();
  });

  it("DrainInstance keeps new calls away until ResumeInstance", async () => {
    expect(await router.client.drainInstance({ id: "tasks-1" })).toMatchObject({ services: [taskServiceName] });
    expect(await instance("tasks-1")).toMatchObject({ state: State.DRAINING, withdrawn: true });
    const calls = [router.run("run"), router.run("run"), router.run("run")];
    await untilOpen(3);
    router.release();
    expect(await Promise.all(calls)).toEqual(["tasks-2", "tasks-2", "tasks-2"]);
    await router.client.resumeInstance({ id: "tasks-1" });
    expect(await instance("tasks-1")).toMatchObject({ state: State.SERVING, withdrawn: false });
  });

  it("DrainInstance ends calls that outlive the grace", async () => {
    await router.addInstance("tasks-3");
    await router.client.drainInstance({ id: "tasks-1" });
    await router.client.drainInstance({ id: "tasks-2" });
    const call = router.run("run");
    const failed = expect(call).rejects.toMatchObject({ code: Code.Unavailable });
    await untilOpen(1);
    await router.client.drainInstance({ id: "tasks-3", grace: { seconds: 0n, nanos: 1_000_000 } });
    await failed;
    for (const id of ["tasks-1", "tasks-2", "tasks-3"]) await router.client.resumeInstance({ id });
  });

  it("KickInstance closes the channel; the instance comes back", async () => {
    const before = await instance("tasks-2");
    const { services } = await router.client.kickInstance({ id: "tasks-2", reason: "too warm" });
    expect(services).toEqual([taskServiceName]);
    await vi.waitFor(async () => expect((await instance("tasks-2"))?.peerAddress).toBeDefined(), { timeout: 5_000 });
    const after = await instance("tasks-2");
    expect(after?.totalCalls).toBe(0n);
    expect(before?.totalCalls).toBeGreaterThan(0n);
  });

  it("WatchEvents tells what has happened, goes on with what happens, and ends with its caller", async () => {
    const kept: Event[] = [];
    for await (const { events, lost } of router.client.watchEvents({ since: 0n, noFollow: true })) {
      kept.push(...events);
      expect(lost).toBe(0n);
    }
    expect(kept[0]).toMatchObject({ id: 1n, kind: "listening", level: "info" });
    expect(kept.map(({ id }) => id)).toEqual(kept.map((_, index) => BigInt(index + 1)));
    const kick = kept.find(({ kind }) => kind === "operator_kick");
    expect(kick).toMatchObject({
      message: `tasks-2 of ${taskServiceName} is kicked by an operator: too warm`,
      fields: { instance: "tasks-2", service: taskServiceName },
    });
    expect(Math.abs(Number(kick?.time?.seconds) - Date.now() / 1_000)).toBeLessThan(60);

    const stop = new AbortController();
    const seen: string[] = [];
    const watch = async () => {
      const request = { since: kept.at(-1)?.id ?? 0n, kinds: ["operator_weight"] };
      for await (const { events } of router.client.watchEvents(request, { signal: stop.signal })) {
        seen.push(...events.map(({ message }) => message));
        if (seen.length === 2) stop.abort();
      }
    };
    const ended = expect(watch()).rejects.toMatchObject({ code: Code.Canceled });
    await router.client.setInstanceWeight({ id: "tasks-1", weight: 8 });
    await router.client.drainInstance({ id: "tasks-1" });
    await router.client.resumeInstance({ id: "tasks-1" });
    await router.client.setInstanceWeight({ id: "tasks-1" });
    await ended;
    expect(seen).toEqual([
      expect.stringContaining("has the weight 8"),
      expect.stringContaining("the weight that it states again"),
    ]);
  });

  it("GetLogLevel and SetLogLevel reach the program's log", async () => {
    expect(await router.client.getLogLevel({})).toMatchObject({ level: "warn", modules: {} });
    const { knownModules } = await router.client.getLogLevel({});
    expect(knownModules).toContain("registry");
    expect(await router.client.setLogLevel({ module: "policy", level: "debug" })).toMatchObject({
      level: "warn",
      modules: { policy: "debug" },
    });
    await router.client.setLogLevel({ level: "error" });
    expect([logLevels.passes("debug", "ejected"), logLevels.passes("warn", "registered")]).toEqual([true, false]);
    expect(await router.client.setLogLevel({ module: "policy" })).toMatchObject({ level: "error", modules: {} });
  });

  it("DrainRouter asks the program to stop, and says what is open", async () => {
    const call = router.run("run");
    await untilOpen(1);
    expect(await router.client.drainRouter({ grace: { seconds: 2n } })).toMatchObject({ openCalls: 1n });
    await router.client.drainRouter({});
    expect(drained).toEqual([2_000, undefined]);
    router.release();
    await call;
  });

  it.each<[what: string, ask: () => Promise<unknown>, code: Code, message: string]>([
    ["KickInstance", () => router.client.kickInstance({ id: "task-1" }), Code.NotFound, "Near: tasks-1"],
    [
      "GetPolicy",
      () => router.client.getPolicy({ subject: "test.v1.TaskServic" }),
      Code.NotFound,
      "Near: test.v1.TaskS",
    ],
    ["ListCalls", () => router.client.listCalls({ method: "a.B" }), Code.NotFound, "it must be routed. There are 1"],
    [
      "SetInstanceWeight",
      () => router.client.setInstanceWeight({ id: "tasks-1", weight: 0 }),
      Code.InvalidArgument,
      "from 1 to 1000000",
    ],
    [
      "SetLogLevel",
      () => router.client.setLogLevel({ level: "loud" }),
      Code.InvalidArgument,
      "it must be one of debug",
    ],
    [
      "DrainInstance",
      () => router.client.drainInstance({ id: "tasks-1", grace: { seconds: 86_401n } }),
      Code.InvalidArgument,
      "the grace must be from 0 to",
    ],
    [
      "DrainRouter",
      () => router.client.drainRouter({ grace: { seconds: -1n } }),
      Code.InvalidArgument,
      "from 0 to 24 h",
    ],
  ])("%s refuses what cannot be", async (_, ask, code, message) => {
    await expect(ask()).rejects.toMatchObject({ code, rawMessage: expect.stringContaining(message) });
  });

  it("without levels of a logger says so, and drains the server itself", async () => {
    const grace: unknown[] = [];
    const drain = async (options: unknown) => {
      grace.push(options);
      return { callsCut: 0 };
    };
    const admin = await serveAdmin(createAdministeredServer({ drain }), { port: 0 });
    const client = createClient(AdminService, createGrpcTransport({ baseUrl: admin.url }));
    await expect(client.getLogLevel({})).rejects.toMatchObject({ code: Code.FailedPrecondition });
    await client.drainRouter({ grace: { seconds: 3n } });
    await client.drainRouter({});
    expect(grace).toEqual([{ timeoutMs: 3_000 }, {}]);
    await admin.close();
  });
});
