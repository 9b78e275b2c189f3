// SPDX-License-Identifier: Apache-2.0

import { MAX_METHODS } from "@grpc-router/protocol";
import type { MethodPolicyFacts } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import { maxLearntMethods, maxLearntServices } from "../limits.js";
import { untypedRegisterPath } from "../router.js";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { other, otherName, otherPath, register, routerOf, statusOf } from "../test-kit/service-changes.suite.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, serviceName } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

describe("learns", () => {
  const learning = (options: TestRouterOptions = {}) =>
    new TestRouter({ learns: (name) => name.startsWith("acme."), ...options });
  const name = "acme.user.v1.UserService";

  test.each([
    ["untyped", untypedRegisterPath],
    ["typed", "/grpcrouter.channel.acme.user.v1.UserServiceChannel/Register"],
  ])("a service from the hello of an %s channel, and routes it", (_kind, path) => {
    const router = learning();
    const { client } = router.connect();
    expect(statusOf(router, client, `/${name}/Get`)).toBe("METHOD_UNKNOWN");
    const instance = register(router, name, path);
    expect(router.logger.of("service_learnt")).toHaveLength(1);
    const call = client.unary(`/${name}/Get`, bytes("a"));
    router.run();
    instance.send({ head: { callId: 1n, end: {}, acceptedThrough: 1n }, fragment: { data: bytes("b") } });
    router.run();
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "b"]);
  });

  test("further methods from later instances", () => {
    const router = learning();
    register(router, name, untypedRegisterPath, ["Get"]);
    const later = new RawInstance(router.connect().client, untypedRegisterPath);
    const methods = ["Get", "List"].map((method, index) => ({ name: method, number: 8 + index, kind: 1 }));
    later.hello({ service: name, methods, instanceId: "two", processKey: new Uint8Array(16).fill(2) });
    router.run();
    expect(later.welcome.refused).toEqual([]);
    router.connect().client.unary(`/${name}/List`, bytes("a"));
    router.run();
    expect(later.calls[0]?.start?.method).toBe(9);
  });

  test("stays when the services change, and gives way to a contract of the same name without losing instances", () => {
    const router = learning();
    const instance = register(router, otherName, untypedRegisterPath);
    expect(router.core.setServices(routerOf())).toEqual({ added: [], changed: [], removed: [] });
    expect(router.core.setServices(routerOf().service(other))).toMatchObject({ changed: [otherName] });
    router.connect().client.unary(otherPath, bytes("a"));
    router.run();
    expect(instance.calls).toHaveLength(1);
    expect(router.core.setServices(routerOf())).toMatchObject({ removed: [otherName] });
  });

  test("has what the router's options say now, for calls of methods that it had before, too", () => {
    const router = learning({ timeoutMs: 1_000 });
    const first = register(router, name, untypedRegisterPath, ["Get"]);
    const timeoutOf = (method: string) =>
      router.core.operator.policy(`${name}/${method}`).find((fact) => fact.name === "timeoutMs")?.value;
    const next = (timeoutMs: number) => routerOf({}, router.desc, { timeoutMs, learns: () => true });
    expect(router.core.setServices(next(5_000)).changed).toContain(name);
    expect(router.core.setServices(next(5_000)).changed).not.toContain(name);
    const second = register(router, name, untypedRegisterPath, ["Get", "List"], "two");
    expect([timeoutOf("Get"), timeoutOf("List")]).toEqual([5_000, 5_000]);
    const calls = ["Get", "List"].map((method) => router.connect().client.unary(`/${name}/${method}`, bytes("a")));
    router.run();
    expect(first.calls.length + second.calls.length).toBe(2);
    router.scheduler.advance(1_100);
    expect(calls.map(({ status }) => status)).toEqual([undefined, undefined]);
    router.scheduler.advance(4_000);
    expect(calls.map(({ status }) => status?.details?.errorInfo?.reason)).toEqual(["CALL_DEADLINE", "CALL_DEADLINE"]);
  });

  test("keeps everything where the operator says what does not fit it", () => {
    const router = learning();
    register(router, name, untypedRegisterPath, ["Get"]);
    const saying = (get: MethodPolicyFacts) => {
      const policies = new Map([[name, { source: "operator", methods: { get } } as const]]);
      return routerOf({ timeoutMs: 3_000 }, router.desc, { policies, learns: () => true });
    };
    // Nothing is known of its messages.
    const byField = saying({ routeKey: { path: "user_id", fields: [] } });
    expect(() => router.core.setServices(byField)).toThrow(/acme\.user\.v1\.UserService.*user_id/s);
    expect(
      router.core.operator.policy(pathOf("Get").slice(1)).find((fact) => fact.name === "timeoutMs"),
    ).toBeUndefined();
    expect(router.core.setServices(saying({ timeoutMs: 9 })).changed).toEqual([serviceName, name]);
  });

  test("nothing by code that throws, which is logged", () => {
    const router = learning({
      learns: () => {
        throw new Error("planted");
      },
    });
    const refused = register(router, name, untypedRegisterPath);
    expect(refused.call.status?.details?.errorInfo?.reason).toBe("SERVICE_UNKNOWN");
    expect(router.logger.of("policy_failed")[0]?.message).toContain("planted");
  });

  test.each([
    ["what is not allowed", "other.v1.Service", true],
    ["what has no name of a service", "acme.*", true],
    ["the router's own", "grpc.health.v1.Health", false],
    ["too long a name", `acme.${"a".repeat(300)}`, true],
  ])("nothing of %s", (_what, service, byOption) => {
    const router = byOption ? learning() : learning({ learns: () => true });
    const instance = register(router, service, untypedRegisterPath);
    expect(instance.call.status?.details?.errorInfo?.reason).toBe("SERVICE_UNKNOWN");
  });

  test("no more than it can keep, unless one is without instances", () => {
    const router = learning();
    let first: RawInstance | undefined;
    for (let index = 0; index < maxLearntServices; index++) {
      const instance = register(router, `acme.S${index}`, untypedRegisterPath);
      first ??= instance;
      if (index % 400 === 399) router.scheduler.advance(1_000);
    }
    const more = () => register(router, "acme.More", untypedRegisterPath);
    expect(more().call.status?.details?.errorInfo?.reason).toBe("SERVICE_UNKNOWN");
    first?.call.cancel();
    router.run();
    // What has nothing to teach takes nobody's place.
    register(router, "acme.Nothing", untypedRegisterPath, ["no name"]);
    expect(statusOf(router, router.connect().client, "/acme.S0/Get")).toBe("NO_INSTANCE");
    expect(more().welcome.refused).toEqual([]);
    expect(statusOf(router, router.connect().client, "/acme.S0/Get")).toBe("METHOD_UNKNOWN");
    const counted = router.core.operator.callStats()?.map(({ method }) => method);
    expect([counted?.includes("acme.S0/Get"), counted?.includes("acme.More/Get")]).toEqual([false, true]);
  });

  test("no more methods than it can keep, whatever services they are of", () => {
    const router = learning();
    const methods = Array.from({ length: MAX_METHODS }, (_, index) => `M${index}`);
    const count = maxLearntMethods / MAX_METHODS;
    const instances = Array.from({ length: count }, (_, index) => {
      return register(router, `acme.S${index}`, untypedRegisterPath, methods);
    });
    expect(instances.map(({ welcome }) => welcome.refused)).toEqual(instances.map(() => []));
    const more = () => register(router, "acme.More", untypedRegisterPath);
    expect(more().call.status?.details?.errorInfo?.reason).toBe("SERVICE_UNKNOWN");
    instances[1]?.call.cancel();
    router.run();
    expect(more().welcome.refused).toEqual([]);
    expect(router.core.operator.services().map(({ name: one }) => one)).not.toContain("acme.S1");
  });
});
