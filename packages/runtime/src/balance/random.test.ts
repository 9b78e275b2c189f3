// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import {
  anyCall,
  chiSquare,
  countPicks,
  createCandidates,
  createRetry,
  describeBalancer,
  type TestCandidate,
} from "./balancer.suite.js";
import { createRandom } from "./random.js";

describeBalancer({ create: createRandom, name: "random", weighted: true });

describe("createRandom()", () => {
  it.each([
    [0, "i0"],
    [0.2499, "i0"],
    [0.25, "i1"],
    [0.9999, "i1"],
  ])("of weights 1 and 3 picks at %d %s", (value, id) => {
    expect(createRandom().pick(createCandidates([1, 3]), anyCall, () => value)?.instanceId).toBe(id);
  });

  it.each([2, 40])("keeps shares by weight among those that can take calls, %i that cannot between them", (blocked) => {
    const weights = [100, 300, 200];
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const candidates = createCandidates(
        weights.flatMap((weight) => [...new Array<number>(blocked).fill(500), weight]),
      );
      const open = candidates.list.filter((_, index) => index % (blocked + 1) === blocked);
      for (const candidate of candidates.list) candidate.ready = open.includes(candidate);
      const counts = countPicks(createRandom(), candidates, random, 6_000);
      const shares = open.map(({ instanceId }) => counts.get(instanceId) ?? 0);
      // 2 degrees of freedom: above 13.8 only once in a thousand seeds.
      expect(chiSquare(shares, weights), `seed ${seed}, ${shares}`).toBeLessThan(13.8);
    }
  });

  it("gives a retry shares by weight among those that the call has not been at", () => {
    const { random } = createSeededRandom(4);
    const candidates = createCandidates([100, 10_000, 300]);
    const [one, tried, other] = candidates.list as [TestCandidate, TestCandidate, TestCandidate];
    const retry = createRetry(tried);
    const balancer = createRandom();
    const counts = [0, 0];
    for (let call = 0; call < 4_000; call++) {
      const picked = balancer.pick(candidates, retry, random);
      expect(picked).not.toBe(tried);
      const at = [one, other].indexOf(picked as TestCandidate);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    // 1 degree of freedom: above 10.8 only once in a thousand seeds.
    expect(chiSquare(counts, [1, 3])).toBeLessThan(10.8);
  });
});
