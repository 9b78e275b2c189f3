// SPDX-License-Identifier: Apache-2.0
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sizeofVarint, writeVarint } from "./varint.js";

function written(value: number): Uint8Array {
  const bytes = new Uint8Array(12).fill(0xee);
  const end = writeVarint(bytes, 1, value);
  expect(end).toBe(1 + sizeofVarint(value));
  expect(bytes[end]).toBe(0xee);
  return bytes.slice(1, end);
}

describe("writeVarint()", () => {
  test("writes the reference encoder's octets at every power of two", () => {
    for (let power = 0; power <= 53; power++) {
      for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1].filter((n) => n <= 2 ** 53)) {
        expect(written(value)).toEqual(new BinaryWriter().uint64(BigInt(value)).finish());
      }
    }
  });

  test("writes the reference encoder's octets of any number", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(written(value)).toEqual(new BinaryWriter().uint64(BigInt(value)).finish());
      }),
    );
  });
});
