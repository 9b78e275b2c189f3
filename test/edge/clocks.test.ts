// SPDX-License-Identifier: Apache-2.0
// Instances whose clock is wrong: only durations travel, so their calls notice nothing; the clock only orders the processes
// that share an id.
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import type { Running } from "../harness/processes.ts";
import { type RouterProcess, startInstance, startRouter } from "../harness/stack.ts";

const HOUR_MS = 3_600_000;
const within = (timeoutMs: number) => ({ options: { deadline: Date.now() + timeoutMs } });

describe("a clock that is", () => {
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

  async function add(offsetMs: number): Promise<Running> {
    const skewed = `globalThis.rightNow=Date.now;Date.now=()=>rightNow()+(${offsetMs})`;
    const prefix = ["env", `NODE_OPTIONS=--import=data:text/javascript,${skewed}`];
    const instance = await startInstance({ url: router.url, services: ["faults"], id: "one", prefix });
    instances.push(instance);
    return instance;
  }

  test.each([
    ["an hour ahead", HOUR_MS],
    ["an hour behind", -HOUR_MS],
  ])("%s changes no deadline", async (_name, offsetMs) => {
    const instance = await add(offsetMs);
    const inTime = await client.run({ name: "quick" }, within(10_000));
    expect(inTime.code, inTime.details).toBe(grpc.status.OK);
    const startedMs = performance.now();
    const late = client.run({ name: "slow", holdOn: ["one"] }, within(1_000));
    await instance.untilLine(/^began slow$/);
    expect((await late).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    // The handler is told, too, and not an hour later.
    await instance.untilLine(/^aborted slow/);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
  });

  test("set back does not keep a process from the id of the one that died before it", async () => {
    const ahead = await add(HOUR_MS);
    ahead.kill("SIGKILL");
    await ahead.exited;
    await add(0);
    expect((await client.run({ name: "after" })).messages).toMatchObject([{ instance: "one" }]);
  });
});
