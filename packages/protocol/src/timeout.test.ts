// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BAD_TIMEOUT, formatTimeout, parseTimeout } from "./timeout.js";

function parse(text: string): number {
  const bytes = Buffer.from(`1${text}S`);
  return parseTimeout(bytes, 1, bytes.length - 1);
}

describe("parseTimeout()", () => {
  test.each([
    ["1n", 1],
    ["1000n", 1],
    ["1001n", 2],
    ["0n", 0],
    ["1u", 1],
    ["5m", 5_000],
    ["1500m", 1_500_000],
    ["2S", 2_000_000],
    ["3M", 180_000_000],
    ["1H", 3_600_000_000],
    ["00000001S", 1_000_000],
    ["99999999H", 359_999_996_400_000_000],
  ])("%s is %i us", (text, timeoutUs) => {
    expect(parse(text)).toBe(timeoutUs);
  });

  test.each([
    "",
    "S",
    "1",
    "1s",
    "1h",
    "123456789S",
    "-1S",
    "+1S",
    "1.5S",
    " 1S",
    "1S ",
    "1 S",
    "0x1S",
    "1SS",
    "\u00b2S",
  ])("refuses %j", (text) => {
    expect(parse(text)).toBe(BAD_TIMEOUT);
  });
});

describe("formatTimeout()", () => {
  test.each([
    [0, "0u"],
    [-5, "0u"],
    [0.2, "1u"],
    [1, "1u"],
    [99_999_999, "99999999u"],
    [100_000_000, "100000m"],
    [100_000_001, "100001m"],
    [99_999_999_001, "100000S"],
    [1e14, "1666667M"],
    [1e16, "2777778H"],
    [Number.MAX_SAFE_INTEGER, "2502000H"],
    [1e30, "99999999H"],
    [Number.POSITIVE_INFINITY, "99999999H"],
  ])("%d us is %s", (timeoutUs, text) => {
    expect(formatTimeout(timeoutUs)).toBe(text);
  });

  test("never says less, and at most one unit more", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 52 }), (timeoutUs) => {
        const parsed = parse(formatTimeout(timeoutUs));
        expect(parsed).toBeGreaterThanOrEqual(timeoutUs);
        expect(parsed).toBeLessThanOrEqual(timeoutUs + timeoutUs / 1000 + 1);
      }),
    );
  });
});
