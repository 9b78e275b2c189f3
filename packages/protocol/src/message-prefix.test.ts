// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readMessageFlags, readMessageLength, writeMessagePrefix } from "./message-prefix.js";

describe("writeMessagePrefix()", () => {
  test.each([
    [false, 0, "0000000000"],
    [false, 4, "0000000004"],
    [true, 0x01020304, "0101020304"],
    [false, 2 ** 31, "0080000000"],
    [true, 2 ** 32 - 1, "01ffffffff"],
  ])("compressed %s, length %i is %s, which reads back", (compressed, length, hex) => {
    const bytes = Buffer.alloc(7);
    expect(writeMessagePrefix(bytes, 1, compressed, length)).toBe(6);
    expect(bytes.toString("hex", 1, 6)).toBe(hex);
    expect(readMessageFlags(bytes, 1)).toBe(compressed ? 1 : 0);
    expect(readMessageLength(bytes, 1)).toBe(length);
  });
});
