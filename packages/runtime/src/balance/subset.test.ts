// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { Balancer, Candidate, Candidates } from "./balancer.js";
import {
  anyCall,
  chiSquare,
  countPicks,
  createCandidate,
  createCandidates,
  describeBalancer,
  type TestCandidates,
} from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";
import { createRoundRobin } from "./round-robin.js";
import { createSubset } from "./subset.js";

describeBalancer({
  create: () => createSubset({ size: 20, seed: "router", child: createLeastRequest() }),
  name: "least_request",
  weighted: true,
});

/** The subset that a router with this seed uses, for as long as it runs. */
function createWatched(size: number, seed: string) {
  const seen: { list: readonly Candidate[]; away: readonly Candidate[]; version: number } = {
    list: [],
    away: [],
    version: 0,
  };
  const child: Balancer = {
    name: "probe",
    pick: ({ list, away, version }) => {
      Object.assign(seen, { list, away, version });
      return undefined;
    },
  };
  const balancer = createSubset({ size, seed, child });
  return (candidates: Candidates) => {
    balancer.pick(candidates, anyCall, () => 0);
    return { ...seen, ids: seen.list.map(({ instanceId }) => instanceId) };
  };
}

/** Calls `change`, and says so. */
function update(candidates: TestCandidates, change: (list: TestCandidates["list"]) => void): void {
  change(candidates.list);
  candidates.version++;
}

describe("createSubset()", () => {
  it.each([
    [1, 10, 1],
    [5, 10, 5],
    [10, 10, 10],
    [20, 10, 10],
    [7, 0, 0],
  ])("of size %i uses, of %i instances, %i", (size, count, used) => {
    const { ids } = createWatched(size, "router")(createCandidates(count));
    expect(new Set(ids).size).toBe(used);
  });

  it("picks from the subset only, in equal shares, and nobody else though the subset is full", () => {
    const candidates = createCandidates(50);
    const balancer = createSubset({ size: 5, seed: "router", child: createRoundRobin() });
    const { list } = createWatched(5, "router")(candidates);
    const picks = countPicks(balancer, candidates, createSeededRandom(1).random, 100);
    expect([...picks].filter(([, count]) => count > 0)).toEqual(list.map(({ instanceId }) => [instanceId, 20]));
    for (const candidate of list) Object.assign(candidate, { openCalls: 9, capacity: 9 });
    expect(balancer.pick(candidates, anyCall, () => 0)).toBeUndefined();
  });

  it("is the same for the same seed and instances, in whatever order they came, and another for another seed", () => {
    const candidates = createCandidates(100);
    const { ids } = createWatched(10, "router")(candidates);
    const reversed: TestCandidates = { list: [...candidates.list].reverse(), away: [], version: 1 };
    expect([...createWatched(10, "router")(reversed).ids].sort()).toEqual([...ids].sort());
    expect(createWatched(10, "other")(candidates).ids).not.toEqual(ids);
  });

  it("changes by one at most when one instance comes or goes", () => {
    const source = createSeededRandom(2);
    const watch = createWatched(8, "router");
    const candidates = createCandidates(40);
    let before = new Set(watch(candidates).ids);
    for (let round = 0; round < 500; round++) {
      update(candidates, (list) => {
        if (list.length < 20 || (list.length < 60 && source.random() < 0.5)) list.push(createCandidate(`n${round}`));
        else list.splice(source.integer(list.length), 1);
      });
      const after = new Set(watch(candidates).ids);
      expect(after.size, `round ${round}`).toBe(8);
      expect([...after].filter((id) => !before.has(id)).length, `round ${round}`).toBeLessThanOrEqual(1);
      before = after;
    }
  });

  it("changes only for an instance that is or becomes a member, and only then has its child a new version", () => {
    const watch = createWatched(3, "router");
    const candidates = createCandidates(30);
    const first = watch(candidates);
    const members = new Set(first.ids);
    update(candidates, (list) => {
      const index = list.findIndex(({ instanceId }) => !members.has(instanceId));
      list.splice(index, 1);
    });
    expect(watch(candidates)).toEqual(first);
    update(candidates, (list) => {
      list.splice(
        list.findIndex(({ instanceId }) => members.has(instanceId)),
        1,
      );
    });
    const second = watch(candidates);
    expect(second.ids.filter((id) => members.has(id))).toHaveLength(2);
    expect(second.version).toBeGreaterThan(first.version);
  });

  it("takes the next one for a member that serves no more, and the member again when it does", () => {
    const watch = createWatched(4, "router");
    const candidates = createCandidates(20);
    const first = watch(candidates);
    const member = candidates.list.find(({ instanceId }) => instanceId === first.ids[1]);
    if (member === undefined) throw new Error("no member");
    const index = candidates.list.indexOf(member);
    update(candidates, (list) => {
      candidates.away.push(...list.splice(index, 1), createCandidate("i-too-far"), createCandidate("i-far-too"));
    });
    const second = watch(candidates);
    expect(second.ids).toHaveLength(4);
    expect(second.ids.filter((id) => first.ids.includes(id))).toHaveLength(3);
    expect(second.away).toContain(member);
    expect(second.away.length).toBeLessThan(3);
    update(candidates, (list) => {
      candidates.away.splice(0, 1);
      list.splice(index, 0, member);
    });
    expect(watch(candidates).ids).toEqual(first.ids);
  });

  // Two of the cases that gRFC A68 draws: routers, instances, size.
  it.each([
    [2_000, 10, 5],
    [500, 100, 25],
  ])("of %i routers uses %i instances evenly, %i each", (routers, count, size) => {
    const candidates = createCandidates(count);
    const uses = new Map(candidates.list.map(({ instanceId }) => [instanceId, 0]));
    for (let router = 0; router < routers; router++) {
      for (const id of createWatched(size, `router-${router}`)(candidates).ids) uses.set(id, (uses.get(id) ?? 0) + 1);
    }
    const counts = [...uses.values()];
    expect(counts.reduce((sum, value) => sum + value, 0)).toBe(routers * size);
    // Routers choose without repetition, so the counts vary less than chi-square with `count - 1` degrees of freedom says.
    const bound = count - 1 + 4 * Math.sqrt(2 * (count - 1));
    expect(chiSquare(counts, new Array<number>(count).fill(1))).toBeLessThan(bound);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("a size of %d is refused", (size) => {
    expect(() => createSubset({ size, seed: "router", child: createRoundRobin() })).toThrow(
      `Cannot use a subset: size must be 1 or more, received ${size}`,
    );
  });
});
