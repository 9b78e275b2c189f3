// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { formatLiteral } from "./literal.js";

describe("formatLiteral()", () => {
  test.each([
    [1.5, "1.5"],
    [true, "true"],
    [null, "null"],
    ['a "b"\n', String.raw`"a \"b\"\n"`],
    [[1, [2]], "[1, [2]]"],
    [{}, "{}"],
    [{ a: 1, $b: { c_1: [] } }, "{ a: 1, $b: { c_1: [] } }"],
    [{ "x y": 1, "1": 2 }, '{ "1": 2, "x y": 1 }'],
    [JSON.parse('{"__proto__": {"a": 1}}'), '{ ["__proto__"]: { a: 1 } }'],
  ])("prints %j", (value, text) => {
    expect(formatLiteral(value)).toBe(text);
  });
});
