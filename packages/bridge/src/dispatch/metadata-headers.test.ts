// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { MetadataHeaders, metadataOf } from "./metadata-headers.js";

describe("metadataOf()", () => {
  it.each<[string, readonly (readonly ["append" | "set" | "delete", string, string])[], string[][]]>([
    [
      "values appended apart",
      [
        ["append", "X-A", "1, 2"],
        ["append", "x-a", "3"],
      ],
      [
        ["x-a", "1, 2"],
        ["x-a", "3"],
      ],
    ],
    [
      "one value set over others",
      [
        ["append", "x-a", "1"],
        ["set", "x-a", " 2 "],
      ],
      [["x-a", "2"]],
    ],
    [
      "a value appended after set",
      [
        ["set", "x-a", "1"],
        ["append", "x-a", "2"],
      ],
      [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
    ],
    [
      "nothing of a deleted name",
      [
        ["append", "x-a", "1"],
        ["delete", "X-A", ""],
      ],
      [],
    ],
    [
      "names in the order of Headers",
      [
        ["set", "b", "2"],
        ["set", "a", "1"],
      ],
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
  ])("gives %s", (_name, steps, expected) => {
    const headers = new MetadataHeaders();
    for (const [verb, name, value] of steps) headers[verb](name, value);
    expect([...metadataOf(headers)]).toEqual(expected);
    expect(headers.get("x-none")).toBeNull();
  });

  it("takes joined binary values of plain Headers apart, and leaves text joined", () => {
    const headers = new Headers([
      ["x-bin", "AQ"],
      ["x-bin", "Ag=="],
      ["x-text", "a"],
      ["x-text", "b"],
    ]);
    expect([...metadataOf(headers)]).toEqual([
      ["x-bin", "AQ"],
      ["x-bin", "Ag=="],
      ["x-text", "a, b"],
    ]);
  });
});
