// SPDX-License-Identifier: Apache-2.0

import type { ConfigPath } from "@grpc-router/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseYamlDocument } from "./parse-yaml-document.js";

const text = `# policies
services:
  acme.v1.Users: &users
    balance: { peak_ewma: {} }   # in one line
    methods:
      Get:
        retryable_status_codes: [UNAVAILABLE,
          ABORTED]
  acme.v1.Orders: *users
`;

describe("parseYamlDocument()", () => {
  it("has the value, aliases resolved", () => {
    const users = {
      balance: { peak_ewma: {} },
      methods: { Get: { retryable_status_codes: ["UNAVAILABLE", "ABORTED"] } },
    };
    const { value, mistakes } = parseYamlDocument(text);
    expect([value, mistakes]).toEqual([{ services: { "acme.v1.Users": users, "acme.v1.Orders": users } }, []]);
  });

  it.each<[ConfigPath, number, number]>([
    [[], 2, 1],
    [["services"], 2, 1],
    [["services", "acme.v1.Users"], 3, 3],
    [["services", "acme.v1.Users", "balance", "peak_ewma"], 4, 16],
    [["services", "acme.v1.Users", "methods", "Get", "retryable_status_codes", 0], 7, 34],
    [["services", "acme.v1.Users", "methods", "Get", "retryable_status_codes", 1], 8, 11],
    [["services", "acme.v1.Orders", "methods", "Get"], 6, 7],
    // The closest that is there.
    [["services", "acme.v1.Users", "methods", "Put", "retry"], 5, 5],
    [["services", "acme.v1.Users", "methods", "Get", "retryable_status_codes", 7], 7, 9],
    [["other"], 2, 1],
  ])("finds %j at %i:%i", (path, line, column) => {
    expect(parseYamlDocument(text).findPosition(path)).toEqual({ line, column });
  });

  it.each([
    ["a: 1\nb: [1\n", 3, 1],
    ["a: 1\na: 2\n", 2, 1],
    ["a:\n\t- 1\n", 2, 1],
    ["a: *nowhere\n", 1, 4],
    ["? [1]\n: 2\n", 1, 3],
  ])("tells where %j is none", (source, line, column) => {
    const { mistakes, value } = parseYamlDocument(source);
    expect([mistakes[0], value]).toEqual([
      { line, column, reason: expect.stringContaining("the file must be YAML: ") },
      undefined,
    ]);
  });

  it("refuses a value that aliases blow up", () => {
    const rows = Array.from({ length: 12 }, (_, row) => {
      const items = row === 0 ? '"lol"' : Array.from({ length: 9 }, () => `*a${row - 1}`).join(", ");
      return `a${row}: &a${row} [${items}]`;
    });
    expect(parseYamlDocument(rows.join("\n")).mistakes).toHaveLength(1);
  });

  it.each(["", "# nothing\n", "---\n"])("takes %j for nothing", (source) => {
    expect(parseYamlDocument(source)).toMatchObject({ value: undefined, mistakes: [] });
  });

  it("never throws, and always says where", () => {
    const pieces = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a",
      "*a",
      "!x",
      "|",
      ">",
      '"',
      "#",
      "\t",
      "? ",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (parts) => {
        const { mistakes, findPosition } = parseYamlDocument(parts.join(""));
        for (const { line, column } of [...mistakes, findPosition(["a", 0])])
          expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("has the value of any JSON written as YAML", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (source) => {
        const value: unknown = JSON.parse(source);
        expect(parseYamlDocument(stringify(value)).value ?? null).toEqual(value);
      }),
    );
  });
});
