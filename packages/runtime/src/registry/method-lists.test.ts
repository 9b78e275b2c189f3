// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { CandidateList } from "./candidate-list.js";
import { type MethodCandidate, MethodLists, type MethodSlot } from "./method-lists.js";
import { MethodTable } from "./method-table.js";

const methodCount = 4;

function candidate(methods: readonly number[]): MethodCandidate {
  const table = new MethodTable(methodCount);
  for (const index of methods) table.set(index, 20_000 + index, true);
  return {
    instanceId: "",
    labels: new Map(),
    weight: 100,
    openCalls: 0,
    capacity: 1,
    ready: true,
    load: undefined,
    loadMs: Number.NEGATIVE_INFINITY,
    registeredMs: 0,
    healthy: true,
    methods: table,
  } as MethodCandidate;
}

function setUp() {
  const shared = new CandidateList<MethodCandidate>();
  const slots: MethodSlot<MethodCandidate>[] = Array.from({ length: methodCount }, (_, index) => ({
    index,
    candidates: shared,
  }));
  return { shared, slots, lists: new MethodLists(shared, slots) };
}

const all = [0, 1, 2, 3];

describe("MethodLists", () => {
  test("shares one list while every instance has every method", () => {
    const { shared, slots, lists } = setUp();
    for (let count = 0; count < 3; count++) lists.add(candidate(all));
    expect(slots.every(({ candidates }) => candidates === shared)).toBe(true);
    expect(shared.list).toHaveLength(3);
  });

  test("gives a method that one instance lacks a list of its own until that one has gone", () => {
    const { shared, slots, lists } = setUp();
    const whole = candidate(all);
    const partial = candidate([0, 1, 3]);
    lists.add(whole);
    lists.add(partial);
    expect(slots.map(({ candidates }) => candidates === shared)).toEqual([true, true, false, true]);
    expect(slots[2]?.candidates.list).toEqual([whole]);
    lists.remove(partial);
    expect(slots.every(({ candidates }) => candidates === shared)).toBe(true);
  });

  test("keeps those that are there without serving beside the list, and in lists made later", () => {
    const { shared, slots, lists } = setUp();
    const away = candidate(all);
    lists.addAway(away);
    lists.addAway(away);
    lists.add(candidate([0]));
    expect(slots.map(({ candidates }) => candidates.away)).toEqual(slots.map(() => [away]));
    const other = candidate([0, 1]);
    lists.addAway(other);
    expect([shared, slots[1]?.candidates, slots[2]?.candidates].map((list) => list?.away.length)).toEqual([2, 2, 1]);
    const { version } = shared;
    lists.removeAway(away);
    lists.removeAway(away);
    expect(shared.version).toBe(version + 1);
    expect(slots.map(({ candidates }) => candidates.away.length)).toEqual([1, 1, 0, 0]);
  });

  test("takes an instance once, and lets go of one that is not there", () => {
    const { shared, slots, lists } = setUp();
    const partial = candidate([1]);
    lists.add(partial);
    lists.add(partial);
    lists.remove(candidate([2]));
    lists.remove(partial);
    lists.remove(partial);
    expect(shared.list).toEqual([]);
    expect(slots.every(({ candidates }) => candidates === shared)).toBe(true);
  });

  test("raises the version of every list whose members change", () => {
    const { slots, lists } = setUp();
    lists.add(candidate([0]));
    const versions = () => slots.map(({ candidates }) => candidates.version);
    const before = versions();
    lists.add(candidate(all));
    expect(versions().every((version, index) => version > (before[index] ?? 0))).toBe(true);
    const touched = versions();
    lists.touch();
    expect(versions()).toEqual(touched.map((version) => version + 1));
  });

  test("holds what a search through all instances finds, in the order in which they came (100 seeds)", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = createSeededRandom(seed);
      const { shared, slots, lists } = setUp();
      let there: MethodCandidate[] = [];
      for (let step = 0; step < 60; step++) {
        const gone = there[random.integer(there.length * 2 + 1)];
        if (gone !== undefined) {
          lists.remove(gone);
          there = there.filter((one) => one !== gone);
        } else {
          const one = candidate(random.integer(2) === 0 ? all : all.filter(() => random.integer(3) > 0));
          lists.add(one);
          there.push(one);
        }
        expect(shared.list, `seed ${seed}`).toEqual(there);
        for (const { index, candidates } of slots) {
          const serving = there.filter(({ methods }) => methods.serves(index));
          expect(candidates.list, `seed ${seed}`).toEqual(serving);
          expect(candidates === shared, `seed ${seed}`).toBe(serving.length === there.length);
        }
      }
    }
  });
});
