// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { lookUp, mergeValues } from "./merge-values.js";

describe("mergeValues()", () => {
  it.each([
    ["maps merge", { a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
    ["lists replace", { a: [1, 2, 3] }, { a: [4] }, { a: [4] }],
    ["values replace", { a: 1 }, { a: "x" }, { a: "x" }],
    ["null takes back", { a: { b: 1 }, c: 2 }, { a: { b: null } }, { a: {}, c: 2 }],
    ["null of what nobody has said stays", {}, { a: null }, { a: null }],
    ["a map replaces what is none", { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
    ["nothing changes nothing", { a: 1 }, undefined, { a: 1 }],
  ])("%s", (_, base, over, expected) => {
    expect(mergeValues(base, over)).toEqual(expected);
  });

  it("takes names of objects for names", () => {
    const over: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}');
    const merged = mergeValues({ a: 1 }, over) as Record<string, unknown>;
    expect(Object.keys(merged)).toEqual(["a", "__proto__", "constructor"]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

describe("lookUp()", () => {
  it.each([
    [["a", 1, "b"], true, 7],
    [["a", 2], false, undefined],
    [["a", "length"], true, 2],
    [["toString"], false, undefined],
    [[], true, { a: [0, { b: 7 }] }],
  ])("%j", (path, found, value) => {
    expect(lookUp({ a: [0, { b: 7 }] }, path)).toEqual({ found, value });
  });
});
