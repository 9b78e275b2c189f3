// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RetryBudget } from "./retry-budget.js";

/** Retries that fit with so many open calls. */
function room(budget: RetryBudget, openCalls: number): number {
  let count = 0;
  while (count < 10_000 && budget.allows(openCalls)) {
    budget.enter();
    count++;
  }
  for (let left = 0; left < count; left++) budget.leave();
  return count;
}

describe("RetryBudget", () => {
  it.each([
    ["20 % of the open calls", {}, 100, 20],
    ["whole ones", {}, 29, 5],
    ["3 in any case", {}, 0, 3],
    ["3 up to 19 open calls", {}, 19, 3],
    ["exact where the product is not: 0.29 * 100", { share: 0.29 }, 100, 29],
    ["all of them", { share: 1 }, 7, 7],
    ["another minimum", { minConcurrent: 10 }, 5, 10],
    ["no minimum", { minConcurrent: 0 }, 4, 0],
  ])("allows() %s", (_case, facts, openCalls, expected) => {
    expect(room(new RetryBudget(facts), openCalls)).toBe(expected);
  });

  it("underWay is never above the bound of its time, if one asks first", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 200 }), { maxLength: 200 }), (steps) => {
        const budget = new RetryBudget({});
        for (const openCalls of steps) {
          if (openCalls < 0) {
            if (budget.underWay > 0) budget.leave();
          } else if (budget.allows(openCalls)) {
            budget.enter();
            expect(budget.underWay).toBeLessThanOrEqual(Math.max(3, openCalls / 5));
          }
        }
      }),
    );
  });
});
