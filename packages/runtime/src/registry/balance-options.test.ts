// SPDX-License-Identifier: Apache-2.0
import type { BalanceFacts, MethodFacts } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import { type Balancer, type Candidates, canTake } from "../balance/balancer.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes } from "../test-kit/text.suite.js";

/** A router whose method Get is balanced so, and what its last strategy was shown. */
function setUp(
  balance: Partial<BalanceFacts>,
  { read, ...options }: TestRouterOptions & { read?: Partial<MethodFacts> } = {},
) {
  const seen: { candidates: Candidates } = { candidates: { list: [], away: [], version: -1 } };
  const spy: Balancer = {
    name: "spy",
    pick(candidates, call) {
      seen.candidates = candidates;
      return candidates.list.find((candidate) => canTake(candidate, call));
    },
  };
  const facts = { custom: { name: "spy" }, ...balance } as BalanceFacts;
  const router = new TestRouter({
    desc: testServiceRouter({ get: { balance: facts }, ...(read === undefined ? {} : { read }) }),
    balancers: new Map([["spy", () => spy]]),
    ...options,
  });
  const { client } = router.connect();
  router.run();
  const look = (): Candidates => {
    client.unary(pathOf("Get"), bytes("a"));
    router.run();
    return seen.candidates;
  };
  return {
    router,
    look,
    ids: () => look().list.map(({ instanceId }) => instanceId),
    weights: () => look().list.map(({ weight }) => weight),
  };
}

describe("the option slow_start", () => {
  const slowStart = { windowMs: 4_000 };

  test("lowers the weight of a new instance for balancers, and for nobody else", () => {
    const { router, weights } = setUp({ slowStart });
    router.instance({ instanceId: "old", traits: { weight: 200 } });
    expect(weights()).toEqual([20]);
    router.scheduler.advance(2_000);
    expect(weights()).toEqual([100]);
    router.instance({ instanceId: "new", processKey: new Uint8Array(16).fill(2) });
    expect(weights()).toEqual([100, 10]);
    router.scheduler.advance(2_000);
    expect(weights()).toEqual([200, 50]);
    expect(router.core.instances().map(({ weight }) => weight)).toEqual([200, 100]);
    router.scheduler.advance(2_000);
    expect(weights()).toEqual([200, 100]);
  });

  test("gives lists a new version with each step, and none afterwards", () => {
    const { router, look } = setUp({ slowStart });
    router.instance();
    const versions = [look().version];
    for (let step = 0; step < 4; step++) {
      router.scheduler.advance(1_000);
      versions.push(look().version);
    }
    // Nothing happens in the first tenth; then a step comes with each of the sweeps, four in a second.
    expect(versions.map((version) => version - (versions[0] ?? 0))).toEqual([0, 3, 7, 11, 15]);
    router.scheduler.advance(3_000);
    expect(look().version).toBe(versions[4]);
  });

  test("begins anew when an instance serves again", () => {
    const { router, weights } = setUp({ slowStart });
    const instance = router.instance();
    router.scheduler.advance(5_000);
    expect(weights()).toEqual([100]);
    for (const status of [2, 1]) instance.control({ kind: { case: "health", value: { status } } });
    router.run();
    expect(weights()).toEqual([10]);
  });

  test("goes on when the same process takes over with a new channel, and begins anew with another", () => {
    const { router, weights } = setUp({ slowStart });
    router.instance();
    router.scheduler.advance(2_000);
    router.instance({ ordinal: 2n });
    expect(weights()).toEqual([50]);
    router.instance({ incarnation: 2n, processKey: new Uint8Array(16).fill(2) });
    expect(weights()).toEqual([10]);
  });

  test("keeps the age when an instance states another weight", () => {
    const { router, weights } = setUp({ slowStart });
    const instance = router.instance();
    router.scheduler.advance(2_000);
    instance.control({ kind: { case: "traits", value: { weight: 400 } } });
    router.run();
    expect(weights()).toEqual([200]);
    expect(router.core.instances()[0]?.weight).toBe(400);
  });

  test("with several methods goes by the longest window", () => {
    const read = { balance: { roundRobin: {}, slowStart: { windowMs: 8_000 } } };
    const { router, weights } = setUp({ slowStart }, { read });
    router.instance();
    router.scheduler.advance(4_000);
    expect(weights()).toEqual([50]);
  });

  test("counts for nothing where code says how to balance, or where it is not asked for", () => {
    const inCode = setUp({ slowStart }, { settings: { balance: "round_robin" } });
    inCode.router.instance();
    expect([...inCode.router.core.instances()].map(({ weight }) => weight)).toEqual([100]);
    const { router, weights } = setUp({});
    router.instance();
    expect(weights()).toEqual([100]);
  });
});

describe("the other options of balance", () => {
  test("selector chooses instances by labels, as they are now", () => {
    const { router, ids } = setUp({ selector: { version: "2" } });
    const one = router.instance({ instanceId: "one", traits: { labels: { version: "1" } } });
    router.instance({ instanceId: "two", traits: { labels: { version: "2" } } });
    expect(ids()).toEqual(["two"]);
    one.control({ kind: { case: "traits", value: { labels: { version: "2" } } } });
    router.run();
    expect(ids()).toEqual(["one", "two"]);
  });

  test("a call that waits for a label goes to the instance that gets it", () => {
    const { router } = setUp({ selector: { version: "2" } });
    const { client } = router.connect();
    const one = router.instance({ traits: { labels: { version: "1" } } });
    router.instance({ instanceId: "full", traits: { labels: { version: "2" } }, capacity: { calls: 0 } });
    client.unary(pathOf("Get"), bytes("a"), { timeout: "9S" });
    router.run();
    expect(one.calls).toHaveLength(0);
    one.control({ kind: { case: "traits", value: { labels: { version: "2" } } } });
    router.run();
    expect(one.calls).toHaveLength(1);
  });

  test("locality goes by the router's own zone and region, unless it names others", () => {
    const places = { here: "a", there: "b" };
    const idsOf = (locality: BalanceFacts["locality"], options: TestRouterOptions) => {
      const { router, ids } = setUp({ locality: locality ?? {} }, options);
      for (const [instanceId, zone] of Object.entries(places)) {
        router.instance({ instanceId, traits: { labels: { zone, region: `region-${zone}` } } });
      }
      return ids();
    };
    expect(idsOf({}, { zone: "b" })).toEqual(["there"]);
    expect(idsOf({}, { region: "region-a" })).toEqual(["here"]);
    expect(idsOf({ zone: "a" }, { zone: "b" })).toEqual(["here"]);
    expect(idsOf({}, {})).toEqual(["here", "there"]);
  });

  test("priority_label keeps tier 1 for when tier 0 has nobody", () => {
    const { router, ids } = setUp({ priorityLabel: "tier" });
    router.instance({ instanceId: "standby", traits: { labels: { tier: "1" } } });
    expect(ids()).toEqual(["standby"]);
    router.instance({ instanceId: "main" });
    expect(ids()).toEqual(["main"]);
  });

  test("subset_size uses so many", () => {
    const { router, ids } = setUp({ subsetSize: 3 });
    for (let index = 0; index < 12; index++) router.instance({ instanceId: `i${index}` });
    const before = ids();
    expect(new Set(before).size).toBe(3);
    router.instance({ instanceId: "another" });
    expect(ids().filter((id) => !before.includes(id)).length).toBeLessThan(2);
  });
});
