// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readText, writeText } from "./text.js";

describe("writeText()", () => {
  test.each([
    ["", ""],
    ["a~", "a~"],
    ["caf\u00e9", "caf\u00e9"],
    ["\u20ac", "?"],
  ])("writes %j, which readText() reads as %j", (text, read) => {
    const bytes = new Uint8Array(text.length + 2);
    const end = writeText(bytes, 1, text);
    expect(end).toBe(1 + text.length);
    expect(readText(bytes, 1, end)).toBe(read);
  });
});
