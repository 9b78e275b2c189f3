// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { FieldName } from "./field-name.js";
import { fieldNameBytes, findFieldName } from "./field-name-lookup.js";
import { fieldBytes, fieldText } from "./field-text.js";

describe("findFieldName()", () => {
  const all = Object.entries(FieldName).filter(([key]) => key !== "none");
  test.each(all)("findFieldName() knows the name of %s", (key, id) => {
    const bytes = fieldNameBytes(id);
    const name = fieldText(bytes, 0, bytes.length);
    expect(name.replace(":", "").replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())).toBe(key);
    const padded = fieldBytes(`..${name}..`);
    expect(findFieldName(padded, 2, 2 + name.length)).toBe(id);
    expect(findFieldName(padded, 2, 1 + name.length)).not.toBe(id);
    expect(findFieldName(fieldBytes(name.toUpperCase()), 0, name.length)).toBe(FieldName.none);
  });

  test("findFieldName() knows no other name", () => {
    for (const name of ["", "x", "grpc-", ":method:", "hosu", "content-lengti"]) {
      expect(findFieldName(fieldBytes(name), 0, name.length)).toBe(FieldName.none);
    }
    expect(fieldNameBytes(FieldName.none)).toHaveLength(0);
    expect(fieldNameBytes(999)).toHaveLength(0);
  });
});
