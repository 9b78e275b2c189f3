// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { Balancer, Candidates } from "./balancer.js";
import {
  anyCall,
  countPicks,
  createCandidate,
  createCandidates,
  describeBalancer,
  type TestCandidate,
  type TestCandidates,
} from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";
import { createRoundRobin } from "./round-robin.js";
import { createSelector } from "./selector.js";

describeBalancer({
  create: () => createSelector({ labels: {}, child: createLeastRequest() }),
  name: "least_request",
  weighted: true,
});

/** Candidates with these labels, named by them. */
function labelled(...all: readonly Readonly<Record<string, string>>[]): TestCandidates {
  const list = all.map((labels) => {
    return createCandidate(Object.values(labels).join("-"), { labels: new Map(Object.entries(labels)) });
  });
  return { list, away: [], version: 1 };
}

describe("createSelector()", () => {
  const fleet = () =>
    labelled({ version: "1", zone: "eu-1" }, { version: "2", zone: "eu-1" }, { version: "2", zone: "eu-2" }, {});

  it.each([
    [{}, ["1-eu-1", "2-eu-1", "2-eu-2", ""]],
    [{ version: "2" }, ["2-eu-1", "2-eu-2"]],
    [{ version: "2", zone: "eu-1" }, ["2-eu-1"]],
    [{ version: "3" }, ["nobody"]],
    [{ shard: "" }, ["nobody"]],
  ])("%j picks %j, all of them", (labels, expected) => {
    const balancer = createSelector({ labels, child: createRoundRobin() });
    const picks = countPicks(balancer, fleet(), createSeededRandom(1).random, 100);
    expect([...picks].filter(([, count]) => count > 0).map(([id]) => id)).toEqual(expected);
  });

  it("waits for one that matches, however many others are free", () => {
    const balancer = createSelector({ labels: { version: "2" }, child: createRoundRobin() });
    const candidates = fleet();
    for (const candidate of candidates.list.slice(1, 3)) candidate.ready = false;
    expect(balancer.pick(candidates, anyCall, () => 0)).toBeUndefined();
    const second = candidates.list[2] as TestCandidate;
    second.ready = true;
    expect(balancer.pick(candidates, anyCall, () => 0)).toBe(second);
  });

  it("follows labels that change, with the list's version", () => {
    const balancer = createSelector({ labels: { version: "2" }, child: createRoundRobin() });
    const candidates = fleet();
    expect(balancer.pick(candidates, anyCall, () => 0)).toBe(candidates.list[1]);
    const [first, second, third] = candidates.list as [TestCandidate, TestCandidate, TestCandidate];
    first.labels = new Map([["version", "2"]]);
    second.labels = new Map();
    third.labels = new Map();
    candidates.version++;
    for (let call = 0; call < 5; call++) expect(balancer.pick(candidates, anyCall, () => 0)).toBe(first);
  });

  it("shows its child only who matches, those that are away included, and a new version only if they change", () => {
    const seen: Candidates[] = [];
    const child: Balancer = {
      name: "probe",
      pick(candidates) {
        seen.push({ list: [...candidates.list], away: [...candidates.away], version: candidates.version });
        return undefined;
      },
    };
    const balancer = createSelector({ labels: { version: "2" }, child });
    const candidates = fleet();
    candidates.away.push(createCandidate("old"), createCandidate("new", { labels: new Map([["version", "2"]]) }));
    balancer.pick(candidates, anyCall, () => 0);
    candidates.list.shift();
    candidates.version++;
    balancer.pick(candidates, anyCall, () => 0);
    candidates.list.shift();
    candidates.version++;
    balancer.pick(candidates, anyCall, () => 0);
    expect(seen.map(({ list }) => list.length)).toEqual([2, 2, 1]);
    expect(seen[0]?.away.map(({ instanceId }) => instanceId)).toEqual(["new"]);
    expect(seen[1]?.version).toBe(seen[0]?.version);
    expect(seen[2]?.version).toBeGreaterThan(seen[1]?.version ?? 0);
  });

  it("hands ends on to a child that wants to know, and has none for one that does not", () => {
    const ended: unknown[] = [];
    const curious: Balancer = {
      name: "curious",
      pick: (candidates) => candidates.list[0],
      onEnd(candidate, { latencyMs }) {
        ended.push([this.name, candidate.instanceId, latencyMs]);
      },
    };
    const balancer = createSelector({ labels: {}, child: curious });
    const [candidate] = createCandidates(1).list as [TestCandidate];
    balancer.onEnd?.(candidate, { code: 0, latencyMs: 12, nowMs: 40 });
    expect(ended).toEqual([["curious", "i0", 12]]);
    expect(createSelector({ labels: {}, child: createRoundRobin() }).onEnd).toBeUndefined();
  });
});
