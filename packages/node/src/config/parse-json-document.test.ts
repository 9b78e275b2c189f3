// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath } from "@grpc-router/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJsonDocument } from "./parse-json-document.js";

const text = `{
  "services": {
    "acme.v1.Users": { "a": [1, {"b": "x, y"}, "}"], "e\\"q": null },
    "t\\u00e4g": {}
  }
}
`;

describe("parseJsonDocument()", () => {
  it("has the value of JSON.parse", () => {
    expect(parseJsonDocument(text)).toMatchObject({ value: JSON.parse(text), mistakes: [] });
    expect(parseJsonDocument(`\uFEFF{"a": 1}`).value).toEqual({ a: 1 });
  });

  it.each<[ConfigPath, number, number]>([
    [[], 1, 1],
    [["services"], 2, 3],
    [["services", "acme.v1.Users"], 3, 5],
    [["services", "acme.v1.Users", "a"], 3, 24],
    [["services", "acme.v1.Users", "a", 0], 3, 30],
    [["services", "acme.v1.Users", "a", 1], 3, 33],
    [["services", "acme.v1.Users", "a", 1, "b"], 3, 34],
    [["services", "acme.v1.Users", "a", 2], 3, 48],
    [["services", "acme.v1.Users", 'e"q'], 3, 54],
    [["services", "täg"], 4, 5],
    // The closest that is there.
    [["services", "täg", "x", 5], 4, 5],
    [["services", "acme.v1.Users", "a", 9], 3, 24],
    [["other"], 1, 1],
  ])("finds %j at %i:%i", (path, line, column) => {
    expect(parseJsonDocument(text).findPosition(path)).toEqual({ line, column });
  });

  it("tells names that are there twice, each at its second place", () => {
    const { mistakes } = parseJsonDocument('{"a": {"x": 1,\n "x": 2}, "b": {"x": 1},\n"a": 1}');
    expect(mistakes).toEqual([
      { line: 2, column: 2, reason: 'the name "x" is there twice' },
      { line: 3, column: 1, reason: 'the name "a" is there twice' },
    ]);
  });

  it.each([
    ['{\n  "a": tru\n}', 2, 8, "a value must come here, received tru"],
    ['{"a": 1,}', 1, 9, "a name in quotes must come here, received }"],
    ['{"a": 1 "b": 2}', 1, 9, 'a comma or } must come here, received "b"'],
    ['{"a": [1 2]}', 1, 10, "a comma or ] must come here, received 2"],
    ['{"a": [1,]}', 1, 10, "a value must come here, received ]"],
    ["{a: 1}", 1, 2, "a name in quotes must come here, received a"],
    ['{"a" 1}', 1, 6, "a colon must come here, received 1"],
    ["{'a': 1}", 1, 2, "a name in quotes must come here, received 'a'"],
    ['{"a": "b\n"}', 1, 7, 'a value must come here, received "'],
    ['{"a": "\\x"}', 1, 7, 'a value must come here, received "\\x"'],
    ["{", 1, 2, "a name in quotes must come here, received its end"],
    ['{"a"\n', 1, 5, "a colon must come here, received its end"],
    ["[1\n", 1, 3, "a comma or ] must come here, received its end"],
    ["{} {}", 1, 4, "nothing more must come here, received {"],
    ["]", 1, 1, "a value must come here, received ]"],
    ["[\u00a01]", 1, 2, "a value must come here, received \u00a01"],
    ["x".repeat(99), 1, 1, `a value must come here, received ${"x".repeat(40)}…`],
  ])("tells where %j is none", (source, line, column, reason) => {
    const { mistakes } = parseJsonDocument(source);
    expect(mistakes).toEqual([{ line, column, reason: `the file must be JSON: ${reason}` }]);
  });

  it("refuses what JSON.parse refuses, and nothing else", () => {
    const pieces = fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', '"', "1", "-", "null", " ", "\n", "\\");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const source = parts.join("");
        fc.pre(source.trim() !== "");
        const { mistakes } = parseJsonDocument(source);
        const refused = mistakes.some(({ reason }) => reason.startsWith("the file must be JSON"));
        expect(refused).toBe(isRefused(source));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["", " \n"])("takes %j for nothing", (source) => {
    const { value, mistakes, findPosition } = parseJsonDocument(source);
    expect([value, mistakes, findPosition(["a"])]).toEqual([undefined, [], { line: 1, column: 1 }]);
  });

  it("finds each value of any JSON where it stands", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (source, indent) => {
        const value: unknown = JSON.parse(source);
        const written = JSON.stringify(value, undefined, indent);
        const { findPosition } = parseJsonDocument(written);
        const lines = written.split("\n");
        for (const [path, expected] of pathsOf(value, [])) {
          const { line, column } = findPosition(path);
          expect(lines[line - 1]?.slice(column - 1).startsWith(expected)).toBe(true);
        }
      }),
    );
  });
});

function isRefused(source: string): boolean {
  try {
    JSON.parse(source);
    return false;
  } catch {
    return true;
  }
}

/** What stands at the place of each path: of a field its name, of an item its beginning. */
function* pathsOf(value: unknown, path: ConfigPath): Generator<[ConfigPath, string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const key = Array.isArray(value) ? Number(name) : name;
    const item =
      typeof inner === "object" && inner !== null ? (Array.isArray(inner) ? "[" : "{") : JSON.stringify(inner);
    yield [[...path, key], Array.isArray(value) ? item : JSON.stringify(name)];
    yield* pathsOf(inner, [...path, key]);
  }
}
