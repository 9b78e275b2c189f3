// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { anyCall, createCandidates, describeBalancer } from "./balancer.suite.js";
import { createRoundRobin } from "./round-robin.js";

describeBalancer({ create: createRoundRobin, name: "round_robin", weighted: false });

describe("createRoundRobin()", () => {
  it("goes around in order, from a random start", () => {
    const starts = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { random } = createSeededRandom(seed);
      const balancer = createRoundRobin();
      const candidates = createCandidates(4);
      const ids = Array.from({ length: 9 }, () => balancer.pick(candidates, anyCall, random)?.instanceId ?? "");
      const start = Number(ids[0]?.slice(1));
      expect(ids).toEqual(Array.from({ length: 9 }, (_, index) => `i${(start + index) % 4}`));
      starts.add(ids[0] ?? "");
    }
    expect(starts.size).toBe(4);
  });

  it("passes over who cannot take the call without giving its turn twice to the next", () => {
    const { random } = createSeededRandom(1);
    const balancer = createRoundRobin();
    const candidates = createCandidates(3);
    const second = candidates.list[1];
    if (second !== undefined) second.ready = false;
    const ids = Array.from({ length: 6 }, () => balancer.pick(candidates, anyCall, random)?.instanceId);
    expect(ids.filter((id) => id === "i0")).toHaveLength(3);
    expect(ids.filter((id) => id === "i2")).toHaveLength(3);
  });

  it("goes on at the front when the list has become shorter than its place", () => {
    const balancer = createRoundRobin();
    const candidates = createCandidates(5);
    balancer.pick(candidates, anyCall, () => 0.7);
    candidates.list.length = 2;
    candidates.version++;
    expect(balancer.pick(candidates, anyCall, () => 0)?.instanceId).toBe("i0");
  });
});
