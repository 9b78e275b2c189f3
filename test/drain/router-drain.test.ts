// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { createFaultClient, errorInfoOf, patient } from "../faults/fault-client.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, startInstance, startRouter } from "../harness/stack.ts";

describe("SIGTERM of the router", () => {
  const toStop: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(toStop.splice(0).map((one) => one.stop()));
  });

  async function start(graceMs: number): Promise<{ router: RouterProcess; instance: Running }> {
    const router = await startRouter({ graceMs });
    toStop.push(router);
    const instance = await startInstance({ url: router.url, services: ["faults"], id: "one", verbose: true });
    toStop.push(instance);
    return { router, instance };
  }

  test("calls under way finish, clients are told to go, instances move to the next router", async () => {
    const { router, instance } = await start(10_000);
    const client = createFaultClient(router.address);
    const other = connectHttp2(router.url);
    await once(other, "connect");
    const held = { holdOn: ["one"] };
    const unary = client.run({ ...held, name: "unary" });
    const watching = client.watch({ ...held, name: "watch", reports: 2 });
    const conversing = client.converse({ ...held, name: "converse" });
    for (const name of ["unary", "watch", "converse"]) await instance.untilLine(new RegExp(`^began ${name}$`));

    router.kill("SIGTERM");
    const [code, lastStreamId] = await once(other, "goaway");
    expect(code).toBe(0);
    expect(lastStreamId).toBe(2 ** 31 - 1); // the first of two: whatever is under way may still come (RFC 9113 section 6.8)
    const next = await startRouter({ port: router.port });
    toStop.push(next);
    // The client's own channel finds the next router; the call waits there for the instance.
    const later = client.run({ name: "later" }, { metadata: patient() });
    instance.kill("SIGUSR2");
    for (const outcome of [unary, watching.outcome]) expect((await outcome).code).toBe(grpc.status.OK);
    conversing.end();
    expect((await conversing.outcome).code).toBe(grpc.status.OK);
    expect(await later).toMatchObject({ code: grpc.status.OK, messages: [{ instance: "one" }] });
    expect(await router.exited).toBe(0);
    expect(router.output.slice(1)).toEqual([]); // nothing that deserves a warning
    other.destroy();
    client.close();
  });

  test("what outlives the grace ends UNAVAILABLE, and the exit code is still 0", async () => {
    const { router, instance } = await start(300);
    const client = createFaultClient(router.address);
    const unary = client.run({ holdOn: ["one"], name: "unary" });
    const watching = client.watch({ holdOn: ["one"], name: "watch", reports: 2 });
    await Promise.all([instance.untilLine(/^began unary$/), watching.next()]);
    router.kill("SIGTERM");
    for (const outcome of [await unary, await watching.outcome]) {
      expect(outcome.code, outcome.details).toBe(grpc.status.UNAVAILABLE);
      expect(errorInfoOf(outcome)).toMatchObject({ domain: "grpcrouter", metadata: { execution: "started" } });
    }
    expect(await router.exited).toBe(0);
    const text = "The grace of 0.3 s is over, and 2 calls have not ended: UNAVAILABLE";
    expect(router.output.slice(1)).toEqual([expect.stringContaining(text)]);
    client.close();
  });

  test("a call that still waits for an instance when the grace is over ends UNAVAILABLE, not run", async () => {
    const router = await startRouter({ graceMs: 300 });
    toStop.push(router);
    const client = createFaultClient(router.address);
    const waiting = client.run({ name: "waiting" }, { metadata: patient() });
    // What the router answers behind it tells that it has the call.
    const asBytes = (bytes: Buffer) => bytes;
    await new Promise<void>((resolve) => {
      client.client.makeUnaryRequest("/grpc.health.v1.Health/Check", asBytes, asBytes, Buffer.alloc(0), () =>
        resolve(),
      );
    });
    router.kill("SIGTERM");
    const outcome = await waiting;
    expect(outcome.code, outcome.details).toBe(grpc.status.UNAVAILABLE);
    expect(errorInfoOf(outcome)).toMatchObject({ reason: "ROUTER_DRAINING", metadata: { execution: "none" } });
    expect(await router.exited).toBe(0);
    client.close();
  });

  test("callers that wait see no failure while the router is replaced", async () => {
    const { router } = await start(5_000);
    const client = createFaultClient(router.address);
    const metadata = patient();
    metadata.setOptions({ waitForReady: true }); // at the client, while nobody listens
    const codes = new Map<string, number>();
    let isOver = false;
    const callers = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const { code, details } = await client.run({ name: "load" }, { metadata });
        const key = code === grpc.status.OK ? "OK" : `${code} ${details}`;
        codes.set(key, (codes.get(key) ?? 0) + 1);
      }
    });
    router.kill("SIGTERM");
    expect(await router.exited).toBe(0);
    const before = codes.get("OK") ?? 0;
    const next = await startRouter({ port: router.port });
    toStop.push(next);
    await expect.poll(() => (codes.get("OK") ?? 0) - before, { timeout: 10_000 }).toBeGreaterThan(100);
    isOver = true;
    await Promise.all(callers);
    expect([...codes.keys()]).toEqual(["OK"]);
    client.close();
  });
});
