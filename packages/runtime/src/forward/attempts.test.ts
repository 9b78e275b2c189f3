// SPDX-License-Identifier: Apache-2.0
// Retry policies in the life of a call (gRFC A6): which failures another attempt follows, when and where, and what the
// client sees of it.
import type { RetryFacts } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import { PolicyScene, starts } from "../test-kit/policy-scene.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

const retry: RetryFacts = { maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 1_000, backoffMultiplier: 2 };

/** Longest wait before the retry with this number, the slot of the timer wheel included. */
const longest = (retryNumber: number) => 100 * 2 ** (retryNumber - 1) * 1.2 + 16;

describe("a method with a retry policy", () => {
  test("is tried again on another instance after the backoff, and the client sees only the answer", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call();
    scene.fail(0);
    expect([call.head, call.trailers]).toEqual([undefined, undefined]);
    scene.pass(79);
    expect(scene.spread).toEqual([1, 0]);
    scene.pass(longest(1) - 79);
    expect(scene.spread).toEqual([1, 1]);
    expect(scene.last(1)).toMatchObject({ payload: bytes("question"), halfClose: true, start: { attempt: 1 } });
    scene.answer(1);
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "answer"]);
    expect(scene.openCalls).toBe(0);
  });

  test("gets as many attempts as it says, each on an instance that had none, then the last status goes to the client", () => {
    const scene = new PolicyScene({ retry }, { count: 4 });
    const call = scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.fail(1);
    scene.pass(159);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    scene.pass(longest(2) - 159);
    expect(scene.spread).toEqual([1, 1, 1, 0]);
    scene.fail(2, 14, [["why", "third"]]);
    expect([call.status?.code, call.trailerValues("why")]).toEqual([14, ["third"]]);
    expect(scene.router.core.routerCounters).toMatchObject({ retries: 2, retriesRefused: { attemptsUsed: 1 } });
    expect(scene.openCalls).toBe(0);
  });

  test.each([
    ["a code that is not retryable", 5, [], "notRetryable"],
    ["a pushback that forbids it", 14, [["grpc-retry-pushback-ms", "-1"]], "pushback"],
    ["a pushback that is no number", 14, [["grpc-retry-pushback-ms", "soon"]], "pushback"],
    [
      "two pushbacks",
      14,
      [
        ["grpc-retry-pushback-ms", "1"],
        ["grpc-retry-pushback-ms", "1"],
      ],
      "pushback",
    ],
  ] as const)("is not tried again after %s", (_what, code, trailers, reason) => {
    const scene = new PolicyScene({ retry });
    const call = scene.call();
    scene.fail(0, code, trailers);
    expect(call.status?.code).toBe(code);
    expect(scene.router.core.routerCounters.retriesRefused[reason]).toBe(1);
    scene.pass(2_000);
    expect(scene.spread).toEqual([1, 0]);
  });

  test("waits as long as a pushback says, and begins with the shortest wait again after that", () => {
    const scene = new PolicyScene({ retry: { ...retry, maxAttempts: 5 } }, { count: 4 });
    scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.fail(1, 14, [["grpc-retry-pushback-ms", "700"]]);
    scene.pass(699);
    expect(scene.spread).toEqual([1, 1, 0, 0]);
    scene.pass(17);
    expect(scene.spread).toEqual([1, 1, 1, 0]);
    scene.fail(2);
    scene.pass(longest(1));
    expect(scene.spread).toEqual([1, 1, 1, 1]);
  });

  test("holds the header of a reply of one message back until no retry can follow", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call();
    const header = { metadata: [{ name: "who", value: bytes("one") }] };
    scene.at(0).send({ head: { callId: 1n, header } });
    scene.router.run();
    expect(call.head).toBeUndefined();
    scene.fail(0);
    scene.pass(longest(1));
    scene.at(1).send({ head: { callId: 1n, header: { metadata: [{ name: "who", value: bytes("two") }] } } });
    scene.answer(1);
    expect([call.headValues("who"), call.status?.code]).toEqual([["two"], 0]);
  });

  test("sends a header that was held before the status that nothing follows", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call();
    scene.at(0).send({ head: { callId: 1n, header: { metadata: [{ name: "who", value: bytes("one") }] } } });
    scene.fail(0, 5);
    expect([call.headValues("who"), call.trailersOnly, call.status?.code]).toEqual([["one"], false, 5]);
  });

  test("is committed by the header of a stream, and by the first message of any reply", () => {
    const scene = new PolicyScene({ retry });
    const watch = scene.call("Watch");
    scene.at(0).send({ head: { callId: 1n, header: {} } });
    scene.fail(0);
    expect([watch.status?.code, watch.trailersOnly]).toEqual([14, false]);
    const read = scene.call("Get");
    scene.at(0).send({ head: { callId: 2n }, member: [numbers.Get, bytes("half")] });
    scene.fail(0);
    expect([read.status?.code, read.messages.length]).toEqual([14, 1]);
    expect(scene.router.core.routerCounters.retriesRefused.committed).toBe(2);
  });

  test("is not tried again by the router when the client does so itself", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call("Get", { metadata: [["grpc-previous-rpc-attempts", "1"]] });
    scene.fail(0);
    expect(call.status?.code).toBe(14);
    expect(scene.router.core.routerCounters.retriesRefused.clientRetries).toBe(1);
  });

  test("is not tried again when its request was too large to be kept", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.client.unary(pathOf("Get"), pattern(70_000));
    scene.router.run();
    scene.fail(0);
    expect(call.status?.code).toBe(14);
    expect(scene.router.core.routerCounters.retriesRefused.notKept).toBe(1);
  });

  test("does not wait past its deadline for another attempt", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call("Get", { timeout: "60m" });
    scene.fail(0);
    expect(call.status?.code).toBe(14);
    expect(scene.router.core.routerCounters.retriesRefused.deadline).toBe(1);
  });

  test("ends by its deadline or its client while it waits for the next attempt", () => {
    const scene = new PolicyScene({ retry: { ...retry, initialBackoffMs: 1_000 } });
    const gone = scene.call("Get", { timeout: "5S" });
    scene.fail(0);
    gone.cancel();
    scene.router.run();
    scene.pass(6_000);
    expect(scene.spread).toEqual([1, 0]);
    const late = scene.call("Get", { timeout: "1300m" });
    scene.fail(0);
    // The instances are gone when its time comes, so it ends as one that finds none.
    for (const { peer } of scene.instances) peer.duplex.reset();
    scene.pass(1_220);
    expect(late.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "NO_INSTANCE" } } });
    expect(late.status?.details?.errorInfo?.metadata).toEqual({ execution: "started" });
  });

  test("is tried again on a lost instance, as on any UNAVAILABLE, though it is not idempotent", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.call();
    scene.at(0).peer.duplex.reset();
    scene.pass(longest(1));
    expect(starts(scene.at(1))).toHaveLength(1);
    scene.answer(1);
    expect(call.status?.code).toBe(0);
  });

  test("leaves a lost instance to the lost rule when UNAVAILABLE is not among its codes", () => {
    const scene = new PolicyScene({ retry: { ...retry, retryableStatusCodes: [10] } });
    const lost = scene.call();
    const idempotent = scene.call("Read");
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    expect(lost.status?.details?.errorInfo?.reason).toBe("INSTANCE_LOST");
    expect(starts(scene.at(1))).toHaveLength(1);
    scene.at(1).reply(1, "Read", bytes("answer"));
    scene.router.run();
    expect(idempotent.status?.code).toBe(0);
  });

  test("keeps what follows of a request for the attempts to come", () => {
    const scene = new PolicyScene({ retry });
    const call = scene.client.start(pathOf("Collect"));
    call.send(bytes("first"));
    scene.router.run();
    scene.fail(0);
    call.send(bytes("second"), { halfClose: true });
    scene.pass(longest(1));
    expect(
      scene
        .at(1)
        .calls.map(({ payload }) => text(payload))
        .filter(Boolean),
    ).toEqual(["first", "second"]);
    expect(scene.at(1).calls.some(({ halfClose }) => halfClose)).toBe(true);
  });

  test("makes no attempt beyond the tokens of its service", () => {
    const scene = new PolicyScene({ retry, retryThrottling: { maxTokens: 4, tokenRatio: 0.1 } });
    const calls = [scene.call(), scene.call(), scene.call()];
    for (const callId of [1, 2, 3]) scene.at(0).end(callId, { code: 14 });
    scene.router.run();
    // Four tokens: the first failure leaves three, which is more than half; the second leaves two.
    expect(calls.map(({ status }) => status?.code)).toEqual([undefined, 14, 14]);
    expect(scene.router.core.routerCounters.retriesRefused.throttled).toBe(2);
  });

  test("makes no attempt beyond the budget of its service", () => {
    const scene = new PolicyScene({
      retry: { ...retry, maxAttempts: 2 },
      retryBudget: { share: 0.01, minConcurrent: 1 },
    });
    const first = scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    const second = scene.call();
    scene.fail(0);
    expect(second.status?.code).toBe(14);
    expect(scene.router.core.routerCounters.retriesRefused.budget).toBe(1);
    scene.answer(1);
    expect(first.status?.code).toBe(0);
    const third = scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.answer(1);
    expect(third.status?.code).toBe(0);
  });
});

describe("an attempt with a time of its own", () => {
  const timed: RetryFacts = { ...retry, attemptTimeoutMs: 500 };

  test("is cancelled when it is over, holds its slot until that is confirmed, and another follows", () => {
    const scene = new PolicyScene({ retry: timed });
    const call = scene.call("Get", { metadata: [["who", "me"]] });
    scene.pass(499);
    expect(scene.cancels(0)).toEqual([]);
    scene.pass(18);
    expect(scene.cancels(0)).toEqual([2]);
    scene.pass(longest(1));
    expect(scene.spread).toEqual([1, 1]);
    expect(scene.last(1)).toMatchObject({ payload: bytes("question"), start: { attempt: 1 } });
    expect(scene.last(1).start?.metadata.map(({ name }) => name)).toEqual(["who"]);
    expect(scene.openCalls).toBe(2);
    scene.answer(1);
    expect([call.status?.code, text(call.messages[0]?.bytes)]).toEqual([0, "answer"]);
    expect(scene.openCalls).toBe(1);
    // What the first one still says reaches nobody.
    scene.answer(0, "late");
    expect([call.messages.length, scene.openCalls]).toEqual([1, 0]);
  });

  test("is the last when no other may follow: the client hears of its time", () => {
    const scene = new PolicyScene({ retry: { ...timed, maxAttempts: 2, retryableStatusCodes: [4] } });
    const call = scene.call();
    scene.pass(520);
    scene.pass(longest(1));
    scene.pass(520);
    expect(call.status).toMatchObject({ code: 4, details: { errorInfo: { reason: "ATTEMPT_TIMEOUT" } } });
    expect(scene.cancels(1)).toEqual([2]);
    scene.answer(0);
    scene.answer(1);
    expect(scene.openCalls).toBe(0);
  });

  test("has no end once it has answered", () => {
    const scene = new PolicyScene({ retry: timed });
    const call = scene.call("Watch");
    scene.at(0).send({ head: { callId: 1n }, member: [numbers.Watch, bytes("one")] });
    scene.pass(2_000);
    expect([call.messages.length, call.status, scene.cancels(0)]).toEqual([1, undefined, []]);
  });

  test("leaves the deadline of the call as it is", () => {
    const scene = new PolicyScene({ retry: timed });
    const call = scene.call("Get", { timeout: "900m" });
    scene.pass(900 + 16);
    expect(call.status).toMatchObject({ code: 4, details: { errorInfo: { reason: "CALL_DEADLINE" } } });
    expect([scene.cancels(0), scene.cancels(1)]).toEqual([[2], [2]]);
  });
});

/** A client that may keep next to nothing of its heads for a second try. */
const poor = { connections: { headerBytes: 40 } };
const longHead = { metadata: [["x-long", "m".repeat(60)]] } as const;

test("an attempt whose head could not be kept is not followed by one without it", () => {
  const scene = new PolicyScene({ retry: { ...retry, attemptTimeoutMs: 50 } }, poor);
  const call = scene.call("Get", longHead);
  scene.pass(50 + 16);
  scene.pass(longest(1));
  expect(scene.spread).toEqual([1, 0]);
  expect(call.status?.details?.errorInfo?.reason).toBe("ATTEMPT_TIMEOUT");
});

describe("a budget of one retry", () => {
  const settings = { methods: { get: { retry } }, retryBudget: { share: 0.001, minConcurrent: 1 } } as never;

  test("is taken by one that waits for its time", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    scene.call();
    const second = scene.call();
    scene.at(0).end(1, { code: 14 });
    scene.at(0).end(2, { code: 14 });
    scene.router.run();
    expect([second.status?.code, scene.router.core.routerCounters.retriesRefused.budget]).toEqual([14, 1]);
  });

  test("is taken by one that provably did not run and goes elsewhere", () => {
    const scene = new PolicyScene(settings, { count: 3 });
    scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.at(1).end(1, { code: 14, notRun: true });
    scene.router.run();
    expect(scene.spread).toEqual([1, 1, 1]);
    const second = scene.call();
    scene.fail(0);
    expect(second.status?.code).toBe(14);
    expect(scene.router.core.policies()[0]?.extraAttempts).toBe(1);
  });

  test("lasts a call for all its attempts", () => {
    const scene = new PolicyScene(settings, { count: 3 });
    const call = scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.fail(1);
    scene.pass(longest(2));
    scene.answer(2);
    expect([scene.spread, call.status?.code]).toEqual([[1, 1, 1], 0]);
  });

  test("is free when the call ends, whatever it waited for", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    const call = scene.call("Get", { timeout: "500m" });
    scene.fail(0);
    expect(scene.router.core.policies()[0]?.extraAttempts).toBe(1);
    call.cancel();
    scene.router.run();
    expect(scene.router.core.policies()[0]?.extraAttempts).toBe(0);
    scene.call();
    scene.fail(0);
    scene.pass(longest(1));
    scene.answer(0);
    expect(scene.router.core.policies()[0]?.extraAttempts).toBe(0);
  });
});

test("an attempt that did not run before its own time was over has failed as any other that took too long", () => {
  const scene = new PolicyScene({ retry: { ...retry, maxAttempts: 2, attemptTimeoutMs: 50 } });
  const call = scene.call();
  scene.at(0).end(1, { code: 4, notRun: true });
  scene.router.run();
  expect(scene.spread).toEqual([1, 0]);
  scene.pass(longest(1));
  expect(scene.spread).toEqual([1, 1]);
  scene.at(1).end(1, { code: 4, notRun: true });
  scene.router.run();
  expect([call.status?.code, scene.spread, scene.openCalls]).toEqual([4, [1, 1], 0]);
});
