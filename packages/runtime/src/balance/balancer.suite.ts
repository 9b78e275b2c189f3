// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { BalancedCall, Balancer, Candidate, Candidates } from "./balancer.js";

/** A candidate that a test may change at will. */
export type TestCandidate = { -readonly [Key in keyof Candidate]: Candidate[Key] };

/** A list that a test may change at will. */
export interface TestCandidates extends Candidates<TestCandidate> {
  list: TestCandidate[];
  away: TestCandidate[];
  version: number;
}

/** What the suite needs to know about a strategy. */
export interface BalancerSuiteOptions {
  create(): Balancer;
  readonly name: string;
  /** Calls are spread by weight, also while no call lasts. */
  readonly weighted: boolean;
  /**
   * Whether calls are spread over all candidates, or one has them all while it can take them. "scattered": over all, as
   * evenly as a table happens to be, which `describeHashBalancer` judges. Default "equal".
   */
  readonly spread?: "equal" | "one" | "scattered";
}

/** A call that goes anywhere. */
export const anyCall: BalancedCall = createCall();

/** Creates a call; what is not said is that of one without a key or an earlier attempt. */
export function createCall(changes: Partial<BalancedCall> = {}): BalancedCall {
  return { nowMs: 0, hasKey: false, keyHigh: 0, keyLow: 0, avoids: () => false, admits: () => true, ...changes };
}

/** Creates a call that has been at these candidates. */
export function createRetry(...tried: readonly Candidate[]): BalancedCall {
  return createCall({ avoids: (candidate) => tried.includes(candidate) });
}

/** Creates a candidate that takes calls. */
export function createCandidate(instanceId: string, changes: Partial<Candidate> = {}): TestCandidate {
  return {
    instanceId,
    labels: new Map(),
    weight: 100,
    ready: true,
    openCalls: 0,
    capacity: Number.POSITIVE_INFINITY,
    load: undefined,
    loadMs: Number.NEGATIVE_INFINITY,
    registeredMs: 0,
    healthy: true,
    ...changes,
  };
}

/** Creates a list of candidates with these weights; equal ones if only a count is given. */
export function createCandidates(weights: number | readonly number[]): TestCandidates {
  const given = typeof weights === "number" ? new Array<number>(weights).fill(100) : weights;
  return { list: given.map((weight, index) => createCandidate(`i${index}`, { weight })), away: [], version: 1 };
}

/** How often each candidate is picked in `count` calls that end at once. */
export function countPicks(
  balancer: Balancer,
  candidates: TestCandidates,
  random: () => number,
  count: number,
): Map<string, number> {
  const picks = new Map(candidates.list.map(({ instanceId }) => [instanceId, 0]));
  for (let call = 0; call < count; call++) {
    const id = balancer.pick(candidates, anyCall, random)?.instanceId ?? "nobody";
    picks.set(id, (picks.get(id) ?? 0) + 1);
  }
  return picks;
}

/** Pearson's chi-square of observed counts against shares. */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const all = shares.reduce((sum, share) => sum + share, 0);
  return counts.reduce((sum, count, index) => {
    const expected = (total * (shares[index] ?? 0)) / all;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** What every balancer must do, whatever its strategy. */
export function describeBalancer(options: BalancerSuiteOptions): void {
  const { create, name, spread = "equal" } = options;
  describe(`${name} as a balancer`, () => {
    it("has the name that the option uses", () => {
      expect(create().name).toBe(name);
    });

    if (spread === "equal") describeShares(options);
    else if (spread === "one") describeOne(options);

    it("picks nobody from an empty list", () => {
      expect(create().pick(createCandidates(0), anyCall, createSeededRandom(1).random)).toBeUndefined();
    });

    it.each([
      ["not ready", { ready: false }],
      ["at capacity", { openCalls: 4, capacity: 4 }],
      ["above a capacity that was lowered", { openCalls: 5, capacity: 4 }],
      ["without any capacity", { capacity: 0 }],
    ])("picks nobody if all are %s, and the one that is not", (_state, changes) => {
      const balancer = create();
      const { random } = createSeededRandom(5);
      const candidates = createCandidates(9);
      for (const candidate of candidates.list) Object.assign(candidate, changes);
      expect(balancer.pick(candidates, anyCall, random)).toBeUndefined();
      const free = createCandidate("free");
      candidates.list[6] = free;
      candidates.version++;
      for (let call = 0; call < 50; call++) expect(balancer.pick(candidates, anyCall, random)).toBe(free);
    });

    it("sees a change of a candidate at once, without a new version", () => {
      const balancer = create();
      const { random } = createSeededRandom(6);
      const candidates = createCandidates(3);
      countPicks(balancer, candidates, random, 10);
      const [first, second] = candidates.list as [TestCandidate, TestCandidate];
      first.ready = false;
      second.capacity = 0;
      expect([...countPicks(balancer, candidates, random, 20).values()]).toEqual([0, 0, 20]);
    });

    it("keeps away from the instance to avoid, unless it is the only one", () => {
      const balancer = create();
      const { random } = createSeededRandom(7);
      const candidates = createCandidates([100, 100, 500]);
      const avoid = candidates.list[2] as TestCandidate;
      for (let call = 0; call < 200; call++)
        expect(balancer.pick(candidates, createRetry(avoid), random)).not.toBe(avoid);
      for (const other of candidates.list.slice(0, 2)) other.ready = false;
      for (let call = 0; call < 20; call++) expect(balancer.pick(candidates, createRetry(avoid), random)).toBe(avoid);
    });

    it("asks of every candidate whether the call is admitted there", () => {
      const balancer = create();
      const { random } = createSeededRandom(11);
      const candidates = createCandidates(5);
      const [open] = candidates.list.slice(3);
      const guarded = createCall({ admits: (candidate) => candidate === open });
      for (let call = 0; call < 50; call++) expect(balancer.pick(candidates, guarded, random)).toBe(open);
      const barred = createCall({ admits: () => false });
      for (let call = 0; call < 10; call++) expect(balancer.pick(candidates, barred, random)).toBeUndefined();
    });

    it("follows members that come and go, and never picks one that has gone", () => {
      const source = createSeededRandom(8);
      const balancer = create();
      const candidates = createCandidates(4);
      for (let round = 0; round < 400; round++) {
        const { list } = candidates;
        if (source.random() < 0.5 && list.length < 12) {
          list.push(createCandidate(`n${round}`, { weight: 1 + source.integer(300) }));
        } else {
          list.splice(source.integer(list.length), 1);
        }
        candidates.version++;
        for (let call = 0; call < 5; call++) {
          const picked = balancer.pick(candidates, anyCall, source.random);
          expect(list.length === 0 ? picked === undefined : list.includes(picked as TestCandidate)).toBe(true);
        }
      }
    });

    it("serves several lists at a time", () => {
      const balancer = create();
      const { random } = createSeededRandom(9);
      const all = createCandidates([100, 300, 100]);
      const some: TestCandidates = { list: all.list.slice(0, 2), away: [], version: 1 };
      for (let call = 0; call < 100; call++) {
        expect(some.list).toContain(balancer.pick(some, anyCall, random));
        expect(all.list).toContain(balancer.pick(all, anyCall, random));
      }
      all.list.shift();
      all.version++;
      for (let call = 0; call < 50; call++) expect(all.list).toContain(balancer.pick(all, anyCall, random));
    });

    it("changes neither candidates nor call", () => {
      const balancer = create();
      const list = createCandidates([100, 200]).list.map((candidate) => Object.freeze(candidate));
      const candidates = Object.freeze({ list: Object.freeze(list), away: Object.freeze([]), version: 1 });
      const { random } = createSeededRandom(10);
      for (let call = 0; call < 20; call++)
        balancer.pick(candidates, Object.freeze(createRetry(...list.slice(0, 1))), random);
    });
  });
}

/** Of strategies that spread calls. */
function describeShares({ create, weighted }: BalancerSuiteOptions): void {
  it.each([1, 2, 3, 7])("gives equal shares to %i equal candidates", (size) => {
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const candidates = createCandidates(size);
      const counts = [...countPicks(create(), candidates, random, 7_000).values()];
      // 6 degrees of freedom: above 22.5 only once in a thousand seeds.
      expect(chiSquare(counts, new Array<number>(size).fill(1)), `seed ${seed}`).toBeLessThan(22.5);
    }
  });

  it(`gives shares ${weighted ? "by weight" : "without a look at weights"} while no call lasts`, () => {
    const weights = [100, 200, 50, 150];
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const candidates = createCandidates(weights);
      const counts = [...countPicks(create(), candidates, random, 10_000).values()];
      // 3 degrees of freedom: above 16.3 only once in a thousand seeds.
      expect(chiSquare(counts, weighted ? weights : [1, 1, 1, 1]), `seed ${seed}`).toBeLessThan(16.3);
    }
  });

  it("gives equal shares in each of several lists that take turns by chance", () => {
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const balancer = create();
      const lists = [createCandidates(3), createCandidates(8)] as const;
      const counts = lists.map(({ list }) => new Map(list.map((candidate) => [candidate, 0])));
      for (let call = 0; call < 8_000; call++) {
        const turn = random() < 0.3 ? 0 : 1;
        const picked = balancer.pick(lists[turn], anyCall, random) as TestCandidate;
        counts[turn]?.set(picked, (counts[turn]?.get(picked) ?? 0) + 1);
      }
      for (const count of counts) {
        const shares = new Array<number>(count.size).fill(1);
        // 7 degrees of freedom: above 24.3 only once in a thousand seeds.
        expect(chiSquare([...count.values()], shares), `seed ${seed}`).toBeLessThan(24.3);
      }
    }
  });
}

/** Of strategies by which one has all calls. */
function describeOne({ create }: BalancerSuiteOptions): void {
  it.each([[[100]], [[100, 100, 100]], [[100, 200, 50, 150]]])("gives one of %j all calls", (weights) => {
    for (const seed of [1, 2, 3]) {
      const { random } = createSeededRandom(seed);
      const counts = [...countPicks(create(), createCandidates(weights), random, 500).values()];
      expect(
        counts.filter((count) => count > 0),
        `seed ${seed}`,
      ).toEqual([500]);
    }
  });
}
