// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { cases } from "../cases/cases.ts";
import type { BenchReport } from "./bench-report.ts";
import { goals, judgeGoals } from "./goals.ts";
import { cpuResult, createReport, everyKind } from "./report.suite.ts";

const report = createReport(everyKind);
const judged = (text: string, of: string) => judgeGoals(report).find((goal) => goal.text === text && goal.of === of);

describe("judgeGoals()", () => {
  test.each([
    ["7 B unary, 10 × 50", "HAProxy, h2 to h2", 0.2, true],
    ["7 B unary, 10 × 50", "Envoy", 0.0259, true],
    ["TLS on both sides, 7 B, 1 × 1", "HAProxy with TLS", 2, false],
    ["added latency at 50 % of own peak, p50", "the direct path", 0.2, true],
    ["added latency at 50 % of own peak, p99.9", "the direct path", 1.7, true],
    ["memory of an idle client connection", "–", 5, true],
    ["metrics, and traces of 1 %, 10 × 50, by instructions", "neither", 1.05, true],
    ["allocated for a unary call, 10 × 50", "–", 0.122, true],
  ])("%s of %s", (text, of, value, met) => {
    expect(judged(text, of)).toMatchObject({ value: expect.closeTo(value, 2), met });
  });

  test("says nothing of what was not measured", () => {
    expect(judged("bridge, 1 × 1", "a grpc-js server")).toMatchObject({ value: undefined, met: undefined });
    for (const { value, met } of judgeGoals(createReport([]))) expect([value, met]).toEqual([undefined, undefined]);
  });
});

describe("goals", () => {
  test("are of cases and entries that there are", () => {
    // Every entry costs the same here, so every ratio is 1 where its case and labels exist.
    const whole: BenchReport = createReport(
      cases.flatMap((one) =>
        one.kind === "cpu"
          ? [cpuResult(one.id, Object.fromEntries(one.entries.map(({ label }) => [label, [1]])))]
          : everyKind.filter(({ id }) => id === one.id),
      ),
    );
    const unmeasured = goals.filter((goal) => goal.measure(whole) === undefined).map(({ text }) => text);
    expect(unmeasured).toEqual(["memory of an idle instance channel", "memory of a call in flight"]);
  });
});
