// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Coverage, simulate } from "./index.js";

/** Seeds of a block; the program test/simulate runs as many as one likes. */
const blockSize = 40;

describe("simulate()", () => {
  it.each([3, 11, 150, 499])("does the same for the same seed, bit for bit: %i", async (seed) => {
    const one = await simulate(seed, { trace: true });
    // Another world in between must leave no mark.
    await simulate(seed + 1);
    const other = await simulate(seed, { trace: true });
    expect(other.hash).toBe(one.hash);
    expect(other.trace).toEqual(one.trace);
    expect(other.steps).toBe(one.steps);
    expect(one.trace.length).toBeGreaterThan(100);
  });

  it("does the same with and without a trace, and other things for other seeds", async () => {
    const traced = await simulate(7, { trace: true });
    const plain = await simulate(7);
    expect([plain.hash, plain.steps, plain.trace]).toEqual([traced.hash, traced.steps, []]);
    expect((await simulate(8)).hash).not.toBe(plain.hash);
  });

  const coverage = new Coverage();
  it.each(Array.from({ length: 5 }, (_, block) => 1 + block * blockSize))(
    `finds nothing that must not be in ${blockSize} schedules from seed %i on`,
    async (first) => {
      for (let seed = first; seed < first + blockSize; seed++) {
        const { violations } = await simulate(seed, { coverage });
        expect(violations, `seed ${seed}; node test/simulate/simulate.ts --seed ${seed} --trace`).toEqual([]);
      }
    },
  );

  it("meets nearly every cell of the state tables on the way, and none that is in no table", () => {
    expect(coverage.seen.length).toBeGreaterThan(48);
    expect(coverage.unexpected).toEqual([]);
  });
});
