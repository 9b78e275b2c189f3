// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { Balancer, Candidate } from "./balancer.js";
import {
  anyCall,
  createCall,
  createCandidate,
  createRetry,
  describeBalancer,
  type TestCandidate,
} from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";
import { countLevels, createLabelled, expectShares, sicken } from "./levels.suite.js";
import { createLocality } from "./locality.js";
import { createRoundRobin } from "./round-robin.js";
import { createTiers } from "./tiers.js";

describeBalancer({
  create: () => createTiers({ label: "tier", child: createLeastRequest() }),
  name: "least_request",
  weighted: true,
});

const levelOf = ({ labels }: Candidate) => Number(labels.get("tier") ?? 0);

/** Ten members in each tier. */
function fleet(tiers: number) {
  return createLabelled(Array.from({ length: tiers * 10 }, (_, index) => ({ tier: `${Math.floor(index / 10)}` })));
}

function create(options: { overprovisioningPercent?: number; panicThresholdPercent?: number } = {}): Balancer {
  return createTiers({ label: "tier", child: createRoundRobin(), ...options });
}

describe("createTiers()", () => {
  it.each([
    [undefined, 0],
    ["0", 0],
    ["1", 1],
    ["007", 7],
    ["", 0],
    ["-1", 0],
    ["1.5", 0],
    ["standby", 0],
  ])("a label of %j is tier %i", (value, tier) => {
    const candidates = createLabelled([value === undefined ? {} : { tier: value }, { tier: `${tier + 1}` }]);
    const [lower, upper] = candidates.list as [TestCandidate, TestCandidate];
    const balancer = create();
    for (let call = 0; call < 20; call++) expect(balancer.pick(candidates, anyCall, () => 0.99)).toBe(lower);
    upper.labels = new Map([["tier", `${tier - 1}`]]);
    candidates.version++;
    if (tier > 0) expect(balancer.pick(candidates, anyCall, () => 0.99)).toBe(upper);
  });

  it("takes everything above 128 for 128, so that instances cannot make thousands of tiers", () => {
    const candidates = createLabelled([{ tier: "129" }, { tier: "99999999999999999999" }, { tier: "128" }]);
    expectShares(
      countLevels(create(), candidates, () => anyCall, { levelOf: ({ instanceId }) => Number(instanceId[1]) }),
      [1 / 3, 1 / 3, 1 / 3],
    );
  });

  it.each([
    [
      [0, 0, 0],
      [1, 0, 0],
    ],
    [
      [2, 0, 0],
      [1, 0, 0],
    ],
    [
      [5, 0, 0],
      [0.7, 0.3, 0],
    ],
    [
      [10, 0, 0],
      [0, 1, 0],
    ],
    [
      [8, 8, 0],
      [0.28, 0.28, 0.44],
    ],
    [
      [9, 9, 9],
      [1 / 3, 1 / 3, 1 / 3],
    ],
    [
      [10, 10, 10],
      [1, 0, 0],
    ],
  ])("%j of ten unhealthy shares out %j", (sick, expected) => {
    const candidates = fleet(3);
    sick.forEach((count, tier) => {
      sicken(candidates.list.slice(tier * 10), count);
    });
    expectShares(
      countLevels(create(), candidates, () => anyCall, { levelOf }),
      expected,
    );
  });

  it("counts members that are away as unhealthy ones of their tier", () => {
    const candidates = fleet(2);
    candidates.away.push(...candidates.list.splice(0, 5));
    expectShares(
      countLevels(create(), candidates, () => anyCall, { levelOf }),
      [0.7, 0.3],
    );
  });

  it("sees health that changes without a new version, at the latest after 100 ms", () => {
    const candidates = fleet(2);
    const balancer = create();
    const at = (nowMs: number) => countLevels(balancer, candidates, () => createCall({ nowMs }), { levelOf });
    expectShares(at(1_000), [1]);
    sicken(candidates.list, 5);
    expectShares(at(1_099), [1]);
    expectShares(at(1_100), [0.7, 0.3]);
    for (const candidate of candidates.list) candidate.healthy = true;
    expectShares(at(1_200), [1]);
  });

  it("counts anew with a new version at once", () => {
    const candidates = fleet(2);
    const balancer = create();
    expectShares(
      countLevels(balancer, candidates, () => anyCall, { levelOf }),
      [1],
    );
    candidates.away.push(...candidates.list.splice(0, 5));
    candidates.version++;
    expectShares(
      countLevels(balancer, candidates, () => anyCall, { levelOf }),
      [0.7, 0.3],
    );
  });

  it.each([
    ["not ready", { ready: false }],
    ["full", { capacity: 0 }],
    ["without a breaker that admits the call", {}],
  ])("a tier whose members are %s passes its calls on: first down, then up", (_name, change) => {
    const candidates = fleet(3);
    const balancer = create();
    const shut = new Set<Candidate>();
    const call = createCall({ admits: (candidate) => !shut.has(candidate) });
    const close = (tier: number) => {
      for (const candidate of candidates.list.slice(tier * 10, tier * 10 + 10)) {
        Object.assign(candidate, change);
        if (Object.keys(change).length === 0) shut.add(candidate);
      }
    };
    expectShares(
      countLevels(balancer, candidates, () => call, { levelOf }),
      [1],
    );
    close(0);
    expectShares(
      countLevels(balancer, candidates, () => call, { levelOf }),
      [0, 1],
    );
    close(1);
    expectShares(
      countLevels(balancer, candidates, () => call, { levelOf }),
      [0, 0, 1],
    );
    close(2);
    expect(balancer.pick(candidates, call, () => 0.5)).toBeUndefined();
  });

  it("the last tier passes its calls on to the first", () => {
    const candidates = fleet(3);
    sicken(candidates.list, 20);
    for (const candidate of candidates.list.slice(20)) candidate.ready = false;
    expectShares(
      countLevels(create(), candidates, () => anyCall, { levelOf }),
      [1],
    );
  });

  it("prefers one of another tier to one that had the call", () => {
    const candidates = createLabelled([{}, {}, { tier: "1" }]);
    const [first, second, standby] = candidates.list as [TestCandidate, TestCandidate, TestCandidate];
    const balancer = create();
    expect(balancer.pick(candidates, createRetry(first), () => 0)).toBe(second);
    expect(balancer.pick(candidates, createRetry(first, second), () => 0)).toBe(standby);
    standby.ready = false;
    expect([first, second]).toContain(balancer.pick(candidates, createRetry(first, second), () => 0));
  });

  it("keeps a key in its tier while shares stay, and all keys share out as calls do", () => {
    const candidates = fleet(2);
    sicken(candidates.list, 5);
    const source = createSeededRandom(3);
    const keys = Array.from({ length: 4_000 }, () => {
      return createCall({ hasKey: true, keyHigh: source.integer(2 ** 32), keyLow: source.integer(2 ** 32) });
    });
    const balancer = create();
    const tierOf = (index: number) => {
      const picked = balancer.pick(candidates, keys[index] ?? anyCall, source.random);
      return picked === undefined ? -1 : levelOf(picked);
    };
    const first = keys.map((_, index) => tierOf(index));
    expect(keys.map((_, index) => tierOf(index))).toEqual(first);
    expectShares(
      [first.filter((tier) => tier === 0).length / 4_000, first.filter((tier) => tier === 1).length / 4_000],
      [0.7, 0.3],
    );
  });

  it("tiers and locality do not both draw by the same number", () => {
    // Of tier 1's keys, those that drew above 0.7, 70 % must still go to its better half.
    const labels = Array.from({ length: 40 }, (_, index) => {
      return { tier: `${Math.floor(index / 20)}`, zone: index % 20 < 10 ? "here" : "there" };
    });
    const candidates = createLabelled(labels);
    for (const candidate of candidates.list.filter((_, index) => index % 2 === 0)) candidate.healthy = false;
    const inner = createLocality({ zone: "here", child: createRoundRobin() });
    const balancer = createTiers({ label: "tier", child: inner });
    const source = createSeededRandom(4);
    const shares = countLevels(
      balancer,
      candidates,
      () => createCall({ hasKey: true, keyLow: source.integer(2 ** 32) }),
      { levelOf: ({ labels: own }) => Number(own.get("tier")) * 2 + (own.get("zone") === "here" ? 0 : 1) },
    );
    expectShares(shares, [0.49, 0.21, 0.21, 0.09]);
  });

  it("keeps what its child has derived from a tier while another tier changes", () => {
    const versions: number[] = [];
    const child: Balancer = {
      name: "probe",
      pick(list) {
        versions.push(list.version);
        return list.list[0];
      },
    };
    const candidates = fleet(2);
    const balancer = createTiers({ label: "tier", child });
    balancer.pick(candidates, anyCall, () => 0);
    candidates.list.push(createCandidate("new", { labels: new Map([["tier", "1"]]) }));
    candidates.version++;
    balancer.pick(candidates, anyCall, () => 0);
    candidates.list.shift();
    candidates.version++;
    balancer.pick(candidates, anyCall, () => 0);
    expect(versions[1]).toBe(versions[0]);
    expect(versions[2]).toBeGreaterThan(versions[1] ?? 0);
  });

  it.each([
    [{ overprovisioningPercent: 99 }, "overprovisioningPercent must be 100 or more, received 99"],
    [{ overprovisioningPercent: Number.NaN }, "overprovisioningPercent must be 100 or more, received NaN"],
    [{ panicThresholdPercent: 101 }, "panicThresholdPercent must be from 0 to 100, received 101"],
    [{ panicThresholdPercent: -1 }, "panicThresholdPercent must be from 0 to 100, received -1"],
  ])("%j is refused", (options, problem) => {
    expect(() => create(options)).toThrow(`Cannot balance by levels: ${problem}`);
  });

  it("hands ends on to a child that wants to know, and has none for one that does not", () => {
    const ended: string[] = [];
    const child: Balancer = {
      name: "probe",
      pick: () => undefined,
      onEnd: ({ instanceId }) => ended.push(instanceId),
    };
    createTiers({ label: "tier", child }).onEnd?.(createCandidate("x"), { code: 0, latencyMs: 1, nowMs: 2 });
    expect(ended).toEqual(["x"]);
    expect(create().onEnd).toBeUndefined();
  });
});
