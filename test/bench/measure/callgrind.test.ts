// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readTotal } from "./callgrind.ts";

describe("readTotal()", () => {
  test.each([
    ["PID 8489: node router-process.ts\n\n  Totals:       Ir \n   Th 1  1,301,149 \n\n", 1_301_149],
    ["PID 7: a\n\n  Totals:     Ir \n   Th 1  260 \n   Th 2  40 \n", 300],
    ["PID 7: a\n  OK.\n", undefined],
    ["", undefined],
  ])("%j", (text, count) => {
    expect(readTotal(text)).toBe(count);
  });
});
