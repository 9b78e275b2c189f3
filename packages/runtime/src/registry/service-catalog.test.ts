// SPDX-License-Identifier: Apache-2.0

import type { DescMethod } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { CallInterceptor } from "../intercept/call-interceptor.js";
import { createRouter } from "../router.js";
import {
  other,
  otherName,
  otherPath,
  otherRegisterPath,
  register,
  routerOf,
  statusOf,
  withoutMethod,
} from "../test-kit/service-changes.suite.js";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { numbers, pathOf, serviceName, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";
import type { ServiceSettings } from "./settings.js";

describe("setServices()", () => {
  test("adds a service, for connections that have asked for it before, too", () => {
    const router = new TestRouter();
    const { client } = router.connect();
    // Twice: the second time the connection knows the path's bytes.
    expect([1, 2].map(() => statusOf(router, client, otherPath))).toEqual(["METHOD_UNKNOWN", "METHOD_UNKNOWN"]);
    const changes = router.core.setServices(routerOf().service(other));
    expect(changes).toEqual({ added: [otherName], changed: [], removed: [] });
    expect(statusOf(router, client, otherPath)).toBe("NO_INSTANCE");
    const instance = register(router, otherName, otherRegisterPath);
    const call = client.unary(otherPath, bytes("a"));
    router.run();
    instance.send({ head: { callId: 1n, end: {}, acceptedThrough: 1n }, member: [20_000, bytes("b")] });
    router.run();
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "b"]);
  });

  test("removes a service: calls under way end as they would have, those that wait at once, and new ones find nothing", () => {
    const router = new TestRouter({ further: other });
    const instance = router.instance({ capacity: { calls: 1 } });
    const { client } = router.connect();
    const watch = client.unary(
      "/grpc.health.v1.Health/Watch",
      bytes(`\n${String.fromCharCode(serviceName.length)}${serviceName}`),
    );
    const running = client.unary(pathOf("Get"), bytes("a"));
    const waiting = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    const changes = router.core.setServices(createRouter().service(other));
    expect(changes).toEqual({ added: [], changed: [], removed: [serviceName] });
    router.run();
    expect(instance.frames.at(-1)?.control?.kind).toMatchObject({
      case: "drain",
      value: { reason: "SERVICE_UNKNOWN" },
    });
    expect(waiting.status?.details?.errorInfo?.reason).toBe("NO_INSTANCE");
    expect(statusOf(router, client, pathOf("Get"))).toBe("METHOD_UNKNOWN");
    expect(router.instance().call.status?.details?.errorInfo?.reason).toBe("SERVICE_UNKNOWN");
    instance.reply(1, "Get", bytes("done"));
    router.run();
    expect([running.status?.code, text(running.messages[0]?.bytes)]).toEqual([0, "done"]);
    instance.call.halfClose();
    router.run();
    expect(instance.call.status?.code).toBe(0);
    // Not serving, and then not known any more (SERVICE_UNKNOWN = 3).
    expect(watch.messages.map((message) => message.bytes[1])).toEqual([1, 3]);
    expect(router.core.instances()).toEqual([]);
  });

  test("ends with its reason a channel whose calls outlast the grace", () => {
    const router = new TestRouter({ further: other });
    const instance = router.instance();
    const call = router.connect().client.unary(pathOf("Get"), bytes("a"));
    router.run();
    router.core.setServices(createRouter().service(other));
    router.run();
    for (let second = 0; second < 31; second++) {
      router.scheduler.advance(1_000);
      instance.control({ kind: { case: "pong", value: {} } });
    }
    expect(call.status?.details?.errorInfo?.reason).toBe("INSTANCE_LOST");
    expect(instance.call.status?.message).toContain("it serves it no more (SERVICE_UNKNOWN)");
  });

  test("gives new calls new settings and leaves instances and calls under way alone", () => {
    const router = new TestRouter({ settings: { timeoutMs: 1_000 } });
    const instance = router.instance();
    const { client } = router.connect();
    const before = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    expect(router.core.setServices(routerOf({ timeoutMs: 5_000 }))).toMatchObject({ changed: [serviceName] });
    const after = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    router.scheduler.advance(1_100);
    expect(before.status?.details?.errorInfo?.reason).toBe("CALL_DEADLINE");
    expect(after.status).toBeUndefined();
    instance.reply(2, "Get", bytes("b"));
    router.run();
    expect(after.status?.code).toBe(0);
    expect(instance.controls).toEqual(["welcome"]);
  });

  test("says nothing has changed if nothing has, and keeps what policies know", () => {
    const settings: ServiceSettings = { methods: { get: { circuitBreaker: { consecutiveFailures: 2 } } } };
    const router = new TestRouter({ settings });
    const instance = router.instance();
    const { client } = router.connect();
    for (const id of [1, 2]) {
      client.unary(pathOf("Get"), bytes("a"));
      router.run();
      instance.end(id, { code: 14 });
      router.run();
    }
    expect(statusOf(router, client, pathOf("Get"))).toBe("CIRCUIT_OPEN");
    // The same said again, and something of another method.
    expect(router.core.setServices(routerOf(settings, router.desc))).toMatchObject({ changed: [] });
    const layers = new Map([[serviceName, { source: "operator", methods: { watch: { timeoutMs: 9 } } } as const]]);
    expect(router.core.setServices(routerOf(settings, router.desc, { policies: layers }))).toMatchObject({
      changed: [serviceName],
    });
    expect(statusOf(router, client, pathOf("Get"))).toBe("CIRCUIT_OPEN");
  });

  test("lets calls that wait go on waiting, in their new class", () => {
    const router = new TestRouter();
    const instance = router.instance({ capacity: { calls: 1 } });
    const { client } = router.connect();
    const [first, low, high] = ["a", "l", "h"].map((name, index) => {
      const call = client.unary(pathOf(index === 2 ? "Read" : "Get"), bytes(name));
      router.run();
      return call;
    });
    router.core.setServices(routerOf({ methods: { get: { priority: "low" }, read: { priority: "high" } } }));
    for (const id of [1, 2, 3]) {
      instance.reply(id, id === 2 ? "Read" : "Get", bytes("ok"));
      router.run();
    }
    expect(instance.calls.flatMap(({ payload }) => (payload.length > 0 ? [text(payload)] : []))).toEqual([
      "a",
      "h",
      "l",
    ]);
    expect([first, low, high].map((call) => call?.status?.code)).toEqual([0, 0, 0]);
  });

  test("takes up a method that an instance has announced before the router knew it", () => {
    const known = testServiceRouter();
    const router = new TestRouter({ desc: withoutMethod(known, "Chat") });
    const instance = router.instance();
    expect(instance.welcome.refused.map(({ reason }) => reason)).toEqual(["METHOD_UNKNOWN"]);
    const { client } = router.connect();
    const running = client.unary(pathOf("Get"), bytes("a"));
    expect(statusOf(router, client, pathOf("Chat"))).toBe("METHOD_UNKNOWN");
    router.core.setServices(routerOf({}, known));
    const chat = client.unary(pathOf("Chat"), bytes("c"));
    router.run();
    expect(instance.calls.at(-1)?.start?.method).toBe(numbers.Chat);
    instance.reply(1, "Get", bytes("b")).reply(2, "Chat", bytes("d"));
    router.run();
    expect([running, chat].map((call) => [call.status?.code, text(call.messages[0]?.bytes)])).toEqual([
      [0, "b"],
      [0, "d"],
    ]);
  });

  test("takes a method away from new calls, not from one that is tried again", () => {
    const settings: ServiceSettings = {
      methods: { chat: { retry: { maxAttempts: 2, retryableStatusCodes: [14] } } },
    };
    const router = new TestRouter({ settings });
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Chat"), bytes("a"));
    router.run();
    router.core.setServices(routerOf({}, withoutMethod(testServiceRouter(), "Chat")));
    instance.end(1, { code: 14 });
    router.scheduler.advance(3_000);
    expect(statusOf(router, client, pathOf("Chat"))).toBe("METHOD_UNKNOWN");
    instance.reply(2, "Chat", bytes("b"));
    router.run();
    expect(call.status?.code).toBe(0);
  });

  test("shows interceptors the method that is called, wherever it stands in its service now", async () => {
    const seen: DescMethod[] = [];
    const interceptors: readonly CallInterceptor[] = [
      (next) => (call) => {
        seen.push(call.method);
        return next(call);
      },
    ];
    const router = new TestRouter({ interceptors });
    router.core.setServices(routerOf({}, withoutMethod(testServiceRouter(), "Get"), { interceptors }));
    const { client } = router.connect();
    const calls = (["Read", "Chat"] as const).map((method) => client.unary(pathOf(method), bytes("a")));
    await router.scheduler.settle();
    expect(seen.map(({ name }) => name)).toEqual(["Read", "Chat"]);
    expect(calls.map(({ status }) => status?.details?.errorInfo?.reason)).toEqual(["NO_INSTANCE", "NO_INSTANCE"]);
    // And as it is described now, with options that say nothing to the router.
    const desc = testServiceRouter();
    router.core.setServices(routerOf({}, desc, { interceptors }));
    client.unary(pathOf("Read"), bytes("a"));
    await router.scheduler.settle();
    expect(seen.at(-1)).toBe(desc.service.methods[1]);
  });

  test("lets an ejected instance come back when nobody looks after it any more", () => {
    const outlierDetection = { consecutiveFailures: 1, maxEjectionPercent: 100 };
    const router = new TestRouter({ settings: { outlierDetection } });
    const one = router.instance();
    router.instance({ instanceId: "two", processKey: new Uint8Array(16).fill(2) });
    const { client } = router.connect();
    for (const _ of [1, 2]) client.unary(pathOf("Get"), bytes("a"));
    router.run();
    for (const { callId } of one.calls.filter(({ start }) => start !== undefined)) one.end(callId, { code: 14 });
    router.run();
    expect(router.core.policies()[0]?.ejected).toBe(1);
    router.core.setServices(routerOf());
    expect(router.core.policies()[0]?.ejected).toBe(0);
  });

  test.each<[string, () => ReturnType<typeof createRouter>, string]>([
    [
      "a fallback that leads nowhere",
      () => routerOf({ methods: { get: { fallback: { service: "no.Service" } } } }),
      "no.Service",
    ],
  ])("changes nothing for %s", (_what, next, message) => {
    const router = new TestRouter({ further: other });
    expect(() => router.core.setServices(next())).toThrow(message);
    expect(statusOf(router, router.connect().client, otherPath)).toBe("NO_INSTANCE");
  });
});
