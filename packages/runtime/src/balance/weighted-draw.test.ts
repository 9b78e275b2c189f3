// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { createCandidates } from "./balancer.suite.js";
import { createWeightedDraw } from "./weighted-draw.js";

describe("createWeightedDraw()", () => {
  it.each([
    [[1, 3], 0, 0],
    [[1, 3], 0.2499, 0],
    [[1, 3], 0.25, 1],
    [[1, 3], 0.9999, 1],
    [[2, 1, 1], 0.5, 1],
    [[2, 1, 1], 0.75, 2],
    [[5, 5, 5], 0.34, 1],
    [[5], 0.99, 0],
  ])("index() of weights %j at %d is %i", (weights, value, index) => {
    expect(createWeightedDraw().index(createCandidates(weights), () => value)).toBe(index);
  });

  it("otherIndex() of equal weights never repeats, and is even over the others", () => {
    const { random } = createSeededRandom(1);
    const candidates = createCandidates(4);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 3_000; draw++) {
      const index = createWeightedDraw().otherIndex(candidates, 2, random);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect(counts[2]).toBe(0);
    for (const index of [0, 1, 3]) expect(Math.abs((counts[index] ?? 0) - 1_000)).toBeLessThan(120);
  });

  it("otherIndex() of a single one is that one", () => {
    expect(createWeightedDraw().otherIndex(createCandidates(1), 0, () => 0.9)).toBe(0);
  });

  it("looks at weights again only with a new version", () => {
    const draw = createWeightedDraw();
    const candidates = createCandidates([1, 1]);
    expect(draw.index(candidates, () => 0.4)).toBe(0);
    const first = candidates.list[0];
    if (first !== undefined) first.weight = 0.01;
    expect(draw.index(candidates, () => 0.4)).toBe(0);
    candidates.version++;
    expect(draw.index(candidates, () => 0.4)).toBe(1);
  });
});
