// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter } from "./test-kit/test-router.suite.js";
import { numbers, pathOf } from "./test-kit/test-service.suite.js";
import { bytes } from "./test-kit/text.suite.js";

/** A router whose process is as full as the test says. */
function createScene() {
  const gauge = { level: 0, asked: 0 };
  const memory = {
    pressure() {
      gauge.asked++;
      return gauge.level;
    },
  };
  const router = new TestRouter({ memory });
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  const call = (method: "Get" | "Watch" = "Get") => client.unary(pathOf(method), bytes("q"));
  /** The router looks at the gauge. */
  const look = () => router.scheduler.advance(300);
  return { gauge, router, instance, client, call, look };
}

describe("a router whose process is short of memory", () => {
  test.each([0, 0.5, 0.95, 0.979])("takes calls at a pressure of %d", (level) => {
    const { gauge, router, instance, call, look } = createScene();
    gauge.level = level;
    look();
    call();
    router.run();
    expect(instance.calls).toHaveLength(1);
  });

  test.each([0.98, 1, 1.2])(
    "refuses new calls at %d, before they cost anything, and takes them again below",
    (level) => {
      const { gauge, router, instance, call, look } = createScene();
      gauge.level = level;
      look();
      const refused = call();
      router.run();
      expect(refused.trailersOnly).toBe(true);
      expect(refused.status).toMatchObject({
        code: 8,
        message: expect.stringContaining("no memory left for new calls"),
        details: { errorInfo: { reason: "MEMORY_EXHAUSTED", metadata: { execution: "none" } } },
      });
      expect(instance.calls).toHaveLength(0);
      expect(router.core.routerCounters.reasons.MEMORY_EXHAUSTED).toBe(1);

      gauge.level = 0.97;
      look();
      const served = call();
      router.run();
      instance.reply(1, "Get", bytes("a"));
      router.run();
      expect(served.status?.code).toBe(0);
      const events = router.logger.entries.map(({ event }) => event).filter((event) => event.startsWith("memory"));
      expect(events).toEqual(["memory_exhausted", "memory_available"]);
    },
  );

  test("lets calls that run go on, and keeps and takes instances", () => {
    const { gauge, router, instance, call, look } = createScene();
    const watch = call("Watch");
    router.run();
    gauge.level = 1;
    look();
    for (let count = 0; count < 3; count++)
      instance.send({ head: { callId: 1n }, member: [numbers.Watch, bytes("a")] });
    instance.end(1);
    router.instance({ instanceId: "two" });
    router.run();
    expect(watch).toMatchObject({ messages: { length: 3 }, status: { code: 0 } });
    expect(router.core.instances().map(({ instanceId }) => instanceId)).toEqual(["one", "two"]);
  });

  test("answers health checks", () => {
    const { gauge, router, client, look } = createScene();
    gauge.level = 1;
    look();
    const check = client.unary("/grpc.health.v1.Health/Check", new Uint8Array());
    router.run();
    expect(check.status?.code).toBe(0);
  });

  test("asks its gauge with the sweep and not with every call", () => {
    const { gauge, router, call, look } = createScene();
    const before = gauge.asked;
    for (let count = 0; count < 100; count++) call();
    router.run();
    expect(gauge.asked).toBe(before);
    look();
    expect(gauge.asked).toBe(before + 1);
  });

  test("knows how full it is with the first connection after an idle time", () => {
    const { gauge, router, instance, client } = createScene();
    instance.peer.duplex.reset();
    client.connection.close(0, "bye");
    router.scheduler.advance(60_000);
    gauge.level = 1;
    const refused = router.connect().client.unary(pathOf("Get"), bytes("q"));
    router.run();
    expect(refused.status?.details?.errorInfo?.reason).toBe("MEMORY_EXHAUSTED");
  });
});
