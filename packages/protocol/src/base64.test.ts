// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, decodeBinaryValue, encodeBinaryValue, sizeofBase64, writeBase64 } from "./base64.js";

describe("encodeBinaryValue()", () => {
  test("is Node's base64 without padding, and reads back padded or not", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const padded = Buffer.from(bytes).toString("base64");
        const text = encodeBinaryValue(bytes);
        expect(text).toBe(padded.replaceAll("=", ""));
        expect(decodeBinaryValue(text)).toEqual(bytes);
        expect(decodeBinaryValue(padded)).toEqual(bytes);
      }),
    );
  });
});

describe("writeBase64()", () => {
  test.each([0, 1, 2, 3, 4, 5])("writes %i octets of a larger buffer into the middle of another", (size) => {
    const source = Uint8Array.from([9, 250, 251, 252, 253, 254, 9]);
    const target = new Uint8Array(12).fill(0x2e);
    const end = writeBase64(target, 2, source, 1, 1 + size);
    expect(end).toBe(2 + sizeofBase64(size));
    const text = Buffer.from(target).toString();
    expect(text.slice(2, end)).toBe(
      Buffer.from(source.subarray(1, 1 + size))
        .toString("base64")
        .replaceAll("=", ""),
    );
    expect(text.slice(end)).toMatch(/^\.*$/);
    expect(decodeBase64(target, 2, end)).toEqual(source.slice(1, 1 + size));
  });
});

describe("decodeBinaryValue()", () => {
  test.each([
    "A",
    "AAAAA",
    "A=",
    "AA=",
    "AAA==",
    "=",
    "==",
    "====",
    "AAAA=",
    "A===",
    "AA==AA==",
    "AA,A",
    "-_-_",
    "AA A",
    "\u0141AAA",
  ])("gives undefined for %j", (text) => {
    expect(decodeBinaryValue(text)).toBeUndefined();
  });

  test("takes an empty text", () => {
    expect(decodeBinaryValue("")).toEqual(new Uint8Array(0));
  });

  test("never fails", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = decodeBinaryValue(text);
        expect(bytes === undefined || bytes instanceof Uint8Array).toBe(true);
      }),
    );
  });
});
