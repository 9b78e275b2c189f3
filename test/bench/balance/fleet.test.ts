// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { capacityOf, createFleet, doneAt } from "./fleet.ts";

test("capacityOf() counts what slow and pausing instances can do", () => {
  // Seven ordinary ones and the failing one, a quarter, nine tenths; four workers each.
  expect(capacityOf(createFleet(10, 4))).toBeCloseTo((8 + 0.25 + 0.9) * 4);
});

const pause = { everyMs: 1_000, forMs: 100 };

test.each([
  { nowMs: 250, workMs: 100, doneMs: 350, what: "work between two pauses" },
  { nowMs: 50, workMs: 100, doneMs: 200, what: "work that begins within one" },
  { nowMs: 950, workMs: 100, doneMs: 1_150, what: "work that one interrupts" },
  { nowMs: 900, workMs: 1_100, doneMs: 2_200, what: "work that two interrupt" },
  { nowMs: 900, workMs: 100, doneMs: 1_000, what: "work that ends as one begins" },
])("doneAt() of $what", ({ nowMs, workMs, doneMs }) => {
  expect(doneAt(nowMs, workMs, pause)).toBeCloseTo(doneMs);
});

test("doneAt() without pauses", () => {
  expect(doneAt(950, 100, undefined)).toBe(1_050);
});
