// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createCandidate, type TestCandidate } from "./balancer.suite.js";
import { DerivedList } from "./derived-list.js";

describe("DerivedList", () => {
  const [one, two, three] = ["a", "b", "c"].map((id) => createCandidate(id)) as [
    TestCandidate,
    TestCandidate,
    TestCandidate,
  ];

  it.each([
    ["the same members", [one, two], [three], 0],
    ["a member more", [one, two, three], [three], 1],
    ["a member less", [one], [three], 1],
    ["another member", [one, three], [three], 1],
    ["another order", [two, one], [three], 1],
    ["nobody away", [one, two], [], 1],
    ["another one away", [one, two], [two], 1],
  ])("replace() with %s", (_name, list, away, rise) => {
    const derived = new DerivedList();
    derived.replace([one, two], [three]);
    const { version } = derived;
    derived.replace(list, away);
    expect(derived.version - version).toBe(rise);
    expect([derived.list, derived.away]).toEqual([list, away]);
  });

  it.each([
    ["a weight", { weight: 7 }, 1],
    ["labels", { labels: new Map([["zone", "b"]]) }, 1],
    ["what is current at every pick", { openCalls: 3, ready: false, healthy: false, capacity: 1 }, 0],
  ])("replace() after a change of %s", (_name, change, rise) => {
    const [changing, other] = [createCandidate("x"), createCandidate("y")];
    const derived = new DerivedList();
    derived.replace([other, changing], []);
    const { version } = derived;
    Object.assign(changing, change);
    derived.replace([other, changing], []);
    expect(derived.version - version).toBe(rise);
    derived.replace([other, changing], []);
    expect(derived.version - version).toBe(rise);
  });
});
