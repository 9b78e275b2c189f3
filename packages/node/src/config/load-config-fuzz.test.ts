// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { createConfigBed } from "./config-bed.suite.js";
import { createConfigDefaults } from "./config-defaults.js";
import { createConfigSchema } from "./config-schema.js";
import { diffConfigs, formatChange, showConfig } from "./show-config.js";

const { write, load } = createConfigBed();

/** Loads a text and holds what comes of it against what every answer must be. */
function check(text: string, name = "fuzz.yaml"): void {
  const lines = text.split("\n").length;
  const { mistakes, value, readPolicies } = load([write(name, text)], { A: "1", B: "${A}" });
  for (const mistake of [...mistakes, ...readPolicies([]).mistakes]) {
    expect(mistake.file).toBe(name);
    expect(mistake.line).toBeGreaterThanOrEqual(1);
    expect(mistake.line).toBeLessThanOrEqual(lines);
    expect(mistake.column).toBeGreaterThanOrEqual(1);
    expect(mistake.reason).not.toBe("");
  }
  const places = mistakes.map(({ line, column }) => line * 1e6 + column);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(parse(showConfig(value)) ?? {}).toBeTypeOf("object");
  expect(diffConfigs(value, value)).toEqual([]);
  diffConfigs({}, value).map(formatChange);
}

/** Names that mean something, and all that may stand where another value belongs. */
const names = [
  ...new Set(
    JSON.stringify(createConfigSchema())
      .match(/"[a-z]+(?:_[a-z]+)*"(?=:)/g)
      ?.map((name) => JSON.parse(name)),
  ),
];
const leaf = fc.constantFrom<unknown>(
  0,
  -1,
  1.5,
  1e300,
  true,
  null,
  "",
  "x",
  "5s",
  "-5s",
  "${A}",
  "${NONE}",
  "${",
  "a:1",
  "REQUIRE",
  "*",
  "x.pem",
  [],
  {},
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.dictionary(fc.constantFrom(...names, "__proto__", "include", "a.b.C"), tie("tree"), { maxKeys: 4 }),
    fc.array(tie("tree"), { maxLength: 3 }),
  ),
}));

describe("loadConfig()", () => {
  it("never throws at random YAML, and always says where", () => {
    fc.assert(
      fc.property(tree, (value) => check(stringify(value) ?? "")),
      { numRuns: 150 },
    );
  });

  it("never throws at random text", () => {
    const pieces = fc.constantFrom(
      "listeners",
      "drain",
      "grace",
      "include",
      ":",
      " ",
      "\n",
      "\n  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a",
      "!!x ",
      "|",
      "${A}",
      '"',
      "#",
      "\t",
      "? ",
      "<<",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => check(parts.join(""))),
      { numRuns: 150 },
    );
    check("[".repeat(20_000));
    check(`${"[".repeat(900)}${"]".repeat(900)}`);
    check("- ".repeat(5_000));
    check("[".repeat(20_000), "fuzz.json");
  });

  it("never throws at a whole configuration of which one value is another", () => {
    const whole: unknown = parse(createConfigDefaults());
    const paths = [...pathsOf(whole, [])];
    fc.assert(
      fc.property(fc.constantFrom(...paths), tree, (path, value) => check(stringify(replaceAt(whole, path, value)))),
      { numRuns: 40 },
    );
  });
});

function* pathsOf(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, name]);
}

function replaceAt(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const fields = Object.entries(value ?? {});
  return Object.fromEntries(fields.map(([key, inner]) => [key, key === name ? replaceAt(inner, rest, by) : inner]));
}
