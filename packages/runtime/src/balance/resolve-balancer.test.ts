// SPDX-License-Identifier: Apache-2.0

import type { BalanceFacts } from "@grpc-router/protocol/codegenv1";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { type BalancerName, balanceByName } from "../registry/balance-by-name.js";
import { isRouterError, RouterError } from "../router-error.js";
import { anyCall, countPicks, createCandidates, type TestCandidate } from "./balancer.suite.js";
import { createKeyed } from "./hash-balancer.suite.js";
import { type BalancerFactory, balancerNames, resolveBalancer } from "./resolve-balancer.js";
import { createRoundRobin } from "./round-robin.js";
import { tokenOf } from "./sticky.js";

const subject = "acme.user.v1.UserService/GetUser";

describe("resolveBalancer()", () => {
  it.each<[BalanceFacts | undefined, string]>([
    [undefined, "least_request"],
    [{ roundRobin: {} }, "round_robin"],
    [{ leastRequest: {} }, "least_request"],
    [{ leastRequest: { choiceCount: 4 } }, "least_request"],
    [{ leastRequest: { fullScan: true } }, "least_request"],
    [{ leastRequest: { activeRequestBias: 1.5 } }, "least_request"],
    [{ random: {} }, "random"],
    [{ weightedRoundRobin: {} }, "weighted_round_robin"],
    [{ weightedRoundRobin: { useLoadReports: true, updateMs: 500 } }, "weighted_round_robin"],
    [{ peakEwma: { decayMs: 5_000 } }, "peak_ewma"],
    [{ ringHash: {} }, "ring_hash"],
    [{ ringHash: { minRingSize: 2_000, maxRingSize: 4_000, boundedLoadFactor: 1.5 } }, "ring_hash"],
    [{ maglev: {} }, "maglev"],
    [{ maglev: { tableSize: 5_003, boundedLoadFactor: 1.5 } }, "maglev"],
    [{ sticky: {} }, "sticky"],
    [{ sticky: { fallback: "fail" }, subsetSize: 3 }, "sticky"],
    [{ pickFirst: { shuffle: true } }, "pick_first"],
  ])("%j is %s", (balance, name) => {
    expect(resolveBalancer(balance, { subject }).name).toBe(name);
  });

  it("leastRequest compares as many as choiceCount says", () => {
    let draws = 0;
    const random = () => {
      draws++;
      return 0.1;
    };
    resolveBalancer({ leastRequest: { choiceCount: 6 } }, { subject }).pick(createCandidates(9), anyCall, random);
    expect(draws).toBe(6);
  });

  it.each<[BalanceFacts, number[]]>([
    [{ leastRequest: { fullScan: true } }, [0, 0, 40]],
    [{ leastRequest: { activeRequestBias: 0 } }, [10, 20, 10]],
    [{ leastRequest: { activeRequestBias: 2 } }, [4, 8, 28]],
    [{ weightedRoundRobin: {} }, [10, 20, 10]],
    [{ weightedRoundRobin: { useLoadReports: true, blackoutMs: 0 } }, [8, 16, 16]],
    [{ weightedRoundRobin: { useLoadReports: true } }, [13, 13, 14]],
    [{ pickFirst: {} }, [40, 0, 0]],
  ])("the parameters of %j are the strategy's", (balance, shares) => {
    const candidates = createCandidates([100, 200, 100]);
    candidates.list.forEach((candidate, index) => {
      candidate.openCalls = index < 2 ? 2 : 0;
      const load = { cpuUtilization: 0.5, memUtilization: 0, applicationUtilization: 0, eps: 0, loopDelayUs: 0 };
      candidate.load = { ...load, rps: [10, 20, 20][index] ?? 0 };
      candidate.loadMs = 0;
    });
    const balancer = resolveBalancer(balance, { subject });
    const { random } = createSeededRandom(1);
    const counts = [...countPicks(balancer, candidates, random, 40).values()];
    counts.forEach((count, index) => {
      expect(Math.abs(count - (shares[index] ?? 0)), `${counts}`).toBeLessThanOrEqual(1);
    });
  });

  it("peakEwma counts failures as failureLatencyMs says", () => {
    const candidates = createCandidates(2);
    const balancer = resolveBalancer({ peakEwma: { failureLatencyMs: 200, choiceCount: 2 } }, { subject });
    const [failing, slow] = candidates.list as [TestCandidate, TestCandidate];
    balancer.onEnd?.(failing, { code: 14, latencyMs: 1, nowMs: 0 });
    balancer.onEnd?.(slow, { code: 0, latencyMs: 300, nowMs: 0 });
    expect(balancer.pick(candidates, anyCall, () => 0)).toBe(failing);
  });

  it.each<[BalanceFacts, string]>([
    [{ ringHash: { minRingSize: 9, maxRingSize: 8 } }, "received 9 and 8"],
    [{ ringHash: { boundedLoadFactor: 0.5 } }, "received 0.5"],
    [{ maglev: { tableSize: 100 } }, "received 100"],
    [{ maglev: { boundedLoadFactor: 0.5 } }, "received 0.5"],
  ])("the parameters of %j reach the strategy, which refuses them", (balance, problem) => {
    expect(() => resolveBalancer(balance, { subject })).toThrow(problem);
  });

  it.each([
    ["rebalance", true],
    ["fail", false],
  ] as const)("sticky does with a key whose instance is full as %s says", (fallback, moves) => {
    const balancer = resolveBalancer({ sticky: { fallback } }, { subject });
    const candidates = createCandidates(3);
    const key = createKeyed(tokenOf("i1"));
    Object.assign(candidates.list[1] ?? {}, { capacity: 0 });
    expect(balancer.pick(candidates, key, () => 0) !== undefined).toBe(moves);
  });

  it("sticky keeps to its sessions whatever subset, tier and place say, and not to what the selector leaves out", () => {
    const balance: BalanceFacts = {
      sticky: {},
      selector: { version: "2" },
      subsetSize: 2,
      priorityLabel: "tier",
      locality: { zone: "a" },
    };
    const balancer = resolveBalancer(balance, { subject, place: { routerId: "r1" } });
    const { random } = createSeededRandom(1);
    const candidates = createCandidates(20);
    for (const [index, candidate] of candidates.list.entries()) {
      candidate.labels = new Map([
        ["version", index < 10 ? "2" : "1"],
        ["tier", String(index % 2)],
        ["zone", index % 3 === 0 ? "a" : "b"],
      ]);
    }
    const named = candidates.list.map(({ instanceId }) => {
      return balancer.pick(candidates, createKeyed(tokenOf(instanceId)), random)?.instanceId ?? "nobody";
    });
    const ids = candidates.list.map(({ instanceId }) => instanceId);
    expect(named.slice(0, 10)).toEqual(ids.slice(0, 10));
    // The others' are keys like any other, for the two of the subset.
    expect(new Set(named.slice(10)).size).toBeLessThanOrEqual(2);
    expect(ids.slice(0, 10)).toEqual(expect.arrayContaining(named.slice(10)));
  });

  it("custom is made by the factory of that name from its parameters", () => {
    const seen: unknown[] = [];
    const factory: BalancerFactory = (parameters) => {
      seen.push(parameters);
      return createRoundRobin();
    };
    const custom = new Map([["same_zone", factory]]);
    resolveBalancer({ custom: { name: "same_zone", parameters: { zone: "eu-1" } } }, { subject, custom });
    resolveBalancer({ custom: { name: "same_zone" } }, { subject, custom });
    expect(seen).toEqual([{ zone: "eu-1" }, {}]);
  });

  it.each<[object, string]>([
    [{}, "balance must name one strategy, received 0"],
    [{ roundRobin: {}, leastRequest: {} }, "balance must name one strategy, received 2"],
    [{ bestOfAll: {} }, `balance must be one of ${balancerNames.join(", ")}, custom, received best_of_all`],
    [{ custom: {} }, 'custom balance must be a registered strategy, and none is registered, received ""'],
    [{ custom: { name: "x" } }, 'custom balance must be a registered strategy, and none is registered, received "x"'],
  ])("%j is refused with its remedy", (balance, problem) => {
    // What no type lets through may still come from a caller without types.
    expect(() => resolveBalancer(balance as BalanceFacts, { subject })).toThrow(
      new RouterError("INVALID_SETTING", `Cannot balance ${subject}: ${problem}`),
    );
  });

  it("custom with an unknown name lists the known ones", () => {
    const custom = new Map([["same_zone", createRoundRobin]]);
    expect(() => resolveBalancer({ custom: { name: "zone" } }, { subject, custom })).toThrow(
      'must be one of same_zone, received "zone"',
    );
  });
});

describe("balancerNames", () => {
  it("has those that the option Balance has for what needs no parameters", () => {
    expect(balancerNames).toEqual(expect.arrayContaining(["round_robin", "least_request", "random"]));
    expect(balancerNames).toEqual(expect.arrayContaining(["weighted_round_robin", "peak_ewma", "pick_first"]));
  });

  it.each(balancerNames)("%s is built in", (name) => {
    expect(resolveBalancer(balanceByName(name as BalancerName), { subject }).name).toBe(name);
  });

  it.each(["", "best_of_all", "custom", "toString"])("%j is not", (name) => {
    expect(() => resolveBalancer(balanceByName(name as BalancerName), { subject })).toThrow("Cannot balance");
  });
});

describe("isRouterError()", () => {
  it("knows its own and others'", () => {
    const error = new RouterError("INVALID_STATE", "Cannot", { cause: "why" });
    expect([isRouterError(error), error.code, error.cause]).toEqual([true, "INVALID_STATE", "why"]);
    expect([isRouterError(new Error("Cannot")), isRouterError("RouterError")]).toEqual([false, false]);
  });
});
