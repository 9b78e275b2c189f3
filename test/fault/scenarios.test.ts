// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readTable, scenarioTable } from "./docs/reliability-page.ts";
import { scenarios } from "./scenarios/index.ts";

/** What the long tier and the one of every change have at least. */
const fewest = 40;
const quick = 12;

describe("the table of scenarios", () => {
  test("has as many as there must be, each with a name of its own", () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(fewest);
    expect(scenarios.filter(({ isQuick }) => isQuick).length).toBe(quick);
    const names = scenarios.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  });

  test("stands in docs/reliability.md (node test/fault/run.ts --list --write-docs writes it)", () => {
    expect(readTable()).toBe(scenarioTable());
  });
});
