// SPDX-License-Identifier: Apache-2.0
// What policies beside retries do with the calls of a method: breakers, ejections, limits, admission, time.
import { describe, expect, test } from "vitest";
import type { Balancer } from "../balance/balancer.js";
import { inOrder, PolicyScene } from "../test-kit/policy-scene.suite.js";
import { bytes } from "../test-kit/text.suite.js";

/** The reason in a status's ErrorInfo. */
const reasonOf = (call: ReturnType<PolicyScene["call"]>) => call.status?.details?.errorInfo?.reason;

/** `count` calls that the instance fails with `code`, one after the other. */
function failing(scene: PolicyScene, index: number, count: number, code = 13): void {
  for (let call = 0; call < count; call++) {
    scene.call();
    scene.fail(index, code);
  }
}

describe("the circuit breaker of a method", () => {
  const breaker = { consecutiveFailures: 3, penaltyMs: 1_000, maxPenaltyMs: 4_000, jitter: 0 };
  const settings = { defaults: { circuitBreaker: breaker } };

  test("keeps calls from an instance that fails, while others take them, and lets one try when its penalty is over", () => {
    const scene = new PolicyScene(settings);
    failing(scene, 0, 3);
    expect(scene.router.logger.entries.map(({ event }) => event)).toContain("breaker_opened");
    scene.call();
    expect(scene.spread).toEqual([3, 1]);
    scene.pass(1_000);
    scene.call();
    scene.call();
    expect(scene.spread).toEqual([4, 2]);
    scene.answer(0);
    scene.call();
    expect(scene.spread).toEqual([5, 2]);
    expect(scene.router.core.routerCounters.breakers).toEqual({ opened: 1, reopened: 0, closed: 1 });
  });

  test("opens for longer when the call that tries fails", () => {
    const scene = new PolicyScene(settings);
    failing(scene, 0, 3);
    scene.pass(1_000);
    failing(scene, 0, 1);
    scene.pass(1_999);
    scene.call();
    expect(scene.spread).toEqual([4, 1]);
    scene.pass(1);
    scene.call();
    expect(scene.spread).toEqual([5, 1]);
  });

  test("ends calls at once when all instances are kept from them", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    failing(scene, 0, 3);
    const call = scene.call();
    expect([call.status?.code, reasonOf(call)]).toEqual([14, "CIRCUIT_OPEN"]);
  });

  test("is one for each method", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    failing(scene, 0, 3);
    scene.call("Read");
    expect(scene.spread).toEqual([4]);
  });

  test.each([3, 5, 7])("never opens on %i, a caller's mistake", (code) => {
    const scene = new PolicyScene(settings, { count: 1 });
    failing(scene, 0, 20, code);
    expect(scene.router.core.routerCounters.breakers.opened).toBe(0);
  });

  test("lets another call try when the caller of the one that tries has gone", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    failing(scene, 0, 3);
    scene.pass(1_000);
    const gone = scene.call();
    gone.cancel();
    scene.router.run();
    scene.at(0).end(scene.last(0).callId, { code: 1 });
    scene.router.run();
    scene.call();
    expect(scene.spread).toEqual([5]);
  });

  test("does not blame an instance for a deadline that the call spent waiting", () => {
    const once = { defaults: { circuitBreaker: { consecutiveFailures: 1 } }, concurrencyLimit: { maxConcurrent: 1 } };
    const scene = new PolicyScene(once, { count: 1 });
    scene.call();
    const waiting = scene.call("Get", { timeout: "500m" });
    scene.pass(400);
    scene.answer(0);
    expect(scene.spread).toEqual([2]);
    scene.pass(120);
    expect([waiting.status?.code, scene.router.core.routerCounters.breakers.opened]).toEqual([4, 0]);
  });

  test("counts an instance that is lost, and a deadline that passes", () => {
    const scene = new PolicyScene(settings, { count: 1 });
    for (let call = 0; call < 3; call++) {
      scene.call("Get", { timeout: "100m" });
      scene.pass(120);
      scene.at(0).end(scene.last(0).callId, { code: 4 });
    }
    scene.router.run();
    expect(scene.router.core.routerCounters.breakers.opened).toBe(1);
  });
});

test("the circuit breaker of a service turns calls of all methods away before they are routed", () => {
  const scene = new PolicyScene({ circuitBreaker: { consecutiveFailures: 3, penaltyMs: 1_000, jitter: 0 } });
  failing(scene, 0, 3);
  expect(reasonOf(scene.call("Read"))).toBe("CIRCUIT_OPEN");
  scene.pass(1_000);
  scene.call();
  expect([scene.spread, reasonOf(scene.call())]).toEqual([[4, 0], "CIRCUIT_OPEN"]);
  scene.answer(0);
  scene.call("Read");
  expect(scene.spread).toEqual([5, 0]);
});

test("the circuit breaker of a service lets one of the calls that wait try, and the others when it has succeeded", () => {
  const scene = new PolicyScene(
    { circuitBreaker: { consecutiveFailures: 1, penaltyMs: 1_000, jitter: 0 }, concurrencyLimit: { maxConcurrent: 1 } },
    { count: 1 },
  );
  scene.call();
  const calls = [scene.call(), scene.call(), scene.call()];
  scene.fail(0, 13);
  expect([scene.spread, calls.map(({ status }) => status)]).toEqual([[1], [undefined, undefined, undefined]]);
  scene.pass(1_250);
  expect(scene.spread).toEqual([2]);
  scene.answer(0);
  expect(scene.spread).toEqual([3]);
});

describe("outlier detection", () => {
  const outlierDetection = {
    consecutiveFailures: 3,
    baseEjectionMs: 2_000,
    intervalMs: 1_000,
    maxEjectionPercent: 50,
  };

  test("ejects an instance that fails, and lets it come back", () => {
    const scene = new PolicyScene({ outlierDetection }, { count: 3 });
    failing(scene, 0, 3);
    scene.call();
    expect(scene.spread).toEqual([3, 1, 0]);
    scene.pass(4_500);
    scene.call();
    expect(scene.spread).toEqual([4, 1, 0]);
    expect(scene.router.core.routerCounters.ejections.consecutiveFailures).toBe(1);
    const events = scene.router.logger.entries.map(({ event }) => event);
    expect(events.filter((event) => event === "ejected" || event === "restored")).toEqual(["ejected", "restored"]);
  });

  test("is ignored when too few are left", () => {
    const scene = new PolicyScene({ outlierDetection: { ...outlierDetection, panicThresholdPercent: 60 } });
    failing(scene, 0, 3);
    // One of two is less than 60 %: it takes calls as before.
    scene.call();
    expect(scene.spread).toEqual([4, 0]);
  });
});

describe("a concurrency limit", () => {
  test.each([
    ["of a method", { defaults: { concurrencyLimit: { maxConcurrent: 2 } } }],
    ["of a service", { concurrencyLimit: { maxConcurrent: 2 } }],
  ])("%s lets further calls wait until one has ended", (_whose, settings) => {
    const scene = new PolicyScene(settings);
    const calls = [scene.call(), scene.call(), scene.call(), scene.call()];
    expect(scene.spread).toEqual([2, 0]);
    scene.at(0).reply(1, "Get", bytes("answer"));
    scene.router.run();
    expect([scene.spread, calls[0]?.status?.code]).toEqual([[3, 0], 0]);
    scene.at(0).peer.duplex.reset();
    scene.router.run();
    expect(scene.spread).toEqual([3, 1]);
  });

  test.each([
    ["of a method", { defaults: { concurrencyLimit: { maxConcurrentPerInstance: 1 } } }],
    ["of a service", { concurrencyLimit: { maxConcurrentPerInstance: 1 } }],
  ])("%s counts each instance by itself", (_whose, settings) => {
    const scene = new PolicyScene(settings);
    scene.call();
    scene.call();
    scene.call();
    expect(scene.spread).toEqual([1, 1]);
    scene.answer(1);
    expect(scene.spread).toEqual([1, 2]);
  });

  test("frees the room of a call that was cancelled when its instance confirms", () => {
    const scene = new PolicyScene({ concurrencyLimit: { maxConcurrent: 1 } });
    const gone = scene.call();
    scene.call();
    gone.cancel();
    scene.router.run();
    expect(scene.spread).toEqual([1, 0]);
    scene.fail(0, 1);
    expect(scene.spread).toEqual([2, 0]);
  });
});

describe("time", () => {
  test("of a method counts for calls that bring none, and its maximum for those that bring more", () => {
    const scene = new PolicyScene({ defaultTimeoutMs: 1_000, timeoutMs: 3_000 });
    scene.call();
    scene.call("Get", { timeout: "2S" });
    scene.call("Get", { timeout: "9S" });
    const times = scene.at(0).calls.map(({ start }) => Number(start?.timeoutUs));
    expect(times).toEqual([1_000_000, 2_000_000, 3_000_000]);
  });
});

describe("a balancer of the program's own that throws", () => {
  const broken = (when: () => boolean): Balancer => ({
    name: "broken",
    pick(candidates, call, random) {
      if (when()) throw new Error("no idea whom to pick");
      return inOrder.pick(candidates, call, random);
    },
    onEnd() {
      throw new Error("no idea what that was");
    },
  });

  test("ends its call, and no other", () => {
    let isBroken = true;
    const scene = new PolicyScene({ balance: broken(() => isBroken) });
    const bad = scene.call();
    expect(bad.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "POLICY_FAILED" } } });
    isBroken = false;
    const good = scene.call();
    scene.answer(0);
    expect([good.status?.code, scene.router.core.routerCounters.reasons.POLICY_FAILED]).toEqual([0, 1]);
    const messages = scene.router.logger.entries
      .filter(({ event }) => event === "policy_failed")
      .map(({ message }) => message);
    expect(messages[0]).toContain("no idea whom to pick");
    expect(messages.at(-1)).toContain("no idea what that was");
  });

  test("ends a call that waits when its turn comes", () => {
    let isBroken = false;
    const scene = new PolicyScene({ balance: broken(() => isBroken), concurrencyLimit: { maxConcurrent: 1 } });
    scene.call();
    const waiting = scene.call();
    isBroken = true;
    scene.answer(0);
    expect(waiting.status?.details?.errorInfo?.reason).toBe("POLICY_FAILED");
  });
});
