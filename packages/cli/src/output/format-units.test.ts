// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { durationOf, formatAge, formatBytes, formatMs, msOf } from "./format-units.js";

describe("formatAge()", () => {
  it.each([
    [0, "0s"],
    [59, "59s"],
    [60, "1m"],
    [3_725, "1h 2m"],
    [90_000, "1d 1h"],
    [86_400 * 3, "3d"],
  ])("writes %d seconds as %s", (seconds, text) => expect(formatAge({ seconds: BigInt(seconds) })).toBe(text));
  it("writes an absent age as 0s", () => expect(formatAge(undefined)).toBe("0s"));
});

describe("formatMs()", () => {
  it.each([
    [undefined, "-"],
    [0, "0ms"],
    [0.44, "0.4ms"],
    [9.96, "10ms"],
    [35.4, "35ms"],
    [1_234, "1.2s"],
    [-250, "-250ms"],
    [61_000, "1m 1s"],
    [-3_600_000, "-1h"],
  ])("writes %s as %s", (ms, text) => expect(formatMs(ms)).toBe(text));
});

describe("formatBytes()", () => {
  it.each<[bigint | number, string]>([
    [0, "0"],
    [1_023n, "1023"],
    [1_536, "1.5K"],
    [20n * 1_048_576n, "20M"],
    [5_000_000_000_000, "4657G"],
  ])("writes %s as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe("durationOf()", () => {
  it.each([0, 1, 999, 1_000, 90_061_001])("and msOf() of %d ms", (ms) => expect(msOf(durationOf(ms))).toBe(ms));
  it("msOf() of none is none", () => expect(msOf(undefined)).toBeUndefined());
});
