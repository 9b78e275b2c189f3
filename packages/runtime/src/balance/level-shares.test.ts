// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { levelShares } from "./level-shares.js";

const envoy = { overprovisioningPercent: 140, panicThresholdPercent: 50 };

/** Levels of a hundred members, so many of them healthy. */
function levelsOf(...healthy: readonly number[]) {
  return healthy.map((count) => ({ healthy: count, total: 100, pickable: 100 }));
}

/** In percent, as Envoy's tables have them, which round. */
function percents(shares: readonly number[]): number[] {
  return shares.map((share) => share * 100);
}

describe("levelShares()", () => {
  // The tables of Envoy's page on priority levels.
  it.each([
    [
      [100, 100],
      [100, 0],
    ],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 100],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [72, 72],
      [100, 0],
    ],
    [
      [71, 71],
      [99, 1],
    ],
    [
      [50, 50],
      [70, 30],
    ],
    [
      [25, 25],
      [50, 50],
    ],
    [
      [100, 100, 100],
      [100, 0, 0],
    ],
    [
      [72, 72, 100],
      [100, 0, 0],
    ],
    [
      [71, 71, 100],
      [99, 1, 0],
    ],
    [
      [50, 50, 100],
      [70, 30, 0],
    ],
    [
      [25, 100, 100],
      [35, 65, 0],
    ],
    [
      [25, 25, 100],
      [35, 35, 30],
    ],
    // Envoy has a panic here, too, which its page on levels leaves out.
    [[25, 25, 20], [36, 36, 28], 0],
    // Its page on panic.
    [
      [5, 65],
      [7, 93],
    ],
  ] as const)("of levels %j healthy in percent is %j", (healthy, expected, panicThresholdPercent: number = 50) => {
    const shares = percents(levelShares(levelsOf(...healthy), { ...envoy, panicThresholdPercent }));
    expect(shares).toHaveLength(expected.length);
    shares.forEach((share, index) => {
      expect(Math.abs(share - (expected[index] ?? 0)), `level ${index}: ${share}`).toBeLessThan(1);
    });
  });

  it.each([
    [
      "the first level, if nobody is healthy",
      [
        [0, 4, 4],
        [0, 6, 6],
      ],
      [1, 0],
    ],
    [
      "the first that has members to pick, if nobody is healthy",
      [
        [0, 4, 0],
        [0, 6, 6],
      ],
      [0, 1],
    ],
    [
      "nobody, if there is nobody",
      [
        [0, 0, 0],
        [0, 2, 0],
      ],
      [0, 0],
    ],
    [
      "levels by size, if all are below the panic threshold",
      [
        [1, 10, 10],
        [4, 30, 30],
      ],
      [0.25, 0.75],
    ],
    [
      "levels by those that may be picked, in a panic",
      [
        [1, 10, 5],
        [4, 30, 15],
      ],
      [0.25, 0.75],
    ],
    [
      "levels by health, if one is not below the threshold",
      [
        [1, 10, 10],
        [5, 10, 10],
      ],
      [14 / 84, 70 / 84],
    ],
    [
      "levels by health, if all others together carry it",
      [
        [0, 10, 10],
        [45, 100, 100],
        [49, 100, 100],
      ],
      [0, 0.63, 0.37],
    ],
    [
      "no level without members",
      [
        [0, 0, 0],
        [3, 3, 3],
      ],
      [0, 1],
    ],
  ] as const)("goes to %s", (_name, given, expected) => {
    const levels = given.map(([healthy, total, pickable]) => ({ healthy, total, pickable }));
    const shares = levelShares(levels, envoy);
    expected.forEach((share, index) => {
      expect(shares[index]).toBeCloseTo(share, 10);
    });
  });

  it.each([
    [100, [50, 100], [0.5, 0.5]],
    [200, [50, 100], [1, 0]],
    [200, [40, 100], [0.8, 0.2]],
  ])("overprovisioning of %i % with levels %j healthy is %j", (overprovisioningPercent, healthy, expected) => {
    const shares = levelShares(levelsOf(...healthy), { ...envoy, overprovisioningPercent });
    expected.forEach((share, index) => {
      expect(shares[index]).toBeCloseTo(share, 10);
    });
  });

  it("a threshold of 0 % knows no panic", () => {
    const levels = [
      { healthy: 1, total: 10, pickable: 10 },
      { healthy: 4, total: 30, pickable: 30 },
    ];
    const [first = 0] = levelShares(levels, { ...envoy, panicThresholdPercent: 0 });
    expect(first).toBeCloseTo(0.1 / (0.1 + 4 / 30), 10);
  });

  it("shares everything out whenever somebody may be picked, and nothing twice", () => {
    for (let seed = 0; seed < 500; seed++) {
      const source = createSeededRandom(seed);
      const levels = Array.from({ length: 1 + source.integer(5) }, () => {
        const total = source.integer(12);
        const pickable = source.integer(total + 1);
        return { total, pickable, healthy: source.integer(pickable + 1) };
      });
      const shares = levelShares(levels, envoy);
      const sum = shares.reduce((total, share) => total + share, 0);
      const anybody = levels.some(({ pickable }) => pickable > 0);
      expect(sum, `seed ${seed}`).toBeCloseTo(anybody ? 1 : 0, 10);
      shares.forEach((share, index) => {
        expect(share, `seed ${seed}`).toBeGreaterThanOrEqual(0);
        if (levels[index]?.pickable === 0) expect(share, `seed ${seed}`).toBe(0);
      });
    }
  });
});
