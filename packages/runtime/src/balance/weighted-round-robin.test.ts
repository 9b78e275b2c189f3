// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { CandidateLoad } from "./balancer.js";
import {
  anyCall,
  createCall,
  createCandidate,
  createCandidates,
  describeBalancer,
  type TestCandidates,
} from "./balancer.suite.js";
import { createWeightedRoundRobin } from "./weighted-round-robin.js";

describeBalancer({ create: createWeightedRoundRobin, name: "weighted_round_robin", weighted: true });
// Nobody reports in the suite, so all are equal.
describeBalancer({
  create: () => createWeightedRoundRobin({ useLoadReports: true }),
  name: "weighted_round_robin",
  weighted: false,
});

/** Some instances that report, a balancer, and a clock. */
function createFleet(options: Parameters<typeof createWeightedRoundRobin>[0] = {}) {
  const candidates: TestCandidates = createCandidates(0);
  const balancer = createWeightedRoundRobin({ useLoadReports: true, ...options });
  const { random } = createSeededRandom(1);
  let nowMs = 0;
  return {
    candidates,
    add(id: string, weight = 100) {
      candidates.list.push(createCandidate(id, { weight, registeredMs: nowMs }));
      candidates.version++;
    },
    remove(id: string) {
      candidates.list = candidates.list.filter(({ instanceId }) => instanceId !== id);
      candidates.version++;
    },
    report(id: string, rps: number, applicationUtilization: number, changes: Partial<CandidateLoad> = {}) {
      const load = {
        cpuUtilization: 0,
        memUtilization: 0,
        applicationUtilization,
        rps,
        eps: 0,
        loopDelayUs: 0,
        ...changes,
      };
      const candidate = candidates.list.find(({ instanceId }) => instanceId === id);
      Object.assign(candidate ?? {}, { load, loadMs: nowMs });
    },
    pass(ms: number) {
      nowMs += ms;
    },
    /** How often each is picked in 2,200 calls. */
    share(list: TestCandidates = candidates) {
      const counts = new Map(list.list.map(({ instanceId }) => [instanceId, 0]));
      for (let call = 0; call < 2_200; call++) {
        const id = balancer.pick(list, createCall({ nowMs }), random)?.instanceId ?? "nobody";
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return [...counts.values()];
    },
  };
}

/** All shares within two calls of these, relative to each other. */
function expectShares(counts: readonly number[], shares: readonly number[]): void {
  const sum = shares.reduce((all, share) => all + share, 0);
  expect(counts).toHaveLength(shares.length);
  counts.forEach((count, index) => {
    const expected = (2_200 * (shares[index] ?? 0)) / sum;
    expect(Math.abs(count - expected), `${counts} instead of ${shares}`).toBeLessThanOrEqual(2);
  });
}

describe("createWeightedRoundRobin()", () => {
  it("goes around by weight: of 3 and 1, no more than three in a row", () => {
    const candidates = createCandidates([3, 1]);
    const balancer = createWeightedRoundRobin();
    const { random } = createSeededRandom(3);
    const ids = Array.from({ length: 400 }, () => balancer.pick(candidates, anyCall, random)?.instanceId).join(" ");
    expect(ids).toMatch(/^(i0 ){0,3}(i1 i0 i0 i0 ?)+(i1 ?(i0 ?){0,2})?$/);
  });

  it("of equal weights goes around in order, as round_robin", () => {
    const candidates = createCandidates([70, 70, 70]);
    const balancer = createWeightedRoundRobin();
    const ids = Array.from({ length: 6 }, () => balancer.pick(candidates, anyCall, () => 0.4)?.instanceId);
    expect(ids).toEqual(["i1", "i2", "i0", "i1", "i2", "i0"]);
  });

  it("takes a new weight with a new version", () => {
    const candidates = createCandidates([100, 100]);
    const balancer = createWeightedRoundRobin();
    const { random } = createSeededRandom(4);
    balancer.pick(candidates, anyCall, random);
    Object.assign(candidates.list[0] ?? {}, { weight: 300 });
    candidates.version++;
    const picks = Array.from({ length: 400 }, () => balancer.pick(candidates, anyCall, random)?.instanceId);
    expect(Math.abs(picks.filter((id) => id === "i0").length - 300)).toBeLessThanOrEqual(1);
  });

  it("without load reports looks at none", () => {
    const fleet = createFleet({ useLoadReports: false, blackoutMs: 0 });
    fleet.add("a", 100);
    fleet.add("b", 300);
    fleet.report("a", 10, 0.1);
    fleet.report("b", 10, 1);
    expectShares(fleet.share(), [1, 3]);
  });
});

// The figures are those of grpc-go's tests of the policy: ten calls a second at a utilisation of 1 and of 0.1.
describe("createWeightedRoundRobin() with load reports", () => {
  it("weighs calls by utilisation, and follows new reports by the next update", () => {
    const fleet = createFleet({ blackoutMs: 0 });
    fleet.add("a");
    fleet.add("b");
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1);
    expectShares(fleet.share(), [1, 10]);
    fleet.report("a", 10, 0.1);
    fleet.report("b", 10, 1);
    fleet.pass(999);
    expectShares(fleet.share(), [1, 10]);
    fleet.pass(1);
    expectShares(fleet.share(), [10, 1]);
  });

  it.each([
    [0, [1, 10]],
    [0.9, [1, 1]],
  ])("with penalty %d and only errors from the second, shares are %j", (errorPenalty, shares) => {
    const fleet = createFleet({ blackoutMs: 0, errorPenalty });
    fleet.add("a");
    fleet.add("b");
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1, { eps: 10 });
    expectShares(fleet.share(), shares);
  });

  it("goes around evenly during the blackout, and once reports have expired", () => {
    const fleet = createFleet();
    fleet.add("a", 100);
    fleet.add("b", 900);
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1);
    expectShares(fleet.share(), [1, 1]);
    fleet.pass(9_999);
    expectShares(fleet.share(), [1, 1]);
    fleet.pass(1_000);
    expectShares(fleet.share(), [1, 10]);
    fleet.pass(180_000);
    expectShares(fleet.share(), [1, 1]);
  });

  it("gives who does not report the mean, and goes around evenly with only one that does", () => {
    const fleet = createFleet({ blackoutMs: 0 });
    for (const id of ["a", "b", "c"]) fleet.add(id);
    fleet.report("a", 10, 1);
    expectShares(fleet.share(), [1, 1, 1]);
    fleet.pass(1_000);
    fleet.report("b", 30, 1);
    expectShares(fleet.share(), [10, 30, 20]);
  });

  it("follows instances that come and go", () => {
    const fleet = createFleet({ blackoutMs: 0 });
    for (const id of ["a", "b", "c", "d"]) fleet.add(id);
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1);
    fleet.report("c", 20, 1);
    fleet.report("d", 20, 0.1);
    expectShares(fleet.share(), [1, 10, 2, 20]);
    fleet.remove("c");
    expectShares(fleet.share(), [1, 10, 20]);
    fleet.remove("b");
    expectShares(fleet.share(), [1, 20]);
  });

  it("knows what was reported also on another list", () => {
    const fleet = createFleet();
    for (const id of ["a", "b", "c"]) fleet.add(id);
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1);
    fleet.share();
    fleet.pass(10_000);
    expectShares(fleet.share(), [20, 200, 110]);
    const others = { list: fleet.candidates.list.slice(0, 2), away: [], version: 1 };
    expectShares(fleet.share(others), [1, 10]);
  });

  it("keeps weights between a hundredth and the tenfold of the mean", () => {
    const fleet = createFleet({ blackoutMs: 0 });
    for (let index = 0; index < 22; index++) fleet.add(`i${index}`);
    for (let index = 1; index < 22; index++) fleet.report(`i${index}`, 10, 1);
    fleet.report("i0", 10, 1e-9);
    const mean = (10 / 1e-9 + 210) / 22;
    const [first = 0, second = 0] = fleet.share();
    expect(first / 2_200).toBeCloseTo(10 / (10 + 21 * 0.01), 2);
    expect(second).toBeGreaterThan(0);
    expect(10 / mean, "without the bound, one call in millions").toBeLessThan(1e-6);
  });

  it.each([
    [1, 99, [1, 10]],
    [1, 100, [10, 1]],
    [5_000, 4_999, [1, 10]],
    [5_000, 5_000, [10, 1]],
  ])("with updateMs %d has, %d ms later, shares %j", (updateMs, laterMs, shares) => {
    const fleet = createFleet({ blackoutMs: 0, updateMs });
    fleet.add("a");
    fleet.add("b");
    fleet.report("a", 10, 1);
    fleet.report("b", 10, 0.1);
    fleet.share();
    fleet.report("a", 10, 0.1);
    fleet.report("b", 10, 1);
    fleet.pass(laterMs);
    expectShares(fleet.share(), shares);
  });
});
