// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { fillEvenly } from "./fill-evenly.js";

const none = Number.POSITIVE_INFINITY;

describe("fillEvenly()", () => {
  it.each<[string, levels: number[], caps: number[], amount: number, filled: number[], rest: number]>([
    ["nothing to pour", [0, 1], [none, none], 0, [0, 1], 0],
    ["no vessel", [], [], 5, [], 5],
    ["equal ones", [0, 0], [none, none], 6, [3, 3], 0],
    ["what cannot be divided goes to the first", [0, 0, 0], [none, none, none], 5, [2, 2, 1], 0],
    ["the lowest first", [4, 0, 1], [none, none, none], 3, [4, 2, 2], 0],
    ["then all", [4, 0, 1], [none, none, none], 10, [5, 5, 5], 0],
    ["no further than the cap", [0, 0, 0], [1, 3, none], 9, [1, 3, 5], 0],
    ["all full", [0, 0], [1, 2], 9, [1, 2], 6],
    ["a level above the cap stays", [5, 0], [1, none], 3, [5, 3], 0],
    ["large amounts take few steps", [0, 7], [none, none], 2 ** 32, [2 ** 31 + 4, 2 ** 31 + 3], 0],
  ])("%s", (_name, levels, caps, amount, filled, rest) => {
    const vessels = levels.map((level, index) => ({ level, cap: caps[index] ?? 0 }));
    expect(fillEvenly(vessels, amount)).toBe(rest);
    expect(vessels.map(({ level }) => level)).toEqual(filled);
  });
});
