// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { createHeaderTemplate } from "./header-template.js";

describe("createHeaderTemplate()", () => {
  test("createHeaderTemplate() keeps its own copy of the fields", () => {
    const field: [string, string] = ["x", "1"];
    const template = createHeaderTemplate([field]);
    field[1] = "2";
    expect(template.fields).toEqual([["x", "1"]]);
  });

  const refused: readonly (readonly [name: string, value: string, rule: string])[] = [
    ["X-Upper", "x", "lower case"],
    ["", "x", "must not be empty"],
    ["connection", "close", "connection-specific"],
    [":unknown", "x", "pseudo field"],
    ["x", "a\r\nb", "NUL, CR or LF"],
    ["te", "gzip", "te must be trailers"],
    [":status", "20", "three digits"],
    ["x", "€", "one character per octet"],
    ["x€", "", "one character per octet"],
  ];
  test.each(refused)("createHeaderTemplate() refuses %j: %j", (name, value, rule) => {
    expect(() => createHeaderTemplate([[name, value]])).toThrow(
      expect.objectContaining({ name: "Http2Error", code: "invalid_argument", message: expect.stringContaining(rule) }),
    );
  });
});
