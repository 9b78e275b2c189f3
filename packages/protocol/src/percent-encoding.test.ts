// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { percentDecode, percentEncode } from "./percent-encoding.js";

describe("percentEncode()", () => {
  test.each([
    ["", ""],
    ["plain ~ text!", "plain ~ text!"],
    ["100 %", "100 %25"],
    ["a\tb\r\n", "a%09b%0D%0A"],
    ["\u007f", "%7F"],
    ["\u00fc\u20ac\u{1f600}", "%C3%BC%E2%82%AC%F0%9F%98%80"],
    ["\ufeffbom", "%EF%BB%BFbom"],
    ["\ud800", "%EF%BF%BD"],
  ])("%j becomes %j", (text, encoded) => {
    expect(percentEncode(text)).toBe(encoded);
  });

  test("is undone by percentDecode() for every well-formed text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const encoded = percentEncode(text);
        expect(encoded).toMatch(/^[\x20-\x7e]*$/);
        expect(percentDecode(encoded)).toBe(text.toWellFormed());
      }),
    );
  });
});

describe("percentDecode()", () => {
  test.each([
    ["%", "%"],
    ["%4", "%4"],
    ["%zz", "%zz"],
    ["%4g%41", "%4gA"],
    ["%c3%BC", "\u00fc"],
    ["%FF", "\ufffd"],
    ["%C3", "\ufffd"],
    ["\u00fc%41", "\u00fcA"],
    ["%:0%@0%`0%G0", "%:0%@0%`0%G0"],
  ])("%j becomes %j", (encoded, text) => {
    expect(percentDecode(encoded)).toBe(text);
  });

  test("never fails", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof percentDecode(text) === "string"));
    fc.assert(fc.property(fc.stringMatching(/^[%0-9a-fG]*$/), (text) => typeof percentDecode(text) === "string"));
  });
});
