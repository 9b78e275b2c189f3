// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readGhz } from "./run-cross-check.ts";

describe("readGhz()", () => {
  test("counts the latencies", () => {
    const details = [500, 300, 500].map((latency) => ({ latency, status: "OK" }));
    expect(readGhz(JSON.stringify({ details }))).toEqual([
      [300, 1],
      [500, 2],
    ]);
  });

  test("refuses a report with calls that failed", () => {
    const details = [{ latency: 1, status: "Unavailable" }];
    expect(() => readGhz(JSON.stringify({ details }))).toThrow("1 of 1 calls ended Unavailable");
  });
});
