// SPDX-License-Identifier: Apache-2.0
import { KeyHash, xxh64 } from "@grpc-router/protocol";
import type { CandidateFacts } from "@grpc-router/protocol/codegenv1";
import { createSeededRandom, type SeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { type BalancedCall, type Balancer, type Candidate, canTake } from "./balancer.js";
import {
  anyCall,
  createCall,
  createCandidate,
  createCandidates,
  type TestCandidate,
  type TestCandidates,
} from "./balancer.suite.js";
import { composeBalancer } from "./compose-balancer.js";
import { createLeastRequest } from "./least-request.js";
import { createRoundRobin } from "./round-robin.js";

type Facts = Omit<CandidateFacts, "slowStart">;

const place = { routerId: "the-router", zone: "a", region: "north" };

function labels(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(" ").map((label) => label.split("=") as [string, string]));
}

describe("composeBalancer()", () => {
  it.each<Facts>([{}, { selector: {} }])("is the strategy itself if %j asks for nothing", (facts) => {
    const strategy = createRoundRobin();
    expect(composeBalancer(strategy, facts, place)).toBe(strategy);
  });

  it("is the strategy itself if nobody knows where the router is", () => {
    const strategy = createRoundRobin();
    expect(composeBalancer(strategy, { locality: { zoneLabel: "rack" } }, { routerId: "r" })).toBe(strategy);
  });

  it("goes by the option's place before the router's", () => {
    const candidates = createCandidates(2);
    const [a, b] = candidates.list as [TestCandidate, TestCandidate];
    a.labels = labels("zone=a");
    b.labels = labels("zone=b");
    const pick = (facts: Facts) => {
      return composeBalancer(createRoundRobin(), facts, place).pick(candidates, anyCall, () => 0.99);
    };
    expect(pick({ locality: {} })).toBe(a);
    expect(pick({ locality: { zone: "b" } })).toBe(b);
  });

  it("selects, then takes a subset, then tiers, then the closest", () => {
    const candidates = createCandidates(40);
    candidates.list.forEach((candidate, index) => {
      const [version, tier, zone] = [1 + (index % 2), Math.floor(index / 2) % 2, index < 20 ? "a" : "b"];
      candidate.labels = labels(`version=${version} tier=${tier} zone=${zone}`);
    });
    const facts: Facts = { selector: { version: "2" }, subsetSize: 12, priorityLabel: "tier", locality: {} };
    const balancer = composeBalancer(createRoundRobin(), facts, place);
    const used = selected(candidates, facts);
    const expected = used.filter((candidate) => {
      return candidate.labels.get("tier") === "0" && candidate.labels.get("zone") === "a";
    });
    expect(expected.length).toBeGreaterThan(1);
    const picks = Array.from({ length: 100 }, () => balancer.pick(candidates, anyCall, () => 0.5) as TestCandidate);
    expect(new Set(picks)).toEqual(new Set(expected));
  });

  it("reads load for a strategy that does, and for no other", () => {
    const facts: Facts = { selector: { version: "2" }, subsetSize: 12, priorityLabel: "tier", locality: {} };
    const byLoad: Balancer = { name: "by_load", readsLoad: true, pick: () => undefined };
    expect(composeBalancer(byLoad, facts, place).readsLoad).toBe(true);
    expect(composeBalancer(createRoundRobin(), facts, place).readsLoad).toBe(false);
  });

  it.each<[string, Facts]>([
    ["nobody is selected", { selector: { version: "3" } }],
    ["nobody is selected, before tiers", { selector: { version: "3" }, priorityLabel: "tier" }],
  ])("a call is lost while %s, and waits once somebody is", (_name, facts) => {
    const balancer = composeBalancer(createRoundRobin(), facts, place);
    const candidates = createCandidates(3);
    expect([balancer.pick(candidates, anyCall, () => 0), balancer.isLost?.(candidates, anyCall)]).toEqual([
      undefined,
      true,
    ]);
    candidates.list.push(createCandidate("full", { labels: labels("version=3"), capacity: 0 }));
    candidates.version++;
    expect([balancer.pick(candidates, anyCall, () => 0), balancer.isLost?.(candidates, anyCall)]).toEqual([
      undefined,
      false,
    ]);
  });

  it("a call is lost if the strategy says so of every tier", () => {
    const candidates = createCandidates(2);
    const [here, there] = candidates.list as [TestCandidate, TestCandidate];
    there.labels = labels("tier=1");
    const gone = new Set<Candidate>([here]);
    const strategy: Balancer = {
      name: "sticky",
      pick: () => undefined,
      isLost: ({ list }) => list.every((candidate) => gone.has(candidate)),
    };
    const balancer = composeBalancer(strategy, { selector: {}, priorityLabel: "tier", subsetSize: 5 }, place);
    expect(balancer.isLost?.(candidates, anyCall)).toBe(false);
    gone.add(there);
    expect(balancer.isLost?.(candidates, anyCall)).toBe(true);
  });

  it("hands ends on through all of them", () => {
    const ended: string[] = [];
    const strategy: Balancer = {
      name: "probe",
      pick: () => undefined,
      onEnd: ({ instanceId }) => ended.push(instanceId),
    };
    const facts: Facts = { selector: { version: "2" }, subsetSize: 12, priorityLabel: "tier", locality: {} };
    const balancer = composeBalancer(strategy, facts, place);
    balancer.onEnd?.(createCandidate("x"), { code: 14, latencyMs: 1, nowMs: 2 });
    expect([balancer.name, ended]).toEqual(["probe", ["x"]]);
    expect(composeBalancer(createRoundRobin(), facts, place).onEnd).toBeUndefined();
  });

  it.each([
    ["round_robin", () => createRoundRobin()],
    ["least_request", () => createLeastRequest()],
  ])("before %s, picks somebody selected who can take the call, whenever there is one", (_name, createStrategy) => {
    let found = 0;
    let refused = 0;
    for (let seed = 0; seed < 150; seed++) {
      const source = createSeededRandom(seed);
      const facts = drawFacts(source);
      const balancer = composeBalancer(createStrategy(), facts, place);
      const candidates: TestCandidates = { list: [], away: [], version: 0 };
      for (let step = 0; step < 40; step++) {
        change(candidates, source);
        const call = drawCall(source, step);
        const able = selected(candidates, facts).filter((candidate) => canTake(candidate, call));
        const fresh = able.filter((candidate) => !call.avoids(candidate));
        for (let pick = 0; pick < 3; pick++) {
          const picked = balancer.pick(candidates, call, source.random);
          const context = `seed ${seed}, step ${step}, ${JSON.stringify(facts)}`;
          if (able.length === 0) expect(picked, context).toBeUndefined();
          else expect(fresh.length > 0 ? fresh : able, context).toContain(picked);
          if (able.length === 0) refused++;
          else found++;
        }
      }
    }
    // Both must have come up often, or the test says nothing.
    expect(Math.min(found, refused)).toBeGreaterThan(500);
  });
});

/** Who may be picked at all, worked out the slow way. */
function selected({ list }: TestCandidates, { selector = {}, subsetSize = list.length }: Facts): TestCandidate[] {
  return list
    .filter((candidate) => Object.entries(selector).every(([name, value]) => candidate.labels.get(name) === value))
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .slice(0, subsetSize)
    .map(({ candidate }) => candidate);
}

function rankOf({ instanceId }: Candidate): bigint {
  const bytes = new TextEncoder().encode(place.routerId + instanceId);
  const hash = new KeyHash();
  xxh64(bytes, 0, bytes.length, hash);
  return (BigInt(hash.high) << 32n) | BigInt(hash.low);
}

function drawFacts(source: SeededRandom): Facts {
  const facts: { -readonly [Name in keyof Facts]: Facts[Name] } = {};
  if (source.random() < 0.5) facts.selector = source.random() < 0.5 ? { version: "2" } : { version: "1", zone: "a" };
  if (source.random() < 0.5) facts.subsetSize = 1 + source.integer(8);
  if (source.random() < 0.6) facts.priorityLabel = "tier";
  if (source.random() < 0.6) facts.locality = source.random() < 0.5 ? {} : { zone: "b", overprovisioningPercent: 100 };
  return facts;
}

/** Instances come, go, fall ill, fill up and change their labels. */
function change(candidates: TestCandidates, source: SeededRandom): void {
  const { list } = candidates;
  const one = list[source.integer(list.length)];
  const kind = source.integer(8);
  if (kind < 3 && list.length < 20) {
    list.push(
      createCandidate(`i${candidates.version}`, { labels: drawLabels(source), weight: 1 + source.integer(300) }),
    );
  } else if (one === undefined) return;
  else if (kind === 3) list.splice(list.indexOf(one), 1);
  else if (kind === 4) candidates.away.push(...list.splice(list.indexOf(one), 1));
  else if (kind === 5 && candidates.away.length > 0) list.push(...candidates.away.splice(0, 1));
  else if (kind === 6) one.labels = drawLabels(source);
  candidates.version++;
  // What changes without a version.
  for (const candidate of list) {
    if (source.random() < 0.2) candidate.ready = source.random() < 0.5;
    if (source.random() < 0.2) candidate.healthy = source.random() < 0.5;
    if (source.random() < 0.2) candidate.capacity = source.integer(3);
    if (source.random() < 0.2) candidate.openCalls = source.integer(3);
  }
}

function drawLabels(source: SeededRandom): ReadonlyMap<string, string> {
  const [zone, region] = ["a", "b"].map((value) => (source.random() < 0.5 ? value : "c"));
  return labels(`version=${1 + source.integer(2)} tier=${source.integer(3)} zone=${zone} region=${region}`);
}

/** A call that some breakers keep from some instances, and that may have been at some. */
function drawCall(source: SeededRandom, step: number): BalancedCall {
  const [shut, tried] = [source.integer(5), source.integer(5)];
  const digit = ({ instanceId }: Candidate) => Number(instanceId.slice(-1));
  return createCall({
    nowMs: step * 60,
    hasKey: source.random() < 0.5,
    keyHigh: source.integer(2 ** 32),
    keyLow: source.integer(2 ** 32),
    admits: (candidate) => digit(candidate) % 5 !== shut,
    avoids: (candidate) => digit(candidate) % 5 === tried,
  });
}
