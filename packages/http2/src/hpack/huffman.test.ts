// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOfString, huffmanCodes, huffmanLengths } from "./huffman-code.js";
import { huffmanDecode, huffmanDecodedMax } from "./huffman-decode.js";
import { huffmanEncode, huffmanEncodedLength } from "./huffman-encode.js";

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

function decode(coded: Uint8Array): Uint8Array | undefined {
  const target = new Uint8Array(huffmanDecodedMax(coded.length));
  const end = huffmanDecode(coded, 0, coded.length, target, 0);
  return end < 0 ? undefined : target.subarray(0, end);
}

/** The oracle: bit by bit, as RFC 7541 section 5.2 tells it. */
function decodeBitByBit(coded: Uint8Array): Uint8Array | undefined {
  const symbols = new Map(huffmanCodes.map((code, symbol) => [`${huffmanLengths[symbol]}:${code}`, symbol]));
  const result: number[] = [];
  let code = 0;
  let length = 0;
  for (const bit of [...coded].flatMap((octet) => [...octet.toString(2).padStart(8, "0")])) {
    code = code * 2 + Number(bit);
    length++;
    const symbol = symbols.get(`${length}:${code}`);
    if (symbol === endOfString) {
      return undefined;
    }
    if (symbol !== undefined) {
      result.push(symbol);
      code = 0;
      length = 0;
    }
  }
  return length <= 7 && code === 2 ** length - 1 ? Uint8Array.from(result) : undefined;
}

describe("huffmanCodes", () => {
  const known: readonly (readonly [symbol: number, code: number, length: number])[] = [
    [0x30, 0x0, 5],
    [0x74, 0x9, 5],
    [0x20, 0x14, 6],
    [0x00, 0x1ff8, 13],
    [0x5c, 0x7fff0, 19],
    [0x0a, 0x3ffffffc, 30],
    [0xff, 0x3ffffee, 26],
    [endOfString, 0x3fffffff, 30],
  ];
  test.each(known)("huffmanCodes has the code of symbol %i (RFC 7541 appendix B)", (symbol, code, length) => {
    expect(huffmanCodes[symbol]).toBe(code);
    expect(huffmanLengths[symbol]).toBe(length);
  });

  test("huffmanCodes is complete: no bit string is without meaning", () => {
    expect(huffmanLengths).toHaveLength(257);
    expect(huffmanLengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });
});

describe("huffmanEncode()", () => {
  const examples: readonly (readonly [text: string, coded: string])[] = [
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    ["Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"],
    ["", ""],
  ];
  test.each(examples)("huffmanEncode() codes %j as RFC 7541 appendix C does", (text, coded) => {
    expect(huffmanEncode(latin1(text))).toEqual(hex(coded));
    expect(huffmanEncodedLength(latin1(text))).toBe(coded.length / 2);
    expect(decode(hex(coded))).toEqual(latin1(text));
  });

  test("huffmanEncode() writes what huffmanDecode() and the oracle read", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const coded = huffmanEncode(bytes);
        expect(decode(coded)).toEqual(bytes);
        expect(decodeBitByBit(coded)).toEqual(bytes);
      }),
    );
  });
});

describe("huffmanDecode()", () => {
  const refused: readonly (readonly [title: string, coded: string])[] = [
    ["EOS", "ffffffff"],
    ["EOS behind a symbol", "07ffffffff"],
    ["eight bits of padding", "07ff"],
    ["a whole octet of ones", "ff"],
    ["padding with a zero", "06"],
    ["padding of zeros only", "00"],
  ];
  test.each(refused)("huffmanDecode() refuses %s", (_title, coded) => {
    expect(decode(hex(coded))).toBeUndefined();
    expect(decodeBitByBit(hex(coded))).toBeUndefined();
  });

  test("huffmanDecode() agrees with the oracle on any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (coded) => {
        expect(decode(coded)).toEqual(decodeBitByBit(coded));
      }),
      { numRuns: 2_000 },
    );
  });
});
