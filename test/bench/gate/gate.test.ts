// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import type { CpuResult } from "../report/bench-report.ts";
import { type GateRule, judgeGate, type Verdict } from "./gate.ts";

const rule: GateRule = { baseline: 0.2, tolerance: 0.15, numerator: "router", denominator: "haproxy" };

/** An attempt whose rounds had these ratios; the first `starved` of them on a busy machine. */
function attempt(ratios: readonly number[], starved = 0): CpuResult {
  const samples = (values: readonly number[]) =>
    values.map((microsPerUnit, round) => ({
      microsPerUnit,
      perSecond: 1,
      starvedShare: round < starved ? 0.5 : 0.01,
    }));
  return {
    kind: "cpu",
    id: "7b-10x50",
    series: [
      { label: "router", samples: samples(ratios.map((ratio) => ratio * 10)) },
      { label: "haproxy", samples: samples(ratios.map(() => 10)) },
    ],
  };
}

const good = attempt([0.21, 0.22, 0.2]);
const bad = attempt([0.3, 0.31, 0.29]);
const busy = attempt([0.1, 0.9, 0.3], 2);

describe("judgeGate()", () => {
  test.each<[string, readonly CpuResult[], Verdict["kind"]]>([
    ["one good attempt", [good], "passed"],
    ["a good one after bad ones", [bad, bad, good], "passed"],
    ["a median that one wild round does not move", [attempt([0.2, 0.22, 5])], "passed"],
    ["just within the tolerance", [attempt([0.2299])], "passed"],
    ["a bad one", [bad], "again"],
    ["three bad ones", [bad, bad, bad], "again"],
    ["nothing but bad ones", [bad, bad, bad, bad], "failed"],
    ["two bad ones among busy ones", [bad, busy, busy, bad], "failed"],
    ["a busy machine", [busy], "again"],
    ["a machine that stays busy", [busy, busy, busy, busy], "busy"],
    ["one bad attempt on a busy machine", [busy, bad, busy, busy], "busy"],
    ["nothing measured", [], "again"],
  ])("%s", (_, attempts, kind) => {
    expect(judgeGate(rule, attempts).kind).toBe(kind);
  });

  test.each<[string, readonly CpuResult[], Verdict["kind"]]>([
    ["one bad attempt", [bad], "busy"],
    ["two bad ones", [bad, bad], "failed"],
    ["a busy one", [busy], "busy"],
    ["a good one", [bad, good], "passed"],
  ])("%s when the time is over", (_, attempts, kind) => {
    expect(judgeGate(rule, attempts, false).kind).toBe(kind);
  });

  test("leaves out rounds in which the processor was taken away", () => {
    expect(judgeGate(rule, [attempt([9, 0.21, 0.22], 1)])).toEqual({ kind: "passed", ratio: expect.closeTo(0.215) });
  });

  test("says by how much", () => {
    expect(judgeGate(rule, [bad, bad, bad, bad])).toEqual({
      kind: "failed",
      ratio: expect.closeTo(0.3),
      limit: expect.closeTo(0.23),
    });
  });
});
