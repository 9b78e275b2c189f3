// SPDX-License-Identifier: Apache-2.0
// Both directions against hpack.js, an implementation by others: random header sets, at table sizes that change between
// blocks. (hpack-properties.test.ts does the same against the plain oracle of this folder, and with broken blocks.)
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader } from "./field-list-reader.js";
import { fieldBytes } from "./field-text.js";
import { HeadKind } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { HeaderEncoder } from "./header-encoder.js";
import { createHeaderTemplate } from "./header-template.js";
import { HpackJsDecoder, HpackJsEncoder } from "./hpack-js.suite.js";
import { writeInteger } from "./integer.js";
import { writeLiteralField } from "./literal-field.js";

const wide = { ...defaultLimits, headerListBytes: 1_000_000, headerFields: 10_000 };

const name = fc.oneof(
  fc.constantFrom("content-type", "user-agent", "grpc-timeout", "date", "cookie", "authorization", "x-request-id"),
  fc.stringMatching(/^x-[a-z0-9-]{0,40}$/),
);
const value = fc.oneof(
  fc.constantFrom("", "application/grpc", "gzip", "trailers"),
  fc.stringMatching(/^[!-~]([ -~]{0,200}[!-~])?$/),
  fc.uint8Array({ min: 0x80, maxLength: 60 }).map((octets) => String.fromCharCode(...octets)),
);
const field = fc.tuple(name, value);
const marked = fc.record({
  field,
  incremental: fc.boolean(),
  huffman: fc.boolean(),
  neverIndex: fc.boolean(),
});
/** Heads that repeat each other's fields, so that tables are used; some come after a change of the table's size. */
const heads = fc.array(marked, { minLength: 1, maxLength: 10 }).chain((pool) =>
  fc.array(
    fc.record({
      fields: fc.array(fc.constantFrom(...pool), { maxLength: 15 }),
      tableSize: fc.option(fc.integer({ min: 0, max: 4_096 }), { freq: 3, nil: undefined }),
    }),
    { minLength: 1, maxLength: 20 },
  ),
);

describe("HPACK of this folder and hpack.js", () => {
  test("HeaderBlockDecoder reads what hpack.js writes, at any table size", () => {
    fc.assert(
      fc.property(heads, (sets) => {
        const encoder = new HpackJsEncoder();
        const decoder = new HeaderBlockDecoder(createFieldListReader(), wide);
        for (const { fields, tableSize } of sets) {
          if (tableSize !== undefined) encoder.setTableSize(tableSize);
          const update = tableSize === undefined ? [] : sizeUpdate(tableSize);
          const block = encoder.encode(fields.map(({ field: [n, v], ...how }) => ({ name: n, value: v, ...how })));
          const whole = Uint8Array.of(...update, ...block);
          expect(decoder.decode(whole, 0, whole.length, HeadKind.trailers)).toBe(HeadResult.ok);
          expect(decoder.head).toEqual(fields.map((each) => each.field));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("hpack.js reads what HeaderEncoder and writeLiteralField() write, at any table size", () => {
    fc.assert(
      fc.property(heads, fc.array(field, { maxLength: 4 }), (sets, literals) => {
        const encoder = new HeaderEncoder();
        const decoder = new HpackJsDecoder();
        const templates = sets.map(({ fields }) => createHeaderTemplate(fields.map((each) => each.field)));
        const target = new Uint8Array(100_000);
        // Twice, so that a template is met in the table, in the encoder's memory of it, and after both have changed.
        for (const [index, template] of [...templates, ...templates].entries()) {
          const tableSize = sets[index % sets.length]?.tableSize;
          if (tableSize !== undefined) {
            encoder.setPeerTableSize(tableSize);
            decoder.setTableLimit(tableSize);
          }
          let end = encoder.encode(template, target, 0);
          expect(end).toBeLessThanOrEqual(encoder.sizeofMax(template));
          for (const [n, v] of literals) end = writeLiteralField(target, end, fieldBytes(n), fieldBytes(v));
          expect(decoder.decode(target.subarray(0, end))).toEqual([...template.fields, ...literals]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function sizeUpdate(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(8);
  return bytes.subarray(0, writeInteger(bytes, 0, sizeBytes, 0x1f, 0x20));
}
