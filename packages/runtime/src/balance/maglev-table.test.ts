// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { type Preference, populate } from "./maglev-table.js";

const [a, b, c] = [0, 1, 2];

/** The algorithm as Envoy describes it: every instance is looked at in every round. */
function populateByRounds(preferences: readonly Preference[], size: number): number[] {
  const slots = new Array<number>(size).fill(-1);
  const sum = preferences.reduce((total, { weight }) => total + weight, 0);
  const shares = preferences.map(({ weight }) => weight / sum);
  const largest = Math.max(...shares);
  const targets = preferences.map(() => 0);
  const next = preferences.map(() => 0);
  let filled = 0;
  for (let round = 1; filled < size; round++) {
    for (let member = 0; member < preferences.length && filled < size; member++) {
      if (round * (shares[member] ?? 0) < (targets[member] ?? 0)) continue;
      targets[member] = (targets[member] ?? 0) + largest;
      const { offset = 0, skip = 1 } = preferences[member] ?? {};
      const slot = () => (offset + skip * (next[member] ?? 0)) % size;
      while (slots[slot()] !== -1) next[member] = (next[member] ?? 0) + 1;
      slots[slot()] = member;
      filled++;
    }
  }
  return slots;
}

describe("populate()", () => {
  it.each([
    // Table 1 of the paper: three backends, before B1 is removed and after.
    [
      "the paper, before",
      [
        [3, 4],
        [0, 2],
        [3, 1],
      ],
      [1, 1, 1],
      7,
      [b, a, b, a, c, c, a],
    ],
    [
      "the paper, after",
      [
        [3, 4],
        [3, 1],
      ],
      [1, 1],
      7,
      [a, a, a, a, b, b, b],
    ],
    // Envoy's tests (maglev_lb_test.cc), offset and skip by XXH64 with seeds 0 and 1: addresses, names, weights.
    [
      "Envoy, Basic",
      [
        [2, 4],
        [3, 6],
        [0, 2],
        [3, 3],
        [1, 3],
        [1, 5],
      ],
      [1, 1, 1, 1, 1, 1],
      7,
      [2, 4, 0, 1, 5, 0, 3],
    ],
    [
      "Envoy, BasicWithHostName",
      [
        [6, 6],
        [5, 5],
        [0, 2],
        [3, 2],
        [4, 1],
        [4, 1],
      ],
      [1, 1, 1, 1, 1, 1],
      7,
      [2, 5, 0, 3, 4, 1, 0],
    ],
    [
      "Envoy, Weighted",
      [
        [1, 6],
        [9, 14],
      ],
      [1, 2],
      17,
      [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1],
    ],
  ])("makes the table of %s", (_name, orders, weights, size, expected) => {
    const preferences = orders.map(([offset = 0, skip = 1], index) => ({ offset, skip, weight: weights[index] ?? 1 }));
    expect([...populate(preferences, size)]).toEqual(expected);
  });

  it("makes the same table as one that looks at every instance in every round", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const source = createSeededRandom(seed);
      const size = [7, 101, 1_009][source.integer(3)] ?? 7;
      const preferences = Array.from({ length: 1 + source.integer(20) }, () => ({
        offset: source.integer(size),
        skip: 1 + source.integer(size - 1),
        weight: source.integer(2) === 0 ? 100 : 1 + source.integer(10 ** source.integer(6)),
      }));
      expect([...populate(preferences, size)], `seed ${seed}`).toEqual(populateByRounds(preferences, size));
    }
  });

  it("gives the least a slot each and the heaviest what is left, as Envoy's LocalityWeightedLopsided", () => {
    const source = createSeededRandom(7);
    const size = 65_537;
    const preferences = Array.from({ length: 1_024 }, (_, index) => ({
      offset: source.integer(size),
      skip: 1 + source.integer(size - 1),
      weight: index === 0 ? 127 * 1_023 : 1,
    }));
    const counts = new Map<number, number>();
    for (const member of populate(preferences, size)) counts.set(member, (counts.get(member) ?? 0) + 1);
    expect(counts.size).toBe(1_024);
    expect(counts.get(0)).toBe(size - 1_023);
  });

  it.each([
    [0, 7, 0],
    [1, 7, 1],
    [20, 7, 7],
    [65_535, 65_537, 65_535],
  ])("of %i instances in %i slots, %i have one", (count, size, having) => {
    const preferences = Array.from({ length: count }, (_, index) => ({ offset: index % size, skip: 1, weight: 1 }));
    expect(new Set(populate(preferences, size)).size).toBe(having);
  });
});
