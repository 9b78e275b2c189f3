// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { compareReports, formatChanges } from "./compare.ts";
import { cpuResult, createReport, everyKind } from "./report.suite.ts";

describe("compareReports()", () => {
  test("tells the worst change first, of ratios and not of times", () => {
    const before = createReport([
      cpuResult("a", { router: [2], haproxy: [10] }),
      cpuResult("b", { router: [3], haproxy: [3] }),
    ]);
    // Everything takes twice as long; the router of "a" four times.
    const after = createReport([
      cpuResult("a", { router: [8], haproxy: [20] }),
      cpuResult("b", { router: [6], haproxy: [6] }),
    ]);
    expect(compareReports(before, after)).toEqual([
      { figure: "a: router / haproxy", before: 0.2, after: 0.4, factor: 2 },
      { figure: "b: router / haproxy", before: 1, after: 1, factor: 1 },
    ]);
  });

  test("leaves out what only one of them has, and has instructions, memory and garbage, too", () => {
    const changes = compareReports(createReport(everyKind), createReport(everyKind.slice(0, 6)));
    expect(changes.map(({ figure }) => figure)).toEqual([
      "7b-10x50: router / haproxy",
      "7b-10x50: router / envoy",
      "tls-7b-1x1: router / haproxy",
      "observed-instructions: router / router, unobserved",
      "memory-connections: router, bytes",
      "memory-connections: haproxy, bytes",
      "garbage: bytes per call",
    ]);
    expect(compareReports(createReport([]), createReport(everyKind))).toEqual([]);
  });
});

describe("formatChanges()", () => {
  test("is a line for each, or says that there is none", () => {
    expect(formatChanges([{ figure: "x", before: 1, after: 1.5, factor: 1.5 }])).toBe("+50.0 %\t1.00 → 1.50\tx");
    expect(formatChanges([{ figure: "x", before: 1, after: 0.5, factor: 0.5 }])).toBe("-50.0 %\t1.00 → 0.50\tx");
    expect(formatChanges([])).toBe("nothing that both runs have measured");
  });
});
