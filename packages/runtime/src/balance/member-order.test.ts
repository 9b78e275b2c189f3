// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createCandidate, createCandidates } from "./balancer.suite.js";
import { MemberOrder } from "./member-order.js";

const four = ["c", "a", "b10", "b9"].map((id, index) => createCandidate(id, { weight: index + 1 }));

describe("MemberOrder", () => {
  it("has members in the order of their ids, and says where they are in the list", () => {
    const members = new MemberOrder();
    expect(members.update(four)).toBe(true);
    expect([members.ids, members.weights]).toEqual([
      ["a", "b10", "b9", "c"],
      [2, 3, 4, 1],
    ]);
    expect([...members.places]).toEqual([1, 2, 3, 0]);
  });

  it.each([
    ["nothing changes", four, false],
    ["labels change", four.map((one) => ({ ...one, labels: new Map([["zone", "a"]]) })), false],
    ["the list has another order", four.toReversed(), false],
    ["an instance connects anew, and stands last", [...four.slice(1), { ...four[0] }], false],
    ["one leaves", four.slice(1), true],
    ["one comes", [...four, createCandidate("d")], true],
    ["one has another id", [...four.slice(1), createCandidate("d", { weight: 1 })], true],
    ["a weight changes", four.map((one) => ({ ...one, weight: 7 })), true],
    [
      "two change their weights with each other",
      [{ ...four[1], weight: 1 }, { ...four[0], weight: 2 }, ...four.slice(2)],
      true,
    ],
  ])("if %s, tables are stale: %#", (_change, list, isOther) => {
    const members = new MemberOrder();
    members.update(four);
    const after = list as typeof four;
    expect(members.update(after)).toBe(isOther);
    expect(Array.from(members.places, (place) => after[place]?.instanceId)).toEqual(members.ids);
    expect(Array.from(members.places, (place) => after[place]?.weight)).toEqual(members.weights);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("takes a weight of %d for a very small one", (weight) => {
    const members = new MemberOrder();
    const { list } = createCandidates([100, weight]);
    members.update(list);
    expect(members.weights).toEqual([100, 0.001]);
    expect(members.update(list)).toBe(false);
  });
});
