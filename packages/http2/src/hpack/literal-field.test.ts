// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fieldBytes, fieldText } from "./field-text.js";
import { sizeofLiteralField, writeLiteralField, writeLiteralName, writeLiteralValue } from "./literal-field.js";
import { ReferenceDecoder } from "./reference-hpack.suite.js";

describe("writeLiteralField()", () => {
  test("writeLiteralField() writes sizeofLiteralField() octets that any decoder reads", () => {
    const octets = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(octets, octets, (name, value) => {
        const size = sizeofLiteralField(name.length, value.length);
        const target = new Uint8Array(size + 2);
        expect(writeLiteralField(target, 1, name, value)).toBe(1 + size);
        expect(new ReferenceDecoder().decode(target.subarray(1, 1 + size))).toEqual([
          [fieldText(name, 0, name.length), fieldText(value, 0, value.length)],
        ]);
      }),
    );
  });

  test.each(["authorization", "proxy-authorization", "cookie", "set-cookie"])(
    "writeLiteralField() forbids to index %s",
    (name) => {
      const target = new Uint8Array(64);
      writeLiteralField(target, 0, fieldBytes(name), fieldBytes("x"));
      expect(target[0]).toBe(0x10);
    },
  );

  test("writeLiteralName() and writeLiteralValue() take parts of larger arrays", () => {
    const bytes = fieldBytes("...x-name...value...");
    const target = new Uint8Array(64);
    const end = writeLiteralValue(target, writeLiteralName(target, 0, bytes, 3, 9), bytes, 12, 17);
    expect(end).toBe(sizeofLiteralField(6, 5));
    expect(new ReferenceDecoder().decode(target.subarray(0, end))).toEqual([["x-name", "value"]]);
  });
});
