// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { WindowBudget } from "./window-budget.js";

describe("WindowBudget", () => {
  it("take() gives what is left, give() takes it back, shortages are counted", () => {
    const budget = new WindowBudget(100);
    expect([budget.take(60), budget.take(60), budget.take(1)]).toEqual([60, 40, 0]);
    expect([budget.takenBytes, budget.shortages]).toEqual([100, 2]);
    budget.give(30);
    expect([budget.take(30), budget.takenBytes, budget.shortages]).toEqual([30, 100, 2]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses a size of %d", (sizeBytes) => {
    expect(() => new WindowBudget(sizeBytes)).toThrow(
      `Cannot create window budget: sizeBytes must be a whole number from 0 on, received ${sizeBytes}`,
    );
  });
});
