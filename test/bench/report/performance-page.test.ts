// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cases } from "../cases/cases.ts";
import { fillIn, partsOf, picturesOf } from "./performance-page.ts";
import { cpuResult, createReport, everyKind } from "./report.suite.ts";

const page = readFileSync(new URL("../../../docs/performance.md", import.meta.url), "utf8");
const markers = Array.from(page.matchAll(/<!-- written: (.+) -->/g), ([, name = ""]) => name);

describe("fillIn()", () => {
  const text = "before\n<!-- written: goals -->\nold\n<!-- end of goals -->\nafter\n";

  test("puts a part between its markers, as often as one likes", () => {
    const once = fillIn(text, { goals: "new" });
    expect(once).toBe("before\n<!-- written: goals -->\nnew\n<!-- end of goals -->\nafter\n");
    expect(fillIn(once, { goals: "new" })).toBe(once);
  });

  test("refuses a part that has no place", () => {
    expect(() => fillIn(text, { latency: "new" })).toThrow("docs/performance.md must have its markers");
  });
});

describe("partsOf()", () => {
  test("are those that docs/performance.md has places for", () => {
    const whole = createReport([
      ...cases.flatMap((one) =>
        one.kind === "cpu"
          ? [cpuResult(one.id, Object.fromEntries(one.entries.map(({ label }) => [label, [1, 2, 3]])))]
          : [],
      ),
      ...everyKind.filter(({ kind }) => kind !== "cpu"),
    ]);
    expect(Object.keys(partsOf(whole)).sort()).toEqual(markers.sort());
    expect(Object.keys(picturesOf(whole)).sort()).toEqual(["latency", "memory", "unary"]);
  });

  test("say who was measured, and who was not", () => {
    const parts = partsOf(createReport(everyKind));
    expect(parts["run on"]).toContain("2 processors (a processor, x64), 8 GiB, linux 6.1, Node 24.0.0");
    expect(parts["run on"]).toContain("Of 11 samples of CPU, 0 had more than 10 %");
    expect(parts["run on"]).toContain("- nginx: not measured: nginx is not installed");
  });

  test("hold the figures with their spread", () => {
    const parts = partsOf(createReport(everyKind));
    expect(parts.unary).toContain(
      "| 7 B unary, 10 × 50 | 2.10 (2.05–2.15) | 10.0 (10.0–10.5) | 81.0 (80.5–81.5) | 0.20",
    );
    expect(parts.instructions).toContain("| 21,000 (20,500–21,500) | 20,000 (20,000–20,000) | 1.05 (1.02–1.08) |");
    expect(parts.goals).toContain("| 7 B unary, 10 × 50 | HAProxy, h2 to h2 | 0.25 | 0.20 | met |");
    expect(parts.goals).toContain("| HAProxy with TLS | 1.6 | 2.00 | **not met** |");
    expect(parts.goals).toContain("| – | not measured |");
    expect(parts.latency).toContain("| router | 50 % | 5,000 | 0.50 | 0.50 | 2.00 | 0.20 | 0.20 | 1.70 |");
    expect(parts.memory).toContain("| router | 5000 | 5.00 | 3.00 |");
    expect(parts.garbage).toContain("125 bytes of the heap per unary call (123 to 128), over 3,000 calls");
    expect(parts.stages).toContain("| splice | 40.0 % |");
    expect(parts["cross-check"]).toContain("our load program p50 0.40 ms");
  });

  test("are few of a report with few cases", () => {
    expect(Object.keys(partsOf(createReport([])))).toEqual(["run on", "goals"]);
    expect(picturesOf(createReport([]))).toEqual({});
  });
});
