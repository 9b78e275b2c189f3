// SPDX-License-Identifier: Apache-2.0
// Sessions in the life of a call: who stays where, who waits for whom, and the field that works like a cookie.
import { describe, expect, test } from "vitest";
import { tokenOf } from "../balance/sticky.js";
import type { ServiceSettings } from "../registry/settings.js";
import { PolicyScene } from "../test-kit/policy-scene.suite.js";

const settings = (fallback: "rebalance" | "fail"): ServiceSettings => ({
  balance: { sticky: { fallback } },
  routeKeyMetadata: "x-session",
});

const session = (value: string) => ({ metadata: [["x-session", value]] as const });

/** An instance that states how many calls it takes. */
function scene(fallback: "rebalance" | "fail", calls = 1, count = 2): PolicyScene {
  const made = new PolicyScene(settings(fallback), { count });
  for (const instance of made.instances) instance.control({ kind: { case: "capacity", value: { calls } } });
  made.router.run();
  return made;
}

describe("a session", () => {
  test("stays with its instance", () => {
    const at = scene("rebalance", 100, 5);
    for (let call = 0; call < 20; call++) at.call("Get", session("one"));
    expect([...at.spread].sort()).toEqual([0, 0, 0, 0, 20]);
  });

  test("waits for its instance while others go ahead, if it may go nowhere else", () => {
    const at = scene("fail");
    const first = at.call("Get", session("a"));
    const home = at.spread.indexOf(1);
    const waiting = at.call("Get", session("a"));
    const other = at.call("Get", session("b"));
    expect(at.spread).toEqual([1, 1]);
    const third = at.call("Get", session("c"));
    at.answer(1 - home);
    // Another one's session is next, though the first of the queue still waits.
    expect([at.spread[1 - home], other.status?.code, third.status]).toEqual([2, 0, undefined]);
    expect([first.status, waiting.status]).toEqual([undefined, undefined]);
    at.answer(home);
    expect(at.spread[home]).toBe(2);
  });

  test("does not pass for a queue that empties while its calls step aside for others", () => {
    const at = new PolicyScene(settings("fail"), { count: 1, maxWaitingCalls: 40 });
    at.at(0).control({ kind: { case: "capacity", value: { calls: 1 } } });
    at.router.run();
    for (let call = 0; call < 41; call++) at.call("Get", session("a"));
    at.pass(2_000);
    const refused = at.call("Get", session("a"));
    expect(refused.status?.details?.errorInfo?.reason).toBe("QUEUE_FULL");
    // Nobody has left: the longest that there is.
    expect(Number(refused.trailerValues("grpc-retry-pushback-ms")[0])).toBeGreaterThanOrEqual(6_400);
  });

  test("is lost with its instance, if it may go nowhere else", () => {
    const at = scene("fail");
    at.call("Get", session("a"));
    const home = at.spread.indexOf(1);
    const waiting = at.call("Get", session("a"));
    at.at(home).peer.duplex.reset();
    at.router.run();
    expect(waiting.status).toMatchObject({ code: 14, details: { errorInfo: { reason: "AFFINITY_LOST" } } });
    expect(at.call("Get", session("a")).status?.details?.errorInfo?.reason).toBe("AFFINITY_LOST");
  });

  test("begins with a field that names its instance, for who sends none", () => {
    const at = scene("rebalance", 100);
    const call = at.call();
    const home = at.spread.indexOf(1);
    at.answer(home);
    const [token = ""] = call.headValues("x-session");
    expect(token).toBe(tokenOf(`i${home + 1}`));
    for (let again = 0; again < 10; again++) at.call("Get", session(token));
    expect(at.spread[home]).toBe(11);
    const later = at.call("Get", session(token));
    at.answer(home);
    expect(later.headValues("x-session")).toEqual([]);
  });
});
