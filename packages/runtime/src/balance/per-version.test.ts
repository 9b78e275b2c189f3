// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createCandidates } from "./balancer.suite.js";
import { PerVersion } from "./per-version.js";

describe("PerVersion", () => {
  it("of() derives once for each version, with what was derived before", () => {
    const seen: (number | undefined)[] = [];
    const sizes = new PerVersion<number>(({ list }, before) => {
      seen.push(before);
      return list.length;
    });
    const candidates = createCandidates(3);
    expect([sizes.of(candidates), sizes.of(candidates)]).toEqual([3, 3]);
    candidates.list.pop();
    expect(sizes.of(candidates)).toBe(3);
    candidates.version++;
    expect([sizes.of(candidates), sizes.of(candidates)]).toEqual([2, 2]);
    expect(seen).toEqual([undefined, 3]);
  });

  it("of() keeps lists apart, also when they take turns", () => {
    let derived = 0;
    const sizes = new PerVersion<number>(({ list }) => {
      derived++;
      return list.length;
    });
    const [three, five] = [createCandidates(3), createCandidates(5)];
    for (let turn = 0; turn < 4; turn++) expect([sizes.of(three), sizes.of(five)]).toEqual([3, 5]);
    expect(derived).toBe(2);
  });
});
