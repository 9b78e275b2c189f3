// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { defaultLimits } from "../limits.js";
import { createFieldListReader, type FieldList } from "./field-list-reader.js";
import { HeadFault } from "./head-fault.js";
import { HeadKind } from "./head-reader.js";
import { HeadResult } from "./head-result.js";
import { HeaderBlockDecoder } from "./header-block-decoder.js";
import { ReferenceEncoder, type TextField } from "./reference-hpack.suite.js";

const head: readonly TextField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/acme.user.v1.UserService/GetUser"],
];

const createDecoder = () => new HeaderBlockDecoder(createFieldListReader(), defaultLimits);

const bytesOf = (...octets: readonly number[]) => Uint8Array.from(octets);

function encode(encoder: ReferenceEncoder, fields: readonly TextField[]) {
  return encoder.encode(fields.map((field) => ({ field, form: "indexed", huffman: true, useIndex: true })));
}

function decode(decoder: HeaderBlockDecoder<FieldList>, block: Uint8Array, kind: HeadKind = HeadKind.request) {
  return decoder.decode(block, 0, block.length, kind);
}

describe("FieldDecoder compression errors", () => {
  const longInteger = [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
  const cases: readonly (readonly [title: string, block: readonly number[], fault: HeadFault])[] = [
    ["index 0", [0x80], HeadFault.indexInvalid],
    ["an index behind the tables", [0x80 | 62], HeadFault.indexInvalid],
    ["a far index", [0xff, 0xff, 0xff, 0x7f], HeadFault.indexInvalid],
    ["a name index behind the tables", [0x7f, 0x00, 0x00], HeadFault.indexInvalid],
    ["an integer of six octets", longInteger, HeadFault.integerInvalid],
    ["an integer that does not end", [0xff, 0x80], HeadFault.integerInvalid],
    ["a name index that does not end", [0x7f], HeadFault.integerInvalid],
    ["a name length of six octets", [0x40, 0x7f, 0x80, 0x80, 0x80, 0x80, 0x00], HeadFault.integerInvalid],
    ["no name", [0x40], HeadFault.integerInvalid],
    ["no value", [0x44], HeadFault.integerInvalid],
    ["a name longer than the block", [0x00, 0x05, 0x61], HeadFault.stringTruncated],
    ["a value longer than the block", [0x44, 0x05, 0x61], HeadFault.stringTruncated],
    ["EOS in a name", [0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00], HeadFault.huffmanInvalid],
    ["a value with a whole octet of padding", [0x44, 0x82, 0x07, 0xff], HeadFault.huffmanInvalid],
    ["a size update behind a field", [0x82, 0x20], HeadFault.sizeUpdateLate],
    ["a size update above the announced size", [0x3f, 0xe2, 0x1f], HeadFault.sizeUpdateTooLarge],
    ["a size update that does not end", [0x3f, 0xe1], HeadFault.integerInvalid],
    ["three size updates", [0x20, 0x20, 0x20, 0x82], HeadFault.sizeUpdatesTooMany],
  ];
  test.each(cases)("HeaderBlockDecoder refuses %s", (_title, block, fault) => {
    const decoder = createDecoder();
    for (const kind of Object.values(HeadKind)) {
      expect(decode(decoder, Uint8Array.from(block), kind)).toBe(HeadResult.compressionError);
      expect(decoder.fault).toBe(fault);
    }
    expect(decoder.skip(Uint8Array.from(block), 0, block.length)).toBe(HeadResult.compressionError);
  });

  test("HeaderBlockDecoder reads a compression error even behind a malformed field", () => {
    const decoder = createDecoder();
    expect(decode(decoder, bytesOf(0x00, 0x01, 0x41, 0x00, 0x80))).toBe(HeadResult.compressionError);
    expect(decoder.fault).toBe(HeadFault.indexInvalid);
  });

  test("HeaderBlockDecoder takes two size updates at the start of a block", () => {
    const encoder = new ReferenceEncoder();
    const decoder = createDecoder();
    decode(decoder, encode(encoder, head));
    const choices = head.map((field) => ({ field, form: "indexed", huffman: true, useIndex: true }) as const);
    expect(decode(decoder, encoder.encode(choices, [0, 4_096]))).toBe(HeadResult.ok);
    expect(decoder.head).toEqual(head);
    expect(decode(decoder, encoder.encode(choices, [100]))).toBe(HeadResult.ok);
    expect(decoder.head).toEqual(head);
  });
});

describe("HeaderBlockDecoder.setTableLimit()", () => {
  test("setTableLimit() below the table's size wants a size update first", () => {
    const decoder = createDecoder();
    decoder.setTableLimit(100);
    expect(decode(decoder, bytesOf(0x88), HeadKind.response)).toBe(HeadResult.compressionError);
    expect(decoder.fault).toBe(HeadFault.sizeUpdateMissing);
  });

  test("setTableLimit() refuses updates above it and takes those up to it", () => {
    const decoder = createDecoder();
    decoder.setTableLimit(100);
    expect(decode(decoder, bytesOf(0x3f, 69, 0x88), HeadKind.response)).toBe(HeadResult.ok);
    expect(decode(decoder, bytesOf(0x88), HeadKind.response)).toBe(HeadResult.ok);
    expect(decode(decoder, bytesOf(0x3f, 70, 0x88), HeadKind.response)).toBe(HeadResult.compressionError);
  });

  test("setTableLimit() above 4,096 lets the table grow when the peer says so", () => {
    const decoder = createDecoder();
    decoder.setTableLimit(8_192);
    expect(decode(decoder, bytesOf(0x88), HeadKind.response)).toBe(HeadResult.ok);
    expect(decode(decoder, bytesOf(0x3f, 0xe1, 0x3f, 0x88), HeadKind.response)).toBe(HeadResult.ok);
  });

  test("setTableLimit() ends what the block cache knows", () => {
    const encoder = new ReferenceEncoder();
    const decoder = createDecoder();
    for (let sight = 0; sight < 5; sight++) {
      expect(decode(decoder, encode(encoder, head))).toBe(HeadResult.ok);
    }
    decoder.setTableLimit(0);
    expect(decode(decoder, encode(encoder, head))).toBe(HeadResult.compressionError);
  });
});
