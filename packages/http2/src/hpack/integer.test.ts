// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readInteger, sizeofInteger, writeInteger } from "./integer.js";

describe("readInteger()", () => {
  const cases: readonly (readonly [title: string, bytes: readonly number[], mask: number, value: number])[] = [
    ["RFC 7541 C.1.1: 10 behind 5 bits", [0b11101010], 0x1f, 10],
    ["RFC 7541 C.1.2: 1337 behind 5 bits", [0b00011111, 0b10011010, 0b00001010], 0x1f, 1337],
    ["RFC 7541 C.1.3: 42 at an octet boundary", [0b00101010], 0xff, 42],
    ["the prefix full, nothing above it", [0x7f, 0x00], 0x7f, 127],
    ["zero padding within five octets", [0x7f, 0x80, 0x80, 0x80, 0x00], 0x7f, 127],
    ["the largest in five octets", [0xff, 0xff, 0xff, 0xff, 0x7f], 0x7f, 127 + 2 ** 28 - 1],
    ["a sixth octet", [0x7f, 0x80, 0x80, 0x80, 0x80, 0x00], 0x7f, -1],
    ["padding without end", new Array<number>(1_000).fill(0x80).with(0, 0x7f), 0x7f, -1],
    ["nothing at all", [], 0x7f, -1],
    ["an end behind the prefix", [0x7f], 0x7f, -1],
    ["an end within the number", [0x7f, 0x80], 0x7f, -1],
  ];
  test.each(cases)("readInteger() reads %s", (_title, bytes, mask, value) => {
    const cursor = { at: 0 };
    expect(readInteger(cursor, Uint8Array.from(bytes), bytes.length, mask)).toBe(value);
    expect(cursor.at).toBe(value < 0 ? 0 : bytes.length);
  });

  test("readInteger() does not read behind the end of the block", () => {
    expect(readInteger({ at: 0 }, Uint8Array.of(0x7f, 0x01), 1, 0x7f)).toBe(-1);
  });
});

test("writeInteger() writes what readInteger() reads, in sizeofInteger() octets", () => {
  const masks = [0x0f, 0x1f, 0x3f, 0x7f];
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 28 }), fc.constantFrom(...masks), (value, mask) => {
      const bytes = new Uint8Array(8);
      const end = writeInteger(bytes, 1, value, mask, 0xff ^ mask);
      expect(end - 1).toBe(sizeofInteger(value, mask));
      expect((bytes[1] ?? 0) & (0xff ^ mask)).toBe(0xff ^ mask);
      const cursor = { at: 1 };
      expect(readInteger(cursor, bytes, end, mask)).toBe(value);
      expect(cursor.at).toBe(end);
    }),
  );
});
