// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { fillIn, picturesOf, textOf } from "./balance-page.ts";
import { comparisonOf, resultOf } from "./comparison.suite.ts";
import { judgeGoals } from "./goals.ts";

const comparisons = [comparisonOf(0.8, "least_request, full scan", { errorShare: 0.0002 })];
const pulls = [{ seed: 4, workers: 2, pushP99Ms: 150, pullP99Ms: 100, idealP99Ms: 99 }];
const policies = [{ policies: "retry alone", label: "pull", result: resultOf({ circuitOpen: 12 }) }];
const report = { comparisons, pulls, policies, goals: judgeGoals(comparisons, pulls) };

describe("fillIn()", () => {
  test("replaces what is between the markers and leaves the rest", () => {
    const text = "a\n<!-- bench:balance -->\nold\n<!-- end of bench:balance -->\nb\n";
    const filled = "a\n<!-- bench:balance -->\nnew\n<!-- end of bench:balance -->\nb\n";
    expect(fillIn(text, "new")).toBe(filled);
    expect(fillIn(filled, "new")).toBe(filled);
  });

  test.each(["", "<!-- bench:balance -->", "<!-- end of bench:balance --><!-- bench:balance -->"])(
    "refuses %j",
    (text) => {
      expect(() => fillIn(text, "new")).toThrow("docs/balancing.md must have its markers");
    },
  );
});

test("textOf() has a row for each strategy and each trace, and every goal", () => {
  const text = textOf(report);
  expect(text).toContain("### 80 % of what the fleet can do");
  expect(text).toContain(
    "| `least_request`, full scan | 100 | 1,000 | 0.00 % | 2.50 % | 100 | 1,000 | 0.020 % | 1.00 % | 2.50 % |",
  );
  expect(text).toContain("| 2 | 4 | 99.0 | 100 | 150 | 1.50 |");
  expect(text).toContain("| retry alone | pull | 100 | 1,000 | 0.000 % | 1.00 % | 3 | 12 |");
  expect(text).toContain("| at least 2 | 1.50; an ideal queue: 1.52 | not reached, nor by one ideal queue |");
});

test("picturesOf() draws two pictures for each load, and names them as the text does", () => {
  const pictures = picturesOf(report);
  expect(Object.keys(pictures)).toEqual(["latency-80", "shares-80"]);
  for (const [name, picture] of Object.entries(pictures)) {
    expect(textOf(report)).toContain(`(balancing/${name}.svg)`);
    expect(picture.match(/<rect/g)?.length).toBeGreaterThan(3);
  }
});
