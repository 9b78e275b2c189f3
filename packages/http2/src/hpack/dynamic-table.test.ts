// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodedField } from "./decoded-field.js";
import { DynamicTable } from "./dynamic-table.js";
import { findFieldName } from "./field-name-lookup.js";
import { fieldBytes } from "./field-text.js";
import type { Entry } from "./table-entry.js";

function fieldOf(name: string, value: string): DecodedField {
  const field = new DecodedField();
  field.nameBytes = fieldBytes(`<${name}>`);
  field.nameStart = 1;
  field.nameEnd = 1 + name.length;
  field.nameId = findFieldName(field.nameBytes, field.nameStart, field.nameEnd);
  field.valueBytes = fieldBytes(`<${value}>`);
  field.valueStart = 1;
  field.valueEnd = 1 + value.length;
  return field;
}

function entryValue(entry: Entry | undefined): Uint8Array | undefined {
  return entry?.valueBytes.slice(entry.valueStart, entry.valueEnd);
}

describe("DynamicTable", () => {
  test("DynamicTable is the plain list of RFC 7541 section 2.3.2, whatever comes when", () => {
    const value = fc.stringMatching(/^[a-z]{0,80}$/);
    const event = fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 600 }) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100 }), (events) => {
        const table = new DynamicTable(600);
        let expected: string[] = [];
        let maxBytes = 600;
        for (const step of events) {
          const before = table.generation;
          if (typeof step === "number") {
            maxBytes = step;
            table.resize(step);
          } else {
            table.insert(fieldOf("x", step), undefined);
            expected.unshift(step);
          }
          while (expected.reduce((sum, text) => sum + 33 + text.length, 0) > maxBytes) {
            expected = expected.slice(0, -1);
          }
          expect(table.generation).toBeGreaterThan(before);
          expect(table.length).toBe(expected.length);
          expect(table.sizeBytes).toBe(expected.reduce((sum, text) => sum + 33 + text.length, 0));
          expect(expected.map((_, position) => entryValue(table.get(position)))).toEqual(expected.map(fieldBytes));
          expect(table.get(expected.length)).toBeUndefined();
        }
      }),
    );
  });

  test("DynamicTable holds 128 of the smallest entries in 4,096 octets", () => {
    const table = new DynamicTable(4_096);
    for (let count = 1; count <= 200; count++) {
      table.insert(fieldOf("", ""), undefined);
      expect(table.length).toBe(Math.min(count, 128));
    }
  });

  test("DynamicTable entries own their bytes and keep their notes", () => {
    const table = new DynamicTable(4_096);
    const field = fieldOf("x-name", "value");
    const entry = table.insert(field, undefined);
    field.nameBytes.fill(0);
    field.valueBytes.fill(0);
    for (let count = 0; count < 50; count++) {
      const position = table.length - 1;
      expect(table.get(position)).toBe(entry);
      table.insert(fieldOf("host", "x"), entry);
    }
    expect(entry?.nameBytes).toEqual(fieldBytes("x-name"));
    expect(entryValue(entry)).toEqual(fieldBytes("value"));
    expect(table.get(0)?.nameBytes).toBe(entry?.nameBytes);
  });
});
