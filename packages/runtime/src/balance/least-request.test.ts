// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { TestCandidate, TestCandidates } from "./balancer.suite.js";
import { anyCall, countPicks, createCandidates, describeBalancer } from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";

describeBalancer({ create: createLeastRequest, name: "least_request", weighted: true });

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
