// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxCachedTemplates } from "../limits.js";
import { HeaderEncoder } from "./header-encoder.js";
import { createHeaderTemplate, type HeaderTemplate } from "./header-template.js";
import { ReferenceDecoder, type TextField } from "./reference-hpack.suite.js";

const responseFields: readonly TextField[] = [
  [":status", "200"],
  ["content-type", "application/grpc"],
];
const trailerFields: readonly TextField[] = [["grpc-status", "0"]];
const response = createHeaderTemplate(responseFields);
const trailers = createHeaderTemplate(trailerFields);

function encode(encoder: HeaderEncoder, template: HeaderTemplate): Uint8Array {
  const target = new Uint8Array(encoder.sizeofMax(template) + 2);
  const end = encoder.encode(template, target, 1);
  expect(end - 1).toBeLessThanOrEqual(encoder.sizeofMax(template));
  expect(target[0]).toBe(0);
  expect(target.subarray(end).every((octet) => octet === 0)).toBe(true);
  return target.subarray(1, end);
}

describe("HeaderEncoder.encode()", () => {
  test("encode() inserts once, then sends the response in two octets and its trailers in one", () => {
    const encoder = new HeaderEncoder();
    const decoder = new ReferenceDecoder();
    for (let call = 0; call < 3; call++) {
      const block = encode(encoder, response);
      expect(decoder.decode(block)).toEqual(responseFields);
      expect(block.length).toBe(call === 0 ? 14 : 2);
      const end = encode(encoder, trailers);
      expect(decoder.decode(end)).toEqual(trailerFields);
      expect(end.length).toBe(call === 0 ? 12 : 1);
    }
    expect(decoder.table.fields).toEqual([...trailerFields, ...responseFields.slice(1)]);
  });

  test("encode() inserts until the table is full and never evicts", () => {
    const encoder = new HeaderEncoder();
    const decoder = new ReferenceDecoder();
    const fields = Array.from({ length: 200 }, (_, n): TextField => ["x-field", `value ${n}`]);
    for (const field of [...fields, ...fields]) {
      expect(decoder.decode(encode(encoder, createHeaderTemplate([field])))).toEqual([field]);
    }
    expect(decoder.table.fields.at(-1)).toEqual(fields[0]);
    expect(decoder.table.sizeBytes).toBeGreaterThan(4_096 - 50);
    expect(decoder.table.sizeBytes).toBeLessThanOrEqual(4_096);
  });

  test.each(["authorization", "proxy-authorization", "cookie", "set-cookie"])(
    "encode() sends %s as never indexed",
    (name) => {
      const encoder = new HeaderEncoder();
      for (const value of ["", "secret"]) {
        const template = createHeaderTemplate([[name, value]]);
        const block = encode(encoder, template);
        expect((block[0] ?? 0) >> 4).toBe(1);
        expect(encode(encoder, template)).toEqual(block);
        expect(new ReferenceDecoder().decode(block)).toEqual([[name, value]]);
      }
    },
  );

  test("encode() copes with more templates than it keeps", () => {
    const encoder = new HeaderEncoder();
    const decoder = new ReferenceDecoder();
    const templates = Array.from({ length: maxCachedTemplates * 2 }, (_, n) => createHeaderTemplate([["x", `${n}`]]));
    for (let round = 0; round < 3; round++) {
      for (const template of templates) {
        expect(decoder.decode(encode(encoder, template))).toEqual(template.fields);
      }
    }
  });

  test("encode() refuses a template of another making", () => {
    const encoder = new HeaderEncoder();
    const foreign: HeaderTemplate = { fields: [] };
    expect(() => encoder.encode(foreign, new Uint8Array(9), 0)).toThrow("createHeaderTemplate");
    expect(() => encoder.sizeofMax(foreign)).toThrow("createHeaderTemplate");
  });
});

describe("HeaderEncoder.setPeerTableSize()", () => {
  const empty = createHeaderTemplate([]);
  const cases: readonly (readonly [title: string, sizes: readonly number[], start: readonly number[]])[] = [
    ["nothing for the size that was there", [4_096], []],
    ["nothing for more than we use", [65_536], []],
    ["nothing for 2^32 - 1", [0xffff_ffff], []],
    ["one update for no table", [0], [0x20]],
    ["two updates for a smaller table", [100], [0x20, 0x3f, 69]],
    ["two updates for a table that shrank and grew again", [0, 4_096], [0x20, 0x3f, 0xe1, 0x1f]],
  ];
  test.each(cases)("setPeerTableSize() writes %s", (_title, sizes, start) => {
    const encoder = new HeaderEncoder();
    encode(encoder, response);
    for (const size of sizes) {
      encoder.setPeerTableSize(size);
    }
    expect([...encode(encoder, empty)]).toEqual(start);
    expect([...encode(encoder, empty)]).toEqual([]);
  });

  test("setPeerTableSize() keeps both tables in step, whatever comes when", () => {
    const field = fc.tuple(fc.constantFrom("x-a", "x-b", "content-type", "cookie"), fc.stringMatching(/^[a-z]{0,60}$/));
    const template = fc.array(field, { maxLength: 6 }).map((fields) => createHeaderTemplate(fields));
    const event = fc.oneof(
      fc.nat(11),
      fc.integer({ min: 0, max: 300 }).map((size) => ({ size })),
    );
    fc.assert(
      fc.property(fc.array(template, { minLength: 12, maxLength: 12 }), fc.array(event), (templates, events) => {
        const encoder = new HeaderEncoder();
        const decoder = new ReferenceDecoder();
        let peerTableBytes = 4_096;
        for (const step of events) {
          if (typeof step === "object") {
            peerTableBytes = step.size;
            encoder.setPeerTableSize(step.size);
            continue;
          }
          const chosen = templates[step] ?? empty;
          expect(decoder.decode(encode(encoder, chosen))).toEqual(chosen.fields);
          expect(decoder.table.maxBytes).toBe(peerTableBytes);
        }
      }),
    );
  });
});
