// SPDX-License-Identifier: Apache-2.0
// Hedging in the life of a call (gRFC A6): who is asked when, whose answer counts, and what becomes of the others.

import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { HedgingFacts } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import { PolicyScene } from "../test-kit/policy-scene.suite.js";
import { numbers, pathOf, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

const hedging: HedgingFacts = { maxAttempts: 3, hedgingDelayMs: 100, nonFatalStatusCodes: [14] };

/** Length of a slot of the timer wheel: what is due may be later by as much. */
const slot = 16;

/** A call of `Read`, which may run more than once. */
function begin(facts: HedgingFacts = hedging, count = 4) {
  const scene = new PolicyScene({ methods: { read: { hedging: facts } } as never }, { count });
  return { scene, call: scene.call("Read") };
}

const reply = (scene: PolicyScene, index: number, message: string) => {
  scene.at(index).reply(scene.last(index).callId, "Read", bytes(message));
  scene.router.run();
};

describe("a hedged method", () => {
  test("is sent to another instance after each delay, until there are as many attempts as it says", () => {
    const { scene } = begin();
    scene.pass(99);
    expect(scene.spread).toEqual([1, 0, 0, 0]);
    scene.pass(1 + slot);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    scene.pass(100 + slot);
    scene.pass(1_000);
    expect(scene.spread).toEqual([1, 1, 1, 0]);
    expect([0, 1, 2].map((index) => scene.last(index).start?.attempt)).toEqual([0, 1, 2]);
    expect([0, 1, 2].map((index) => text(scene.last(index).payload))).toEqual(["question", "question", "question"]);
    expect(scene.router.core.routerCounters.hedges).toBe(2);
  });

  test("is sent to all at once without a delay", () => {
    const { scene } = begin({ ...hedging, hedgingDelayMs: 0 });
    expect(scene.spread).toEqual([1, 1, 1, 0]);
  });

  test.each([0, 1, 2])("gives its client the first answer, attempt %i's, and cancels the others", (winner) => {
    const { scene, call } = begin({ ...hedging, hedgingDelayMs: 0 });
    reply(scene, winner, `from ${winner}`);
    expect([call.status?.code, call.messages.map((message) => text(message.bytes))]).toEqual([0, [`from ${winner}`]]);
    const others = [0, 1, 2].filter((index) => index !== winner);
    expect([0, 1, 2].map((index) => scene.cancels(index).length)).toEqual([0, 1, 2].map((i) => (i === winner ? 0 : 1)));
    // Their slots are taken until they confirm.
    expect(scene.openCalls).toBe(2);
    for (const index of others) reply(scene, index, "late");
    expect([call.messages.length, scene.openCalls]).toEqual([1, 0]);
  });

  test("is sent on at once when an attempt fails with a code that is not fatal", () => {
    const { scene, call } = begin();
    scene.fail(0);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    reply(scene, 1, "answer");
    expect([call.status?.code, scene.openCalls]).toEqual([0, 0]);
  });

  test("ends with the last failure when all attempts have failed", () => {
    const { scene, call } = begin();
    scene.fail(0, 14, [["from", "first"]]);
    scene.fail(1, 14, [["from", "second"]]);
    expect(call.status).toBeUndefined();
    scene.fail(2, 14, [["from", "third"]]);
    expect([call.status?.code, call.trailerValues("from"), scene.openCalls]).toEqual([14, ["third"], 0]);
  });

  test.each([0, 1])("ends with a fatal code at once, attempt %i's, and cancels the others", (index) => {
    const { scene, call } = begin({ ...hedging, maxAttempts: 2, hedgingDelayMs: 0 });
    scene.fail(index, 9);
    expect(call.status?.code).toBe(9);
    expect(scene.cancels(1 - index)).toHaveLength(1);
    scene.fail(1 - index, 1);
    expect(scene.openCalls).toBe(0);
  });

  test("makes no further attempt after a pushback that forbids it, and waits for those under way", () => {
    const { scene, call } = begin();
    scene.pass(100 + slot);
    scene.fail(0, 14, [["grpc-retry-pushback-ms", "-1"]]);
    scene.pass(5_000);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    reply(scene, 1, "answer");
    expect(call.status?.code).toBe(0);
  });

  test("makes the next attempt when a pushback says, also with none under way", () => {
    const { scene, call } = begin();
    scene.fail(0, 14, [["grpc-retry-pushback-ms", "400"]]);
    scene.pass(399);
    expect(scene.spread).toEqual([1, 0, 0, 0]);
    scene.pass(1 + slot);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    scene.pass(100 + slot);
    expect(scene.spread).toEqual([1, 1, 1, 0]);
    reply(scene, 2, "answer");
    expect(call.status?.code).toBe(0);
    reply(scene, 1, "late");
    expect(scene.openCalls).toBe(0);
  });

  test("is cancelled everywhere when its client goes", () => {
    const { scene, call } = begin({ ...hedging, hedgingDelayMs: 0 });
    call.cancel();
    scene.router.run();
    expect([0, 1, 2].map((index) => scene.cancels(index))).toEqual([[1], [1], [1]]);
    for (const index of [0, 1, 2]) scene.fail(index, 1);
    expect(scene.openCalls).toBe(0);
  });

  test("is cancelled everywhere when its deadline passes", () => {
    const scene = new PolicyScene({ methods: { read: { hedging } } as never }, { count: 3 });
    const call = scene.call("Read", { timeout: "250m" });
    scene.pass(250 + slot);
    expect(call.status).toMatchObject({ code: 4, details: { errorInfo: { reason: "CALL_DEADLINE" } } });
    expect([0, 1, 2].map((index) => scene.cancels(index).length)).toEqual([1, 1, 1]);
  });

  test("goes on with the others when an instance is lost, or gives the call back", () => {
    const { scene, call } = begin({ ...hedging, hedgingDelayMs: 0 });
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    scene.at(1).end(scene.last(1).callId, { code: 8, notRun: true });
    scene.router.run();
    expect(call.status).toBeUndefined();
    reply(scene, 2, "answer");
    expect([call.status?.code, scene.openCalls]).toEqual([0, 0]);
  });

  test("sends a lone attempt that did not run again, as any call", () => {
    const { scene, call } = begin();
    scene.at(0).end(1, { code: 8, notRun: true });
    scene.router.run();
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    reply(scene, 1, "answer");
    expect(call.status?.code).toBe(0);
  });

  test("waits for nobody: an attempt that no instance can take is none", () => {
    const { scene, call } = begin(hedging, 1);
    scene.pass(1_000);
    expect([scene.spread, scene.router.core.routerCounters.hedges]).toEqual([[1], 0]);
    scene.fail(0);
    expect(call.status?.code).toBe(14);
  });

  test("is hedged once its request is whole", () => {
    const scene = new PolicyScene({ methods: { read: { hedging } } as never }, { count: 2 });
    const call = scene.client.start(pathOf("Read"));
    const message = pattern(30_000);
    const framed = new Uint8Array([0, 0, 0, message.length >> 8, message.length & 255, ...message]);
    call.sendBytes(framed.subarray(0, 25_000));
    scene.pass(300);
    expect(scene.spread).toEqual([1, 0]);
    call.sendBytes(framed.subarray(25_000), true);
    scene.pass(100 + slot);
    expect(scene.spread).toEqual([1, 1]);
    const sent = scene.at(1).calls.flatMap(({ payload }) => [...payload]);
    expect(sent).toEqual([...message]);
    reply(scene, 1, "answer");
    expect(call.status?.code).toBe(0);
  });

  test("goes to the client of a stream once: the first message decides", () => {
    const desc = testServiceRouter({}, "TestService", { Watch: MethodOptions_IdempotencyLevel.IDEMPOTENT });
    const facts = { ...hedging, hedgingDelayMs: 0 };
    const scene = new PolicyScene({ methods: { watch: { hedging: facts } } as never }, { count: 2, desc });
    const call = scene.call("Watch");
    expect(scene.spread).toEqual([1, 1]);
    scene.at(1).send({ head: { callId: 1n }, member: [numbers.Watch, bytes("one")] });
    scene.at(0).send({ head: { callId: 1n }, member: [numbers.Watch, bytes("other")] });
    scene.router.run();
    scene.at(1).send({ head: { callId: 1n }, member: [numbers.Watch, bytes("two")] });
    scene.at(1).end(1);
    scene.router.run();
    expect(call.messages.map((message) => text(message.bytes))).toEqual(["one", "two"]);
    expect([call.status?.code, scene.cancels(0).length]).toEqual([0, 1]);
  });
});

test("a hedge is not sent without a head that could not be kept", () => {
  const settings = { methods: { read: { hedging: { ...hedging, hedgingDelayMs: 0 } } } as never };
  const scene = new PolicyScene(settings, { connections: { headerBytes: 40 } });
  scene.call("Read", { metadata: [["x-long", "m".repeat(60)]] });
  expect(scene.spread).toEqual([1, 0]);
});

test("a channel that is lost takes its attempt with it, and the others of an idempotent method go on", () => {
  const { scene, call } = begin({ maxAttempts: 3, hedgingDelayMs: 0 });
  scene.at(0).peer.duplex.reset();
  scene.router.run();
  expect([scene.spread, scene.cancels(1), scene.cancels(2)]).toEqual([[1, 1, 1, 0], [], []]);
  reply(scene, 2, "answer");
  expect([call.status?.code, scene.openCalls]).toEqual([0, 1]);
});

test("a lost attempt that is alone is repeated, and its race has as many attempts as before", () => {
  const { scene } = begin({ maxAttempts: 2, hedgingDelayMs: 0, nonFatalStatusCodes: [8] });
  scene.fail(0, 8);
  scene.at(1).peer.duplex.reset();
  scene.router.run();
  scene.pass(1_000);
  expect(scene.spread).toEqual([1, 1, 1, 0]);
});

describe("an attempt that the router ends, of a call that its client waits for elsewhere,", () => {
  const atOnce = { ...hedging, hedgingDelayMs: 0 };

  test("is over alone when the instance takes shorter messages than the request", () => {
    const scene = new PolicyScene({ methods: { read: { hedging: atOnce } } as never }, { count: 1 });
    const processKey = new Uint8Array(16).fill(9);
    scene.instances.push(scene.router.instance({ instanceId: "i9", processKey, maxMessageBytes: 4 }));
    scene.add();
    const call = scene.call("Read");
    expect([scene.spread, scene.router.core.routerCounters.hedges]).toEqual([[1, 0, 1], 1]);
    reply(scene, 0, "answer");
    expect(call.status?.code).toBe(0);
    reply(scene, 2, "late");
    expect([scene.openCalls, scene.router.core.heldCalls]).toEqual([0, 0]);
  });

  test("is over alone when its header is too large", () => {
    const { scene, call } = begin(atOnce);
    const metadata = [{ name: "x", value: bytes("m".repeat(20_000)) }];
    scene.at(1).send({ head: { callId: 1n, header: { metadata } } });
    scene.router.run();
    expect([0, 1, 2].map((index) => scene.cancels(index).length)).toEqual([0, 1, 0]);
    reply(scene, 0, "answer");
    expect(call.status?.code).toBe(0);
  });

  test.each([0, 1])("is over alone when the grace of its instance is, attempt %i's", (leaver) => {
    const { scene, call } = begin({ ...atOnce, maxAttempts: 2 });
    scene.router.core.operator.withdraw({ instanceId: `i${leaver + 1}` }, 0);
    scene.pass(1_000);
    expect([0, 1].map((index) => scene.cancels(index).length)).toEqual([0, 1].map((i) => (i === leaver ? 1 : 0)));
    reply(scene, 1 - leaver, "answer");
    expect(call.status?.code).toBe(0);
    scene.fail(leaver, 1);
    expect(scene.openCalls).toBe(0);
  });

  test("leaves the last one to be answered when the router closes", () => {
    const { scene, call } = begin(atOnce);
    scene.router.core.close();
    scene.router.run();
    expect(call.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "INSTANCE_LOST" } } });
  });
});
