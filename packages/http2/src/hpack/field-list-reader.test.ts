// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader } from "./field-list-reader.js";
import { HeadKind } from "./head-reader.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { ReferenceEncoder, type TextField } from "./reference-hpack.suite.js";

describe("createFieldListReader()", () => {
  test("createFieldListReader() reads repeated fields in order, one character per octet", () => {
    const fields: readonly TextField[] = [
      ["x", "1"],
      ["y", "\xe4\xff"],
      ["x", "2"],
      ["x", "z".repeat(3_000)],
    ];
    const block = new ReferenceEncoder().encode(
      fields.map((field) => ({ field, form: "indexed", huffman: true, useIndex: true }) as const),
    );
    const decoder = new HeaderBlockDecoder(createFieldListReader(), defaultLimits);
    decoder.decode(block, 0, block.length, HeadKind.trailers);
    expect(decoder.head).toEqual(fields);
  });

  test("createFieldListReader() gives lists that stay, and keeps apart the connections it serves", () => {
    const reader = createFieldListReader();
    const lists = ["1", "2", "3"].map((value) => {
      const decoder = new HeaderBlockDecoder(reader, defaultLimits);
      const choice = { field: ["x", value], form: "indexed", huffman: false, useIndex: true } as const;
      const block = new ReferenceEncoder().encode([choice, choice]);
      decoder.decode(block, 0, block.length, HeadKind.trailers);
      return decoder.head;
    });
    expect(lists).toEqual(
      ["1", "2", "3"].map((value) => [
        ["x", value],
        ["x", value],
      ]),
    );
  });
});
