// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import {
  anyCall,
  chiSquare,
  createCall,
  createCandidate,
  createCandidates,
  createRetry,
  describeBalancer,
  type TestCandidate,
} from "./balancer.suite.js";
import { createPickFirst } from "./pick-first.js";

describeBalancer({ create: createPickFirst, name: "pick_first", weighted: false, spread: "one" });
describeBalancer({
  create: () => createPickFirst({ shuffle: true }),
  name: "pick_first",
  weighted: false,
  spread: "one",
});

const { random } = createSeededRandom(1);

describe("createPickFirst()", () => {
  it("picks the first that has registered, whatever the weights", () => {
    const candidates = createCandidates([1, 1_000, 1_000]);
    const balancer = createPickFirst();
    for (let call = 0; call < 20; call++) expect(balancer.pick(candidates, anyCall, random)?.instanceId).toBe("i0");
  });

  it("goes on to the next when the first leaves, and stays there when it comes back", () => {
    const candidates = createCandidates(3);
    const balancer = createPickFirst();
    const [first, second, third] = candidates.list as [TestCandidate, TestCandidate, TestCandidate];
    const after = (list: TestCandidate[]) => {
      candidates.list = list;
      candidates.version++;
      return balancer.pick(candidates, anyCall, random);
    };
    expect(balancer.pick(candidates, anyCall, random)).toBe(first);
    expect(after([second, third])).toBe(second);
    expect(after([second, third, first])).toBe(second);
    expect(after([first, third, second]), "also where the old one is put in front").toBe(second);
    expect(after([first, third])).toBe(first);
    expect(after([])).toBeUndefined();
    expect(after([third, first])).toBe(third);
  });

  it.each([
    ["at its capacity", { openCalls: 2, capacity: 2 }, anyCall],
    ["held back", { ready: false }, anyCall],
    ["behind an open breaker", {}, createCall({ admits: ({ instanceId }) => instanceId !== "i0" })],
    ["where the call has been", {}, createCall({ avoids: ({ instanceId }) => instanceId === "i0" })],
  ])("a call that finds the first %s goes to the next in order, and only that call", (_state, changes, call) => {
    const candidates = createCandidates(3);
    const [first] = candidates.list as [TestCandidate];
    const balancer = createPickFirst();
    const before = { ...first };
    Object.assign(first, changes);
    expect(balancer.pick(candidates, call, random)?.instanceId).toBe("i1");
    Object.assign(first, before);
    expect(balancer.pick(candidates, anyCall, random)).toBe(first);
  });

  it("keeps the order of those that stand by, behind a first from further back", () => {
    const candidates = createCandidates(4);
    const balancer = createPickFirst();
    const [, , third, fourth] = candidates.list as [TestCandidate, TestCandidate, TestCandidate, TestCandidate];
    candidates.list = [third, fourth];
    balancer.pick(candidates, anyCall, random);
    const [one, other] = [createCandidate("one"), createCandidate("other")];
    candidates.list = [one, other, third, fourth];
    candidates.version++;
    expect(balancer.pick(candidates, anyCall, random)).toBe(third);
    expect(balancer.pick(candidates, createRetry(third), random)).toBe(one);
    expect(balancer.pick(candidates, createRetry(third, one), random)).toBe(other);
    expect(balancer.pick(candidates, createRetry(third, one, other), random)).toBe(fourth);
  });

  it("gives each list a first of its own", () => {
    const balancer = createPickFirst();
    const all = createCandidates(3);
    const some = { list: all.list.slice(1), away: [], version: 1 };
    for (let call = 0; call < 5; call++) {
      expect(balancer.pick(all, anyCall, random)).toBe(all.list[0]);
      expect(balancer.pick(some, anyCall, random)).toBe(all.list[1]);
    }
  });
});

describe("createPickFirst() with shuffle", () => {
  it("has each of four as often in each of the four places", () => {
    for (const seed of [1, 2]) {
      const source = createSeededRandom(seed);
      const counts = new Array<number>(16).fill(0);
      for (let round = 0; round < 4_000; round++) {
        const balancer = createPickFirst({ shuffle: true });
        const candidates = createCandidates(4);
        const tried: TestCandidate[] = [];
        for (let place = 0; place < 4; place++) {
          const picked = balancer.pick(candidates, createRetry(...tried), source.random) as TestCandidate;
          tried.push(picked);
          const cell = place * 4 + candidates.list.indexOf(picked);
          counts[cell] = (counts[cell] ?? 0) + 1;
        }
      }
      // 9 degrees of freedom: above 27.9 only once in a thousand seeds.
      expect(chiSquare(counts, new Array<number>(16).fill(1)), `seed ${seed}: ${counts}`).toBeLessThan(27.9);
    }
  });

  it("stays with its first while others come and go", () => {
    const candidates = createCandidates(5);
    const balancer = createPickFirst({ shuffle: true });
    const first = balancer.pick(candidates, anyCall, random) as TestCandidate;
    for (let round = 0; round < 30; round++) {
      candidates.list = [
        createCandidate(`n${round}`),
        ...candidates.list.filter((one) => one === first || round % 2 === 0),
      ];
      candidates.version++;
      expect(balancer.pick(candidates, anyCall, random)).toBe(first);
    }
  });
});
