// SPDX-License-Identifier: Apache-2.0
// What the readers of heads and of what is inside them have in common; what each finds is told by splice.test.ts.

import { describe, expect, test } from "vitest";
import { FrameFault } from "./frame-fault.js";
import { MetadataCursor } from "./metadata-cursor.js";
import { CallHeadView, readCallHead } from "./read-call-head.js";
import { EndView, readEnd } from "./read-end.js";
import { FragmentView, readFragment } from "./read-fragment.js";
import { HeaderView, readHeader } from "./read-header.js";
import { ReplyHeadView, readReplyHead } from "./read-reply-head.js";
import { readStart, StartView } from "./read-start.js";
import { UNSAFE_UINT64 } from "./varint.js";

const { none, malformed } = FrameFault;
const call = new CallHeadView();
const reply = new ReplyHeadView();
const start = new StartView();
const header = new HeaderView();
const end = new EndView();
const fragment = new FragmentView();

const readers = {
  readCallHead: (bytes: Uint8Array) => readCallHead(bytes, 0, bytes.length, call),
  readReplyHead: (bytes: Uint8Array) => readReplyHead(bytes, 0, bytes.length, reply),
  readStart: (bytes: Uint8Array) => readStart(bytes, 0, bytes.length, start),
  readHeader: (bytes: Uint8Array) => readHeader(bytes, 0, bytes.length, header),
  readEnd: (bytes: Uint8Array) => readEnd(bytes, 0, bytes.length, end),
  readFragment: (bytes: Uint8Array) => readFragment(bytes, 0, bytes.length, fragment),
};
type ReaderName = keyof typeof readers;
const all = Object.keys(readers) as ReaderName[];

/** Wire type of each known field, by number. */
const fields: Record<ReaderName, Record<number, 0 | 2>> = {
  readCallHead: { 1: 0, 2: 2, 3: 0, 4: 0, 5: 2, 6: 2 },
  readReplyHead: { 1: 0, 2: 2, 3: 2, 4: 0, 5: 0, 6: 2 },
  readStart: { 1: 0, 2: 0, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2, 8: 0 },
  readHeader: { 1: 2, 2: 2, 3: 2 },
  readEnd: { 1: 0, 2: 2, 3: 2, 4: 2, 5: 0 },
  readFragment: { 1: 0, 2: 0, 3: 2 },
};

function octets(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}

describe.each(all)("%s()", (name) => {
  const read = readers[name];

  test("reads no bytes as a message of defaults", () => {
    expect(read(octets(""))).toBe(none);
  });

  test.each(Object.entries(fields[name]))(
    "takes field %s of wire type %i and refuses all others",
    (number, wireType) => {
      const values = { 0: "01", 1: "0102030405060708", 2: "00", 5: "01020304" };
      for (const [type, value] of Object.entries(values)) {
        const tag = Buffer.from([(Number(number) << 3) | Number(type)]).toString("hex");
        expect(read(octets(tag + value))).toBe(Number(type) === wireType ? none : malformed);
      }
    },
  );

  test.each([
    ["a varint", "7801"],
    ["bytes", "7a0141"],
    ["a fixed32", "7d01020304"],
    ["a fixed64", "790102030405060708"],
    ["an empty group", "7b 7c"],
    ["a group with fields of every kind", "7b 0801 120141 1d01020304 210102030405060708 7c"],
    ["groups in groups", "7b 0b 13 14 0c 7c"],
  ])("skips an unknown field: %s", (_what, hex) => {
    expect(read(octets(hex))).toBe(none);
  });

  test.each([
    ["field 0", "0001"],
    ["a tag cut off", "80"],
    ["a varint cut off", "7880"],
    ["bytes cut off", "7a0241"],
    ["the end of a group without its beginning", "7c"],
    ["a group without its end", "7b 0801"],
    ["a group with another's end", "7b 0c"],
    ["field 0 in a group", "7b 0001 7c"],
    ["a tag above 32 bits in a group", "7b 8080808010 7c"],
    ["groups nested a thousand deep", "7b".repeat(1000) + "7c".repeat(1000)],
    ["wire type 6", "7e"],
    ["wire type 7", "7f"],
  ])("refuses %s", (_what, hex) => {
    expect(read(octets(hex))).toBe(malformed);
  });
});

describe("readCallHead()", () => {
  test.each([
    ["08ffffffffffffff0f", Number.MAX_SAFE_INTEGER],
    ["088080808080808010", UNSAFE_UINT64],
    ["08ffffffffffffffffff01", UNSAFE_UINT64],
    ["0880808080808080808001", UNSAFE_UINT64],
    ["0887808080808080808000", 7],
    ["088080808008", 2 ** 31],
    ["0801 0802", 2],
  ])("reads the call id of %s", (hex, callId) => {
    expect(readers.readCallHead(octets(hex))).toBe(none);
    expect(call.callId).toBe(callId);
  });

  test("drops the upper half of an uint32, as protobuf does", () => {
    expect(readers.readCallHead(octets("20 8180808010"))).toBe(none);
    expect(call.credit).toBe(1);
    expect(readers.readCallHead(octets("20 ffffffffffffffffff01"))).toBe(none);
    expect(call.credit).toBe(2 ** 32 - 1);
  });

  test("takes any varint but 0 for true", () => {
    for (const [hex, halfClose] of [
      ["1800", false],
      ["188000", false],
      ["1802", true],
      ["1880808080808080808001", true],
    ] as const) {
      expect(readers.readCallHead(octets(hex))).toBe(none);
      expect(call.halfClose).toBe(halfClose);
    }
  });

  test.each([
    ["2a00", 0],
    ["2a020801", 1],
    ["2a020803", 3],
    ["2a020804", 0],
    ["2a0b08ffffffffffffffffff01", 0],
    ["2a020802 2a00", 2],
    ["2a020802 2a020801", 1],
    ["2a021001", 0],
    ["", -1],
  ])("reads the cancel mode of %s, unknown ones as unspecified", (hex, mode) => {
    expect(readers.readCallHead(octets(hex))).toBe(none);
    expect(call.cancel).toBe(mode);
  });

  test.each(["2a0108", "2a020a00", "2a0100"])("refuses the malformed cancel %s", (hex) => {
    expect(readers.readCallHead(octets(hex))).toBe(malformed);
  });

  test("finds the control", () => {
    const bytes = octets("32021a00");
    expect(readers.readCallHead(bytes)).toBe(none);
    expect(call).toMatchObject({ bytes, controlStart: 2, controlEnd: 4, startStart: -1 });
  });

  test("keeps offsets of a merged head inside of the head that was read", () => {
    const bytes = octets("ffff 12020801 0807 12021005 3200 ffff");
    expect(readCallHead(bytes, 2, bytes.length - 2, call)).toBe(none);
    expect(call.bytes).not.toBe(bytes);
    expect(call.callId).toBe(7);
    expect([call.startStart, call.startEnd].every((offset) => offset >= 2 && offset <= bytes.length - 2)).toBe(true);
    expect(readStart(call.bytes, call.startStart, call.startEnd, start)).toBe(none);
    expect(start).toMatchObject({ method: 1, timeoutUs: 5 });
  });
});

describe("readReplyHead()", () => {
  test("finds the control", () => {
    const bytes = octets("0801 32021a00");
    expect(readers.readReplyHead(bytes)).toBe(none);
    expect(reply).toMatchObject({ bytes, controlStart: 4, controlEnd: 6, headerStart: -1, endStart: -1 });
  });

  test("merges a repeated control", () => {
    expect(readers.readReplyHead(octets("32020801 32021a00"))).toBe(none);
    expect(Buffer.from(reply.bytes.subarray(reply.controlStart, reply.controlEnd)).toString("hex")).toBe("08011a00");
  });
});

describe("two parts of one submessage", () => {
  test.each([
    ["readCallHead", "a start that is cut off", "0801 120108 120105"],
    ["readCallHead", "a control that is cut off", "320108 320101"],
    ["readReplyHead", "a header that is cut off", "0801 12010a 120100"],
    ["readReplyHead", "an end whose last part is cut off", "0801 1a020801 1a0108"],
    ["readReplyHead", "a control whose group ends in the other part", "320173 320174"],
  ] as const)("%s() refuses %s, whatever they are together", (name, _what, hex) => {
    expect(readers[name](octets(hex))).toBe(malformed);
  });
});

describe("MetadataCursor", () => {
  const cursor = new MetadataCursor();

  test("keeps the last of a repeated name or value and skips unknown fields", () => {
    const bytes = octets("0a0f 0a0161 0a0162 120131 1801 12023233");
    cursor.reset(bytes, 0, bytes.length, 1);
    expect(cursor.next()).toBe(true);
    expect(Buffer.from(bytes.subarray(cursor.nameStart, cursor.nameEnd)).toString()).toBe("b");
    expect(Buffer.from(bytes.subarray(cursor.valueStart, cursor.valueEnd)).toString()).toBe("23");
    expect(cursor.sizeBytes).toBe(3);
    expect(cursor.next()).toBe(false);
  });

  test.each(["1a020a05", "1a020801", "1a0112", "18"])("stops at %s, which readStart() refuses", (hex) => {
    const bytes = octets(hex);
    cursor.reset(bytes, 0, bytes.length, 3);
    expect(cursor.next()).toBe(false);
    expect(readers.readStart(bytes)).toBe(malformed);
  });

  test.each(["0a020a05"])("readHeader() refuses the entry in %s", (hex) => {
    expect(readers.readHeader(octets(hex))).toBe(malformed);
  });

  test.each(["22020a05"])("readEnd() refuses the entry in %s", (hex) => {
    expect(readers.readEnd(octets(hex))).toBe(malformed);
  });
});
