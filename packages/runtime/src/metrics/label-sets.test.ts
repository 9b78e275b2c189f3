// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { maxLabelSets } from "../limits.js";
import { LabelSets, noLabelSet, otherLabelSet } from "./label-sets.js";

const labels = (values: Record<string, string>) => new Map(Object.entries(values));

describe("LabelSets", () => {
  test("gives the same values the same number, whatever else an instance says", () => {
    const sets = new LabelSets(["version", "zone"]);
    const first = sets.intern(labels({ version: "2", zone: "eu-1", host: "a" }));
    expect(sets.intern(labels({ host: "b", zone: "eu-1", version: "2" }))).toBe(first);
    expect(sets.valuesOf(first)).toEqual(["2", "eu-1"]);
    expect(sets.intern(labels({ version: "2" }))).not.toBe(first);
    expect(sets.intern(labels({ host: "a" }))).toBe(noLabelSet);
  });

  test("takes a bounded number of them, and all others as one", () => {
    const sets = new LabelSets(["version"]);
    const ids = Array.from({ length: maxLabelSets + 3 }, (_, index) => sets.intern(labels({ version: `${index}` })));
    expect(new Set(ids).size).toBe(maxLabelSets + 1);
    expect(ids.slice(-3)).toEqual([otherLabelSet, otherLabelSet, otherLabelSet]);
    expect(sets).toMatchObject({ size: maxLabelSets, overflows: 3 });
    expect(sets.valuesOf(otherLabelSet)).toEqual(["other"]);
    expect(sets.intern(labels({ version: "0" }))).toBe(ids[0]);
  });

  test("lets nobody make a second series named other", () => {
    expect(new LabelSets(["version"]).intern(labels({ version: "other" }))).toBe(otherLabelSet);
  });

  test("without names knows one set", () => {
    expect(new LabelSets([]).intern(labels({ version: "2" }))).toBe(noLabelSet);
  });
});
