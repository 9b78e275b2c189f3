// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { ServiceSettings } from "../registry/settings.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, serviceName, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

function setUp(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const { client } = router.connect();
  router.run();
  return { router, client };
}

const waits = { metadata: [["x-grpc-router-wait-for-ready", "true"]] } as const;
const waitsNot = { metadata: [["x-grpc-router-wait-for-ready", "false"]] } as const;

describe("a call without an instance", () => {
  test("ends at once and says what to do", () => {
    const { router, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    expect(call.trailersOnly).toBe(true);
    expect(call.status).toMatchObject({
      code: 14,
      message: `No instance of ${serviceName} is connected (NO_INSTANCE). Start one; see: grpc-router instances`,
      details: { errorInfo: { reason: "NO_INSTANCE", metadata: { execution: "none" } } },
    });
  });

  for (const [name, options, callOptions] of [
    ["the caller asks", {}, waits],
    ["the router says", { waitForReady: true }, {}],
    ["the service says", { settings: { waitForReady: true } }, {}],
    ["the method says", { settings: { methods: { get: { waitForReady: true } } } }, {}],
  ] as const) {
    test(`waits for one if ${name} so, and the field goes no further`, () => {
      const { router, client } = setUp(options);
      const call = client.unary(pathOf("Get"), bytes("a"), callOptions);
      router.scheduler.advance(5_000);
      expect(call.status).toBeUndefined();
      const instance = router.instance();
      expect(instance.calls).toMatchObject([{ payload: bytes("a"), start: { metadata: [] } }]);
    });
  }

  test("does not wait if its caller does not want to, whatever the method says", () => {
    const { router, client } = setUp({ waitForReady: true });
    const call = client.unary(pathOf("Get"), bytes("a"), waitsNot);
    router.run();
    expect(call.status?.code).toBe(14);
  });

  test("is never dispatched after its deadline, also where the timer is a little late", () => {
    const { router, client } = setUp();
    const instance = router.instance();
    // The clock shows 1,000: the wheel looks at 1,040 for what is due at 1,033.
    const late = client.start(pathOf("Get"), { timeout: "33m" });
    const returned = client.unary(pathOf("Get"), bytes("a"), { timeout: "33m" });
    router.run();
    expect(instance.calls).toHaveLength(1);
    router.scheduler.advance(35);
    late.send(bytes("b"), { halfClose: true });
    instance.end(1, { code: 8, notRun: true });
    router.scheduler.advance(20);
    expect(instance.calls.filter(({ start }) => start !== undefined)).toHaveLength(1);
    expect([late.status?.code, returned.status?.code]).toEqual([4, 4]);
  });

  test("waits until its deadline", () => {
    const { router, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"), { ...waits, timeout: "1S" });
    router.scheduler.advance(1_020);
    expect(call.status).toMatchObject({ code: 4, details: { errorInfo: { reason: "QUEUE_DEADLINE" } } });
    expect(router.instance().calls).toHaveLength(0);
  });

  test("goes on waiting when the last instance leaves, if it asked for it", () => {
    const { router, client } = setUp();
    const full = router.instance({ capacity: { calls: 0 } });
    const patient = client.unary(pathOf("Get"), bytes("patient"), waits);
    const other = client.unary(pathOf("Get"), bytes("other"));
    router.run();
    full.peer.duplex.reset();
    router.run();
    expect(patient.status).toBeUndefined();
    expect(other.status?.details?.errorInfo?.reason).toBe("NO_INSTANCE");
    expect(router.instance({ instanceId: "two" }).calls).toMatchObject([{ payload: bytes("patient") }]);
  });

  test("of a method that no instance has is UNIMPLEMENTED", () => {
    const { router, client } = setUp();
    router.instance({}, ["Get", "Watch"]);
    const call = client.unary(pathOf("Read"), bytes("a"));
    router.run();
    expect(call.status).toMatchObject({
      code: 12,
      message: `Cannot call ${pathOf("Read")}: it must be a method that is served here, Get, Watch (METHOD_UNKNOWN)`,
    });
  });
});

describe("waiting calls", () => {
  test("go by deadline, then by arrival, as slots come free", () => {
    const { router, client } = setUp();
    const instance = router.instance({ capacity: { calls: 1 } });
    for (const [name, timeout] of [
      ["first", "9S"],
      ["late", "8S"],
      ["soon", "2S"],
      ["none", undefined],
      ["middle", "5S"],
    ] as const) {
      client.unary(pathOf("Get"), bytes(name), timeout === undefined ? {} : { timeout });
      router.run();
    }
    for (let callId = 1; callId <= 5; callId++) {
      instance.reply(callId, "Get", bytes("r"));
      router.run();
    }
    expect(instance.calls.map((frame) => text(frame.payload))).toEqual(["first", "soon", "middle", "late", "none"]);
  });

  test("of another method pass one that no instance can take", () => {
    const { router, client } = setUp();
    const reader = router.instance({ instanceId: "reader", capacity: { calls: 0 } }, ["Read"]);
    const getter = router.instance({ instanceId: "getter", capacity: { calls: 0 } }, ["Get"]);
    client.unary(pathOf("Get"), bytes("get"));
    client.unary(pathOf("Read"), bytes("read"));
    router.run();
    reader.control({ kind: { case: "capacity", value: { calls: 1 } } });
    router.run();
    expect(reader.calls.map((frame) => text(frame.payload))).toEqual(["read"]);
    expect(getter.calls).toHaveLength(0);
  });

  test("are bounded in number", () => {
    const { router, client } = setUp({ maxWaitingCalls: 2 });
    router.instance({ capacity: { calls: 0 } });
    const calls = ["a", "b", "c"].map((name) => client.unary(pathOf("Get"), bytes(name)));
    router.run();
    expect(calls.map((call) => call.status?.details?.errorInfo?.reason)).toEqual([undefined, undefined, "QUEUE_FULL"]);
    expect(calls[2]?.status?.code).toBe(8);
  });

  test("leave those of another service their room", () => {
    const further = testServiceRouter({}, "OtherService");
    const { router, client } = setUp({ maxWaitingCalls: 1, waitForReady: true, further });
    const paths = [pathOf("Get"), pathOf("Get"), "/acme.test.v1.OtherService/Get", "/acme.test.v1.OtherService/Get"];
    const calls = paths.map((path) => client.unary(path, bytes("x")));
    router.run();
    const reasons = calls.map((call) => call.status?.details?.errorInfo?.reason);
    expect(reasons).toEqual([undefined, "QUEUE_FULL", undefined, "QUEUE_FULL"]);
  });

  test("are bounded in bytes, those of a request that comes later included", () => {
    const { router, client } = setUp({ maxWaitingBytes: 50_000 });
    router.instance({ capacity: { calls: 0 } });
    const small = client.unary(pathOf("Get"), pattern(10_000));
    const grows = client.start(pathOf("Chat"));
    router.run();
    grows.send(pattern(30_000));
    router.run();
    expect([small.status, grows.status]).toEqual([undefined, undefined]);
    grows.send(pattern(20_000));
    router.run();
    expect([small.status, grows.status?.details?.errorInfo?.reason]).toEqual([undefined, "QUEUE_FULL"]);
  });

  test("of a higher class go first, whatever callers say of theirs", () => {
    const { router, client } = setUp({ settings: { priority: "low", methods: { get: { priority: "high" } } } });
    const instance = router.instance({ capacity: { calls: 0 } });
    const mine = { metadata: [["x-grpc-router-priority", "high"]], timeout: "1S" } as const;
    for (const name of ["low 1", "low 2"]) client.unary(pathOf("Read"), bytes(name), mine);
    for (const name of ["high 1", "high 2"]) client.unary(pathOf("Get"), bytes(name));
    router.run();
    instance.control({ kind: { case: "capacity", value: { calls: 9 } } });
    router.run();
    expect(instance.calls.map((frame) => text(frame.payload))).toEqual(["high 1", "high 2", "low 1", "low 2"]);
  });

  test("of all methods of a service are one line", () => {
    const { router, client } = setUp();
    const instance = router.instance({ capacity: { calls: 0 } });
    for (const [method, timeout] of [
      ["Get", "3S"],
      ["Read", "1S"],
      ["Get", "2S"],
      ["Read", "4S"],
    ] as const) {
      client.unary(pathOf(method), bytes(timeout), { timeout });
      router.run();
    }
    instance.control({ kind: { case: "capacity", value: { calls: 9 } } });
    router.run();
    expect(instance.calls.map((frame) => text(frame.payload))).toEqual(["1S", "2S", "3S", "4S"]);
  });

  test("give way to a higher class when there is no room, and learn when to come back", () => {
    const desc = testServiceRouter({ get: { priority: "low" }, watch: { priority: "high" } });
    const { router, client } = setUp({ maxWaitingCalls: 2, desc, errorDetails: true });
    const instance = router.instance({ capacity: { calls: 0 } });
    const low = ["a", "b"].map((name) => client.unary(pathOf("Get"), bytes(name)));
    const high = ["c", "d", "e"].map((name) => client.unary(pathOf("Watch"), bytes(name)));
    const normal = client.unary(pathOf("Read"), bytes("f"));
    router.run();
    const reasons = [...low, ...high, normal].map((call) => call.status?.details?.errorInfo?.reason);
    expect(reasons).toEqual(["QUEUE_FULL", "QUEUE_FULL", undefined, undefined, "QUEUE_FULL", "QUEUE_FULL"]);
    const { retryAfterMs, errorInfo } = low[0]?.status?.details ?? {};
    expect(errorInfo?.metadata).toEqual({ execution: "none" });
    // Nothing has left the queue so far: the longest time, and some chance.
    expect(retryAfterMs).toBeGreaterThanOrEqual(6_400);
    expect(retryAfterMs).toBeLessThanOrEqual(11_200);
    expect(low[0]?.trailerValues("grpc-retry-pushback-ms")).toEqual([String(retryAfterMs)]);
    instance.control({ kind: { case: "capacity", value: { calls: 9 } } });
    router.run();
    expect(instance.calls.map((frame) => text(frame.payload))).toEqual(["c", "d"]);
    expect(router.core.routerCounters.reasons.QUEUE_FULL).toBe(4);
  });

  test("come back sooner where calls get away, and are told so without details, too", () => {
    const { router, client } = setUp({ maxWaitingCalls: 10, errorDetails: false });
    const instance = router.instance({ capacity: { calls: 1 } });
    for (let count = 0; count < 11; count++) client.unary(pathOf("Get"), bytes("x"));
    router.run();
    for (let callId = 1; callId <= 100; callId++) {
      instance.reply(callId, "Get", bytes("r"));
      client.unary(pathOf("Get"), bytes("x"));
      router.scheduler.advance(10);
    }
    const refused = client.unary(pathOf("Get"), bytes("x"));
    router.run();
    const [pushback] = refused.trailerValues("grpc-retry-pushback-ms");
    expect([refused.status?.code, refused.status?.details]).toEqual([8, undefined]);
    expect(Number(pushback)).toBeGreaterThanOrEqual(100);
    expect(Number(pushback)).toBeLessThanOrEqual(175);
  });

  test.each(["urgent", "toString", 2])("have no class %s", (priority) => {
    const settings = { priority } as unknown as ServiceSettings;
    expect(() => setUp({ settings })).toThrow(
      `Cannot route ${serviceName}: priority must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH, received ${JSON.stringify(priority)}`,
    );
  });

  test("hold their client by its window and send what they held", () => {
    const { router, client } = setUp();
    const instance = router.instance({ capacity: { calls: 0 } });
    const call = client.start(pathOf("Get"));
    call.send(pattern(500_000), { halfClose: true });
    router.run();
    expect(call.queuedBytes).toBeGreaterThan(500_000 - 65_535);
    instance.control({ kind: { case: "capacity", value: { calls: 1 } } });
    router.run();
    expect(instance.calls.reduce((sum, frame) => sum + frame.payload.length, 0)).toBe(81_920 - 5 * 64);
  });

  test("of many messages start without waiting for one", () => {
    const { router, client } = setUp();
    const instance = router.instance({ capacity: { calls: 0 } });
    const call = client.start(pathOf("Chat"));
    router.run();
    call.send(bytes("1"));
    router.run();
    call.send(bytes("2"));
    router.run();
    instance.control({ kind: { case: "capacity", value: { calls: 1 } } });
    router.run();
    expect(instance.calls.map((frame) => text(frame.payload))).toEqual(["1", "2"]);
  });
});

describe("a choice", () => {
  test("of round_robin goes over all instances", () => {
    const { router, client } = setUp({ balance: "round_robin" });
    const instances = ["a", "b", "c"].map((instanceId) => router.instance({ instanceId }));
    for (let count = 0; count < 9; count++) client.unary(pathOf("Get"), bytes("x"));
    router.run();
    expect(instances.map((instance) => instance.calls.length)).toEqual([3, 3, 3]);
  });

  test("passes an instance whose transport takes no more, and comes back to it", () => {
    const { router, client } = setUp({ balance: "round_robin" });
    const slow = router.instance({ instanceId: "slow" });
    const fast = router.instance({ instanceId: "fast" });
    slow.call.setReading(false);
    let answered = 0;
    for (let count = 0; count < 400; count++) {
      client.unary(pathOf("Get"), pattern(8_000));
      router.run();
      for (; answered < fast.calls.length; answered++) fast.reply(answered + 1, "Get", bytes(""));
    }
    router.run();
    expect(slow.calls.length).toBeLessThan(200);
    expect(slow.calls.length + fast.calls.length).toBe(400);
    slow.call.setReading(true);
    router.run();
    client.unary(pathOf("Get"), bytes("x"));
    client.unary(pathOf("Get"), bytes("x"));
    const before = slow.calls.length;
    router.run();
    expect(slow.calls.length).toBe(before + 1);
  });

  test("by a balancer of the program is checked", () => {
    const { router, client } = setUp({ balance: { name: "first", pick: ({ list }) => list[0] } });
    router.instance({ capacity: { calls: 0 } });
    const call = client.unary(pathOf("Get"), bytes("x"));
    router.run();
    expect(call.status).toBeUndefined();
  });
});
