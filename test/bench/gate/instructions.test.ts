// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readCount } from "./instructions.ts";

describe("readCount()", () => {
  test.each([
    ["8123456,,instructions:u,1200345,100.00,,\n", 8_123_456],
    ["# started on\n\n77,,instructions:u,1,100.00,1.2,insn per cycle\n", 77],
    ["<not supported>,,instructions:u,0,100.00,,\n", undefined],
    ["<not counted>,,instructions:u,0,0.00,,\n", undefined],
    ["", undefined],
  ])("%j", (text, count) => {
    expect(readCount(text)).toBe(count);
  });
});
