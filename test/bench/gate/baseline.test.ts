// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { cases } from "../cases/cases.ts";
import { parseBaseline, readBaseline } from "./baseline.ts";

const good = {
  changed: "2026-01-31",
  why: "policies were added",
  tolerance: 0.15,
  ratios: { "7b-10x50": 0.2 },
  instructions: {},
};

describe("parseBaseline()", () => {
  test("reads a whole one", () => {
    expect(parseBaseline(JSON.stringify(good))).toEqual(good);
  });

  test.each([
    [{ changed: "yesterday" }, "changed must be a day"],
    [{ why: "" }, "why must say what changed"],
    [{ tolerance: 0 }, "tolerance must be a share"],
    [{ ratios: { "7b-10x50": -1 } }, "a value must be above 0"],
  ])("refuses %j", (fault, message) => {
    expect(() => parseBaseline(JSON.stringify({ ...good, ...fault }))).toThrow(message);
  });
});

describe("baseline.json", () => {
  test("has a ratio for every case of the quick form, and for no other", () => {
    const quick = cases.filter((one) => one.quick === true).map(({ id }) => id);
    expect(Object.keys(readBaseline().ratios).sort()).toEqual(quick.sort());
  });
});
