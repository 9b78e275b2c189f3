// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { TestCandidate, TestCandidates } from "./balancer.suite.js";
import {
  anyCall,
  chiSquare,
  countPicks,
  createCandidate,
  createCandidates,
  createRetry,
  describeBalancer,
} from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";

describeBalancer({ create: createLeastRequest, name: "least_request", weighted: true });
describeBalancer({
  create: () => createLeastRequest({ fullScan: true }),
  name: "least_request",
  weighted: true,
});
describeBalancer({
  create: () => createLeastRequest({ activeRequestBias: 1 }),
  name: "least_request",
  weighted: true,
});

/** Keeps `open` calls in flight, one random one ending for each that starts; the mean open calls of each candidate. */
function meanOpenCalls(candidates: TestCandidates, choices: number, open: number, seed: number): number[] {
  const source = createSeededRandom(seed);
  const balancer = createLeastRequest({ choices });
  const flying: TestCandidate[] = [];
  const sums = candidates.list.map(() => 0);
  const rounds = 20_000;
  for (let round = 0; round < rounds; round++) {
    const picked = balancer.pick(candidates, anyCall, source.random);
    if (picked === undefined) throw new Error(`seed ${seed}: nobody picked`);
    picked.openCalls++;
    flying.push(picked);
    if (flying.length > open) {
      const [ended] = flying.splice(source.integer(flying.length), 1);
      if (ended !== undefined) ended.openCalls--;
    }
    candidates.list.forEach((candidate, index) => {
      sums[index] = (sums[index] ?? 0) + candidate.openCalls / rounds;
    });
  }
  return sums;
}

describe("createLeastRequest()", () => {
  it("of two picks the one with fewer open calls, always", () => {
    const { random } = createSeededRandom(1);
    const candidates = createCandidates(2);
    const [busy, idle] = candidates.list as [TestCandidate, TestCandidate];
    busy.openCalls = 3;
    idle.openCalls = 2;
    expect(countPicks(createLeastRequest(), candidates, random, 100).get("i1")).toBe(100);
  });

  it("keeps open calls in proportion to weights under load", () => {
    for (const seed of [1, 2]) {
      const weights = [100, 200, 400];
      const means = meanOpenCalls(createCandidates(weights), 2, 70, seed);
      means.forEach((mean, index) => {
        const share = (70 * (weights[index] ?? 0)) / 700;
        expect(Math.abs(mean - share), `seed ${seed}, candidate ${index}, mean ${mean}`).toBeLessThan(share * 0.12);
      });
    }
  });

  it("with more choices leaves the busiest less to do", () => {
    const busiest = (choices: number) => {
      const candidates = createCandidates(10);
      meanOpenCalls(candidates, choices, 50, 4);
      const slow = candidates.list[0] as TestCandidate;
      slow.openCalls = 1_000;
      return countPicks(createLeastRequest({ choices }), candidates, createSeededRandom(5).random, 20_000).get("i0");
    };
    // Picked only if every draw hits it, and the second draw never repeats the first.
    expect(busiest(2)).toBe(0);
    expect(busiest(5)).toBe(0);
  });

  it.each([
    [-1, 2],
    [1, 2],
    [2.9, 2],
    [10, 10],
    [99, 10],
  ])("choices %d compares %i", (choices, compared) => {
    let draws = 0;
    const random = () => {
      draws++;
      return 0.5;
    };
    createLeastRequest({ choices }).pick(createCandidates(20), anyCall, random);
    expect(draws).toBe(compared);
  });

  it("finds the only free one among a thousand that are at capacity", () => {
    const candidates = createCandidates(1_000);
    for (const candidate of candidates.list) Object.assign(candidate, { openCalls: 1, capacity: 1 });
    const free = candidates.list[777] as TestCandidate;
    free.openCalls = 0;
    expect(createLeastRequest().pick(candidates, anyCall, createSeededRandom(6).random)).toBe(free);
  });
});

function setOpenCalls(candidates: TestCandidates, openCalls: readonly number[]): void {
  for (const [index, candidate] of candidates.list.entries()) candidate.openCalls = openCalls[index] ?? 0;
}

describe("createLeastRequest() with fullScan", () => {
  it("picks the least busy of all, by open calls per weight", () => {
    const { random } = createSeededRandom(1);
    const candidates = createCandidates([100, 100, 400, 200]);
    setOpenCalls(candidates, [2, 3, 6, 4]);
    expect(countPicks(createLeastRequest({ fullScan: true }), candidates, random, 50).get("i2")).toBe(50);
  });

  it("lets chance decide by weight among those that are equally busy", () => {
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const candidates = createCandidates([100, 100, 300, 200]);
      setOpenCalls(candidates, [1, 2, 3, 2]);
      const counts = [...countPicks(createLeastRequest({ fullScan: true }), candidates, random, 6_000).values()];
      expect(counts[1]).toBe(0);
      counts.splice(1, 1);
      // 2 degrees of freedom: above 13.8 only once in a thousand seeds.
      expect(chiSquare(counts, [1, 3, 2]), `seed ${seed}: ${counts}`).toBeLessThan(13.8);
    }
  });

  it("prefers a busy one to one where the call has been, and the less busy of several such", () => {
    const { random } = createSeededRandom(2);
    const candidates = createCandidates(3);
    const [busy, tried, idle] = candidates.list as [TestCandidate, TestCandidate, TestCandidate];
    busy.openCalls = 9;
    tried.openCalls = 1;
    const balancer = createLeastRequest({ fullScan: true });
    for (let call = 0; call < 20; call++) {
      expect(balancer.pick(candidates, createRetry(tried, idle), random)).toBe(busy);
      expect(balancer.pick(candidates, createRetry(tried, idle, busy), random)).toBe(idle);
    }
  });

  it("keeps open calls within one of each other", () => {
    const { random } = createSeededRandom(3);
    const candidates = createCandidates(7);
    const balancer = createLeastRequest({ fullScan: true });
    for (let call = 0; call < 1_000; call++) {
      const picked = balancer.pick(candidates, anyCall, random) ?? createCandidate("nobody");
      picked.openCalls++;
      const open = candidates.list.map(({ openCalls }) => openCalls);
      expect(Math.max(...open) - Math.min(...open)).toBeLessThanOrEqual(1);
    }
  });
});

// Envoy: weight = load_balancing_weight / (active_requests + 1) ^ active_request_bias.
describe("createLeastRequest() with activeRequestBias", () => {
  it.each([
    [0, [100, 200], [9, 0], [1, 2]],
    [1, [100, 200], [0, 0], [1, 2]],
    [1, [100, 200], [0, 1], [1, 1]],
    [1, [100, 200], [4, 1], [1, 5]],
    [2, [100, 200], [0, 1], [2, 1]],
    [0.5, [100, 200], [3, 0], [1, 4]],
    [1, [100, 100], [9, 0], [1, 10]],
    [-1, [100, 200], [9, 0], [1, 2]],
  ])("%d, weights %j and open calls %j give shares %j", (activeRequestBias, weights, openCalls, shares) => {
    const candidates = createCandidates(weights);
    setOpenCalls(candidates, openCalls);
    const { random } = createSeededRandom(1);
    const counts = [...countPicks(createLeastRequest({ activeRequestBias }), candidates, random, 3_300).values()];
    const sum = shares.reduce((all, share) => all + share, 0);
    counts.forEach((count, index) => {
      expect(Math.abs(count - (3_300 * (shares[index] ?? 0)) / sum), `${counts}`).toBeLessThanOrEqual(2);
    });
  });
});
