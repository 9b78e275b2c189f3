// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { textOf } from "./micro-page.ts";

const costs = [
  { name: "pick: least_request, by a schedule, of 3", nanos: 40.4, bytes: 0 },
  { name: "pick: least_request, by a schedule, of 100", nanos: 1_234.5, bytes: 0 },
  { name: "pick: maglev of 1000", nanos: 9.96, bytes: 0 },
  { name: "build: maglev of 1000", nanos: 2_600_000, bytes: 9 },
  { name: "key: XXH64 of 36 octets", nanos: 97.2, bytes: 0 },
  { name: "frame: a header", nanos: 5, bytes: 0 },
];

describe("textOf()", () => {
  const text = textOf(costs, "Node 24");

  test("has a row for each strategy and a column for each number of instances", () => {
    expect(text).toContain("| one pick, ns | of 3 | of 100 | of 1,000 |\n|---|---:|---:|---:|");
    expect(text).toContain("| `least_request`, by a schedule | 40 | 1,235 |  |");
    expect(text).toContain("| `maglev` |  |  | 10.0 |");
  });

  test("says what is built in microseconds, and each key", () => {
    expect(text).toContain("| a ring or table built anew, µs | of 1,000 |\n|---|---:|\n| `maglev` | 2,600 |");
    expect(text).toContain("| key | ns |\n|---|---:|\n| XXH64 of 36 octets | 97 |");
  });

  test("has nothing of other operations", () => {
    expect(text).not.toContain("frame");
  });
});
