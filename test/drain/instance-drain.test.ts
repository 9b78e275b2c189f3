// SPDX-License-Identifier: Apache-2.0
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFaultClient, errorInfoOf } from "../faults/fault-client.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, startInstance, startRouter } from "../harness/stack.ts";

describe("SIGTERM of an instance", () => {
  let router: RouterProcess;
  let client: ReturnType<typeof createFaultClient>;
  let instances: Running[];

  beforeEach(async () => {
    router = await startRouter();
    client = createFaultClient(router.address);
    instances = [];
  });
  afterEach(async () => {
    client?.close();
    await Promise.all(instances.map((instance) => instance.stop()));
    await router?.stop();
  });

  async function addInstance(id: string, graceMs = 10_000): Promise<Running> {
    const instance = await startInstance({ url: router.url, services: ["faults"], id, graceMs, verbose: true });
    instances.push(instance);
    return instance;
  }

  test("running calls of all kinds finish on it, new ones go to the others, and it exits with 0", async () => {
    const first = await addInstance("first");
    const held = { holdOn: ["first"] };
    const unary = client.run({ ...held, name: "unary" });
    const watching = client.watch({ ...held, name: "watch", reports: 3 });
    const collecting = client.collect({ ...held, name: "collect", payload: new Uint8Array(10) });
    const conversing = client.converse({ ...held, name: "converse" });
    for (const name of ["unary", "watch", "collect", "converse"]) await first.untilLine(new RegExp(`^began ${name}$`));

    await addInstance("second");
    first.kill("SIGTERM");
    await first.untilLine(/Leaving http/);
    const later = await Promise.all(Array.from({ length: 20 }, (_, index) => client.run({ name: `later-${index}` })));
    expect(later.map(({ code }) => code)).toEqual(later.map(() => grpc.status.OK));
    expect(new Set(later.map(({ messages }) => messages[0]?.instance))).toEqual(new Set(["second"]));

    // What runs goes on in both directions.
    collecting.send({ payload: new Uint8Array(20) });
    collecting.end();
    conversing.send({ name: "converse again" });
    conversing.end();
    first.kill("SIGUSR2");
    expect((await unary).messages).toMatchObject([{ instance: "first" }]);
    expect((await watching.outcome).messages.length).toBe(3);
    expect(await collecting.outcome).toMatchObject({ code: grpc.status.OK, messages: [{ receivedBytes: 30n }] });
    expect((await conversing.outcome).messages).toMatchObject([{ instance: "first" }, { instance: "first" }]);
    expect(await first.exited).toBe(0);
    expect(first.output.at(-1)).toMatch(/Left http/);
    expect(router.output.slice(1)).toEqual([]); // nothing that deserves a warning
  });

  test("what outlives the grace is aborted, says so to both sides, and the exit code is still 0", async () => {
    const first = await addInstance("first", 300);
    const unary = client.run({ holdOn: ["first"], name: "unary" });
    const watching = client.watch({ holdOn: ["first"], name: "watch", reports: 3 });
    await Promise.all([first.untilLine(/^began unary$/), watching.next()]);
    first.kill("SIGTERM");
    for (const outcome of [await unary, await watching.outcome]) {
      expect(outcome.code, outcome.details).toBe(grpc.status.UNAVAILABLE);
      expect(errorInfoOf(outcome)).toMatchObject({ domain: "grpcrouter", metadata: { execution: "started" } });
    }
    expect(await first.exited).toBe(0);
    expect(first.output.filter((line) => line.startsWith("aborted ")).length).toBe(2);
    expect(first.output.join("\n")).toContain(
      "The grace of faults.v1.FaultService is over: 2 calls have not ended and are aborted",
    );
  });

  test("no call fails while instances are replaced one by one", { timeout: 20_000 }, async () => {
    const ids = ["first", "second"];
    let current = await Promise.all(ids.map((id) => addInstance(id)));
    let isOver = false;
    const codes = new Map<string, number>();
    const callers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { code, details } = await client.run({ name: "load" });
        const key = code === grpc.status.OK ? "OK" : `${code} ${details}`;
        codes.set(key, (codes.get(key) ?? 0) + 1);
      }
    });
    for (const [index, id] of ids.entries()) {
      const old = current[index];
      old?.kill("SIGTERM");
      expect(await old?.exited).toBe(0);
      const fresh = await addInstance(id);
      current = current.with(index, fresh);
      await fresh.untilLine(/^began load$/);
    }
    isOver = true;
    await Promise.all(callers);
    expect([...codes.keys()]).toEqual(["OK"]);
    expect(codes.get("OK")).toBeGreaterThan(100);
  });
});
