// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { createCandidate, createCandidates } from "./balancer.suite.js";
import { isWithinBound, openCallsPerWeight } from "./load-bound.js";

/** How many open calls an instance of `weight` may have, the next one counted. */
function mostOf(weight: number, perWeight: number): number {
  let openCalls = 0;
  while (isWithinBound(createCandidate("a", { weight, openCalls }), perWeight)) openCalls++;
  return openCalls;
}

describe("openCallsPerWeight()", () => {
  it.each([
    // Envoy's description of hash_balance_factor: with 150, no instance has more than 1.5 times the mean.
    [[9, 9, 1], [1, 1, 1], 1.5, [10, 10, 10]],
    [[0, 0, 0, 0], [100, 100, 100, 100], 1.25, [1, 1, 1, 1]],
    [[3, 0, 0, 0], [100, 100, 100, 100], 1, [1, 1, 1, 1]],
    [[10, 20, 30], [100, 200, 300], 1, [11, 21, 31]],
    [[0, 59], [100, 200], 1.1, [22, 44]],
  ])("with %j open calls, weights %j and factor %d each may have %j", (open, weights, factor, most) => {
    const { list } = createCandidates(weights);
    for (const [index, candidate] of list.entries()) candidate.openCalls = open[index] ?? 0;
    const perWeight = openCallsPerWeight(list, factor);
    expect(weights.map((weight) => mostOf(weight, perWeight))).toEqual(most);
  });

  it("counts only those that have room", () => {
    const { list } = createCandidates(3);
    Object.assign(list[0] ?? {}, { openCalls: 50, capacity: 50 });
    Object.assign(list[1] ?? {}, { openCalls: 70, ready: false });
    Object.assign(list[2] ?? {}, { openCalls: 9 });
    expect(mostOf(100, openCallsPerWeight(list, 2))).toBe(20);
  });

  it("always leaves one within the bound, whatever weights and loads", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const source = createSeededRandom(seed);
      const weights = Array.from({ length: 1 + source.integer(9) }, () => 1 + source.integer(300));
      const { list } = createCandidates(weights);
      for (const candidate of list) candidate.openCalls = source.integer(40);
      const perWeight = openCallsPerWeight(list, 1);
      expect(
        list.some((candidate) => isWithinBound(candidate, perWeight)),
        `seed ${seed}`,
      ).toBe(true);
    }
  });
});
