// SPDX-License-Identifier: Apache-2.0
// What becomes of calls that the router would have to end by itself, where a fallback is named.
import type { FallbackFacts } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import type { ServiceSettings } from "../registry/settings.js";
import { PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { pathOf, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

/** A static reply: a message whose field 1 is "none left". */
const reply: FallbackFacts = { reply: { code: 0, payloadBase64: Buffer.from("\n\u0009none left").toString("base64") } };

function withFallback(fallback: FallbackFacts, settings: object = {}, count = 1) {
  return new PolicyScene({ methods: { get: { fallback } }, ...settings } as never, { count });
}

describe("a static reply", () => {
  test.each([
    ["no instance is there", 0],
    ["the queue is full", 1],
  ])("is what the client gets when %s", (_when, count) => {
    const settings = { methods: { get: { fallback: reply } } } as never;
    const scene = new PolicyScene(settings, { count, maxWaitingCalls: 0, maxOpenCalls: 0 });
    const call = scene.call();
    expect([call.status?.code, call.messages.map((message) => text(message.bytes))]).toEqual([0, ["\n\tnone left"]]);
    expect(scene.router.core.routerCounters.fallbacks.replied).toBe(1);
  });

  test("is what the client gets when an instance is lost, but not after an answer has begun", () => {
    const scene = withFallback(reply);
    const call = scene.call();
    const watch = scene.call("Watch");
    scene.at(0).send({ head: { callId: 2n, header: {} } });
    scene.router.run();
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    expect([call.status?.code, call.messages.length]).toEqual([0, 1]);
    expect(watch.status?.code).toBe(14);
  });

  test("may be a status", () => {
    const scene = withFallback({ reply: { code: 9, message: "closed for today" } }, {}, 0);
    expect(scene.call().status).toMatchObject({ code: 9, message: "closed for today" });
  });

  test("leaves alone what an instance says", () => {
    const scene = withFallback(reply);
    const call = scene.call();
    scene.fail(0, 14);
    expect([call.status?.code, call.messages.length]).toEqual([14, 0]);
  });
});

describe("fail fast", () => {
  test("ends calls that no instance can take now, which would wait otherwise", () => {
    const scene = new PolicyScene({ defaults: { fallback: { failFast: true } } }, { count: 1, maxOpenCalls: 1 });
    scene.call();
    expect(scene.call().status).toMatchObject({ code: 14, details: { errorInfo: { reason: "NO_ROOM" } } });
  });
});

describe("a fallback service", () => {
  const other = testServiceRouter({}, "OtherService");
  const named = { fallback: { service: "acme.test.v1.OtherService" } };

  function setUp(otherSettings: ServiceSettings = {}, methods: object = {}) {
    const scene = new PolicyScene(
      { methods: { get: named, ...methods }, circuitBreaker: { consecutiveFailures: 1 } } as never,
      { count: 0, further: other, furtherSettings: otherSettings },
    );
    const path = "/grpcrouter.channel.acme.test.v1.OtherServiceChannel/Register";
    const peer = scene.router.connect();
    const instance = new RawInstance(peer.client, path).hello({
      service: "acme.test.v1.OtherService",
      instanceId: "other",
    });
    scene.router.run();
    return { scene, instance };
  }

  test("takes the calls that no instance is there for", () => {
    const { scene, instance } = setUp();
    const call = scene.call();
    expect(starts(instance).map(({ payload }) => text(payload))).toEqual(["question"]);
    instance.reply(1, "Get", bytes("from the other"));
    scene.router.run();
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "from the other"]);
    expect(scene.router.core.routerCounters.fallbacks.rerouted).toBe(1);
  });

  test("takes the calls that a breaker turns away, whose requests come later", () => {
    const { scene, instance } = setUp();
    scene.add();
    scene.call("Read");
    scene.fail(0, 13);
    const call = scene.client.start(pathOf("Get"));
    scene.router.run();
    expect(call.status).toBeUndefined();
    call.send(bytes("late question"), { halfClose: true });
    scene.router.run();
    expect(starts(instance).map(({ payload }) => text(payload))).toEqual(["late question"]);
  });

  test("is asked once: what it cannot take ends", () => {
    const { scene, instance } = setUp();
    instance.call.cancel();
    scene.router.run();
    expect(scene.call().status).toMatchObject({ code: 14, details: { errorInfo: { reason: "NO_INSTANCE" } } });
  });

  test("turns the call away by its own breaker, as any call", () => {
    const { scene, instance } = setUp({ circuitBreaker: { consecutiveFailures: 1 } });
    scene.call();
    instance.end(1, { code: 13 });
    scene.router.run();
    expect(scene.call().status?.details?.errorInfo?.reason).toBe("CIRCUIT_OPEN");
  });

  test.each([
    ["attempts", "Get", { get: { ...named, retry: { maxAttempts: 2, attemptTimeoutMs: 100 } } }],
    ["hedges", "Read", { read: { ...named, hedging: { maxAttempts: 3, hedgingDelayMs: 100 } } }],
  ] as const)(
    "has the call for as long as it takes, whenever the %s of its service were due",
    (_what, method, methods) => {
      const { scene, instance } = setUp({ circuitBreaker: { consecutiveFailures: 5 } }, methods);
      scene.add();
      const call = scene.call(method);
      // It leaves without having run the call.
      scene.at(0).control({ kind: { case: "drain", value: { lastCallId: 0n } } });
      scene.pass(500);
      expect([scene.spread, starts(instance).length, call.status]).toEqual([[1], 1, undefined]);
      instance.reply(1, method, bytes("from the other"));
      scene.router.run();
      expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "from the other"]);
    },
  );

  test("must be routed, with the same method", () => {
    const fallback = { service: "acme.test.v1.Nowhere" };
    expect(() => new PolicyScene({ methods: { get: { fallback } } } as never)).toThrow(
      "Cannot route acme.test.v1.TestService/Get: fallback.service must be a routed service with a method Get, received acme.test.v1.Nowhere",
    );
  });
});
