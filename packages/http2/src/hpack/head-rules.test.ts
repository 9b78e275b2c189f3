// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader } from "./field-list-reader.js";
import { describeFault, HeadFault, resultOfFault } from "./head-fault.js";
import { HeadKind } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import { headVectors } from "./head-vectors.suite.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { type FieldChoice, ReferenceEncoder } from "./reference-hpack.suite.js";

const forms: readonly Omit<FieldChoice, "field">[] = [
  { form: "plain", huffman: false, useIndex: false },
  { form: "plain", huffman: true, useIndex: true },
  { form: "indexed", huffman: true, useIndex: true },
  { form: "never", huffman: false, useIndex: true },
];

describe("HeaderBlockDecoder RFC 9113 section 8", () => {
  test.each(headVectors)("HeaderBlockDecoder judges $title ($section)", ({ kind, fields, fault }) => {
    for (const form of forms) {
      const encoder = new ReferenceEncoder();
      const decoder = new HeaderBlockDecoder(createFieldListReader(), defaultLimits);
      // Twice: the second time the fields come from the table, with what was found out about them the first time.
      for (let sight = 1; sight <= 2; sight++) {
        const block = encoder.encode(fields.map((field) => ({ field, ...form })));
        expect(decoder.decode(block, 0, block.length, kind)).toBe(resultOfFault(fault));
        expect(decoder.fault).toBe(fault);
        expect(decoder.message).toBe(describeFault(fault));
        if (fault === HeadFault.none) {
          expect(decoder.head).toEqual(fields);
        }
      }
    }
  });

  test("HeaderBlockDecoder keeps its table in step through malformed blocks", () => {
    for (const { kind, fields } of headVectors) {
      const encoder = new ReferenceEncoder();
      const decoder = new HeaderBlockDecoder(createFieldListReader(), defaultLimits);
      const choose = (field: FieldChoice["field"]): FieldChoice => ({
        field,
        form: "indexed",
        huffman: false,
        useIndex: true,
      });
      const block = encoder.encode([...fields, ["x-last", "in the table"] as const].map(choose));
      decoder.decode(block, 0, block.length, kind);
      const next = encoder.encode([choose(["x-last", "in the table"])]);
      expect(next).toEqual(Uint8Array.of(0x80 | 62));
      expect(decoder.decode(next, 0, next.length, HeadKind.trailers)).toBe(HeadResult.ok);
      expect(decoder.head).toEqual([["x-last", "in the table"]]);
    }
  });
});

describe("describeFault()", () => {
  const all = Object.values(HeadFault).filter((fault) => fault !== HeadFault.none);
  test.each(all)("describeFault() names the RFC and section of fault %i", (fault) => {
    expect(describeFault(fault)).toMatch(/\(RFC \d{4} sections? \d/);
    expect(resultOfFault(fault)).not.toBe(HeadResult.ok);
  });
});
