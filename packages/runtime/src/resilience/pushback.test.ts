// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePushback } from "./pushback.js";

const encoder = new TextEncoder();

describe("parsePushback()", () => {
  it.each([
    ["0", 0],
    ["1", 1],
    ["6400", 6_400],
    ["2147483647", 2_147_483_647],
    ["007", 7],
    ["2147483648", "stop"],
    ["99999999999999999999", "stop"],
    ["-1", "stop"],
    ["-0", "stop"],
    ["+1", "stop"],
    ["", "stop"],
    [" 1", "stop"],
    ["1 ", "stop"],
    ["1.5", "stop"],
    ["1e3", "stop"],
    ["0x10", "stop"],
    ["soon", "stop"],
    ["1,2", "stop"],
    ["١", "stop"],
  ] as const)("reads %j as %s", (text, expected) => {
    expect(parsePushback(encoder.encode(text))).toBe(expected);
  });

  it("reads no byte outside of the value", () => {
    const bytes = encoder.encode("91239");
    expect(parsePushback(bytes, 1, 4)).toBe(123);
    expect(parsePushback(bytes, 2, 2)).toBe("stop");
  });

  it("reads what is written, and of other bytes only digits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), (value) => {
        expect(parsePushback(encoder.encode(String(value)))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const text = String.fromCharCode(...bytes);
        const isNumber = /^[0-9]+$/.test(text) && Number(text) < 2 ** 31;
        expect(parsePushback(bytes)).toBe(isNumber ? Number(text) : "stop");
      }),
    );
  });
});
