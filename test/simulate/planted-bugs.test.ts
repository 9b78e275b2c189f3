// SPDX-License-Identifier: Apache-2.0
// The simulator is tested, too: each of these bugs, planted in memory, must be found within 2,000 seeds.
import { invariants, simulate } from "@grpc-router/testing/simulator";
import { afterEach, describe, expect, it } from "vitest";
import { restoreAll } from "./patch.ts";
import { plantedBugs } from "./planted-bugs.ts";

const maxSeeds = 2_000;
/** Invariants that did not hold. */
const broken = new Set<string>();

afterEach(restoreAll);

describe("the simulator finds", () => {
  it.each(plantedBugs)(
    "$name",
    async ({ plant, shows, seed: known }) => {
      plant();
      const first = async (seed: number): Promise<string> => (await simulate(seed)).violations[0] ?? "";
      let violation = await first(known);
      for (let seed = 1; !shows.test(violation) && seed <= maxSeeds; seed++) violation = await first(seed);
      expect(violation, `found within ${maxSeeds} seeds`).toMatch(shows);
      for (const [, name = ""] of violation.matchAll(/: \[(\w+)\]/g)) broken.add(name);
    },
    180_000,
  );

  it("nothing once they are gone", async () => {
    for (let seed = 1; seed <= 20; seed++) expect((await simulate(seed)).violations, `seed ${seed}`).toEqual([]);
  });

  it("every invariant broken by one of them", () => {
    expect([...broken].sort()).toEqual(Object.keys(invariants).sort());
  });
});
