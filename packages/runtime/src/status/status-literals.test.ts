// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { encodeStatusLiterals } from "./status-literals.js";

/** Reads HPACK literals without indexing and without Huffman code, short lengths in full (RFC 7541 section 6.2.2). */
function readLiterals(bytes: Uint8Array): [string, string][] {
  const fields: [string, string][] = [];
  let at = 0;
  const text = () => {
    let length = (bytes[at++] ?? 0) & 0x7f;
    for (let shift = 0; length >= 127; shift += 7) {
      const octet = bytes[at++] ?? 0;
      length += (octet & 0x7f) << shift;
      if (octet < 128) break;
    }
    const value = new TextDecoder().decode(bytes.subarray(at, at + length));
    at += length;
    return value;
  };
  while (at < bytes.length) {
    expect((bytes[at++] ?? 0) & 0xef).toBe(0);
    fields.push([text(), text()]);
  }
  return fields;
}

describe("encodeStatusLiterals()", () => {
  it.each([
    ["OK without a text", { code: 0, message: "" }, [["grpc-status", "0"]]],
    [
      "a text, percent-encoded",
      { code: 14, message: "100 % für alle\n" },
      [
        ["grpc-status", "14"],
        ["grpc-message", "100 %25 f%C3%BCr alle%0A"],
      ],
    ],
    [
      "details in base64 without padding",
      { code: 5, message: "", details: Uint8Array.of(1, 2, 3, 4) },
      [
        ["grpc-status", "5"],
        ["grpc-status-details-bin", "AQIDBA"],
      ],
    ],
    [
      "a pushback",
      { code: 8, message: "", pushbackMs: 6_400 },
      [
        ["grpc-status", "8"],
        ["grpc-retry-pushback-ms", "6400"],
      ],
    ],
    ["empty details", { code: 5, message: "", details: new Uint8Array() }, [["grpc-status", "5"]]],
    [
      "a long text",
      { code: 2, message: "x".repeat(300) },
      [
        ["grpc-status", "2"],
        ["grpc-message", "x".repeat(300)],
      ],
    ],
  ])("%s", (_case, fields, literals) => {
    expect(readLiterals(encodeStatusLiterals(fields))).toEqual(literals);
  });
});
