// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { cases } from "./cases.ts";
import { chooseCases } from "./choose-cases.ts";

const ids = (only: string) => chooseCases(cases, { quick: false, only }).map(({ id }) => id);

describe("cases", () => {
  test("have names of their own that --only can take", () => {
    const names = cases.map(({ id }) => id);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
  });

  test("compare entries with labels of their own", () => {
    for (const one of cases) {
      if (one.kind !== "cpu") continue;
      const labels = one.entries.map(({ label }) => label);
      expect(new Set(labels).size, one.id).toBe(labels.length);
    }
  });
});

describe("chooseCases()", () => {
  test("takes all, or the few of the quick form", () => {
    expect(chooseCases(cases, { quick: false, only: undefined })).toEqual(cases);
    const quick = chooseCases(cases, { quick: true, only: undefined }).map(({ id }) => id);
    expect(quick).toEqual(["7b-10x50", "7b-1x1"]);
  });

  test("takes names and beginnings of names, in the order of a run", () => {
    expect(ids("latency,7b-1x1")).toEqual(["7b-1x1", "latency"]);
    expect(ids("memory-*")).toHaveLength(4);
    expect(ids("7b-*")).not.toContain("tls-7b-1x1");
  });

  test.each(["7b", "nothing*", "7b-1x1,", ""])("refuses %j and says which there are", (only) => {
    expect(() => ids(only)).toThrow(/must be one of 7b-10x50, .*received/);
  });
});
