// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInMask, statusMask } from "./status-mask.js";

describe("isInMask()", () => {
  it("is true for just the codes that the mask was made of", () => {
    const codes = fc.uniqueArray(fc.integer({ min: 1, max: 16 }));
    fc.assert(
      fc.property(codes, (chosen) => {
        const mask = statusMask(chosen);
        for (let code = 0; code <= 16; code++) expect(isInMask(mask, code)).toBe(chosen.includes(code));
      }),
    );
  });

  it.each([
    ["OK is never a failure", [0, 14], 0, false],
    ["a code of the future is UNKNOWN", [2], 17, true],
    ["… also where a shift would wrap to another", [14], 46, false],
    ["… or is negative", [2], -1, true],
    ["… or no whole number", [2], 2.5, true],
    ["what is no code is left out", [33, -31, 1.5], 1, false],
    ["the last of the codes", [16], 16, true],
  ] as const)("%s", (_fact, codes, code, expected) => {
    expect(isInMask(statusMask(codes), code)).toBe(expected);
  });
});
