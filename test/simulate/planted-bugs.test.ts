// SPDX-License-Identifier: Apache-2.0
// The simulator is tested, too: each of these bugs, planted in memory, must be found within 2,000 seeds.
import { simulate } from "@grpc-router/testing/simulator";
import { afterEach, describe, expect, it } from "vitest";
import { restoreAll } from "./patch.ts";
import { plantedBugs } from "./planted-bugs.ts";

const maxSeeds = 2_000;

afterEach(restoreAll);

describe("the simulator finds", () => {
  it.each(plantedBugs)(
    "$name",
    async ({ plant, shows, seed: known }) => {
      plant();
      let [violation] = (await simulate(known)).violations;
      let seed = known;
      for (let next = 1; violation === undefined && next <= maxSeeds; next++) {
        seed = next;
        [violation] = (await simulate(seed)).violations;
      }
      expect(violation, `found within ${maxSeeds} seeds`).toBeDefined();
      expect(violation, `seed ${seed}`).toMatch(shows);
    },
    180_000,
  );

  it("nothing once they are gone", async () => {
    for (let seed = 1; seed <= 20; seed++) expect((await simulate(seed)).violations, `seed ${seed}`).toEqual([]);
  });
});
