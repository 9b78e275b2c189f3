// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { parseBenchArguments, usage } from "./bench-arguments.ts";

describe("parseBenchArguments()", () => {
  test("asks for a whole run by default", () => {
    expect(parseBenchArguments([])).toEqual({
      quick: false,
      only: undefined,
      profile: undefined,
      compare: undefined,
      resume: false,
      docs: undefined,
      list: false,
      rounds: undefined,
      seconds: undefined,
      scale: undefined,
    });
  });

  test("takes every option that its usage names", () => {
    const values: Readonly<Record<string, string>> = { rounds: "3", seconds: "0.2", scale: "0.5" };
    for (const [, name = "", takes] of usage.matchAll(/^ {2}--(\w+)( [A-Z]+)?/gm)) {
      const args = takes === undefined ? [`--${name}`] : [`--${name}`, values[name] ?? "value"];
      expect(parseBenchArguments(args)).toMatchObject({
        [name]: takes === undefined ? true : name in values ? Number(values[name]) : "value",
      });
    }
  });

  test.each([
    [["--quick", "--only", "7b-1x1"], "--quick must be alone"],
    [["--quick", "--profile", "7b-1x1"], "--quick must be alone"],
    [["--resume", "--quick"], "--resume must be of a whole run"],
    [["--rounds", "0"], "--rounds must be a number above 0"],
    [["--rounds", "1.5"], "--rounds must be a whole number"],
    [["--seconds", "long"], "--seconds must be a number above 0"],
    [["--fast"], "Unknown option '--fast'"],
    [["fast"], "Unexpected argument 'fast'"],
  ])("refuses %j", (args, message) => {
    expect(() => parseBenchArguments(args)).toThrow(message);
  });
});
