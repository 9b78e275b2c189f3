// SPDX-License-Identifier: Apache-2.0
import { KeyHash } from "@grpc-router/protocol";
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { BalancedCall, Balancer } from "./balancer.js";
import {
  chiSquare,
  createCall,
  createCandidate,
  createCandidates,
  type TestCandidate,
  type TestCandidates,
} from "./balancer.suite.js";
import { hashText } from "./hash-text.js";

/** What the suite needs to know about a strategy that goes by keys. */
export interface HashBalancerSuiteOptions {
  create(options?: { readonly boundedLoadFactor: number }): Balancer;
  readonly name: string;
  /** How far shares of keys may be from weights, as a part of the share, beside chance. */
  readonly shareError: number;
  /** Part of the keys of instances that stay, at most, that move when one of ten comes or goes. */
  readonly strayShare: number;
  /** Keys are placed once and remembered, instead of computed: those that have a place keep it when an instance comes. */
  readonly remembers: boolean;
}

/** Creates a call with a key. */
export function createKeyed(key: string, changes: Partial<BalancedCall> = {}): BalancedCall {
  const hash = new KeyHash();
  hashText(key, hash);
  return createCall({ hasKey: true, keyHigh: hash.high, keyLow: hash.low, ...changes });
}

/** Creates calls with as many keys. */
export function createKeys(count: number): BalancedCall[] {
  return Array.from({ length: count }, (_, index) => createKeyed(`key-${index}`));
}

/** Ids of the instances that get the calls, in their order. */
export function placesOf(
  balancer: Balancer,
  candidates: TestCandidates,
  calls: readonly BalancedCall[],
  random: () => number,
): string[] {
  return calls.map((call) => balancer.pick(candidates, call, random)?.instanceId ?? "nobody");
}

/** What every balancer that goes by keys must do. */
export function describeHashBalancer(options: HashBalancerSuiteOptions): void {
  const { create, name, remembers, shareError } = options;
  const keys = createKeys(4_000);
  describe(`${name} as a balancer by keys`, () => {
    it("sends a key to the same instance again, whoever picks in between", () => {
      const { random } = createSeededRandom(21);
      const balancer = create();
      const candidates = createCandidates(7);
      const before = placesOf(balancer, candidates, keys, random);
      placesOf(balancer, candidates, [...keys.slice(0, 100), createCall(), ...createKeys(5_000).slice(4_000)], random);
      expect(placesOf(balancer, candidates, keys, random)).toEqual(before);
    });

    it("keeps keys in place while labels, loads and the order of the list change", () => {
      const { random } = createSeededRandom(22);
      const balancer = create();
      const candidates = createCandidates([100, 200, 50, 150]);
      const before = placesOf(balancer, candidates, keys, random);
      candidates.list.reverse();
      for (const candidate of candidates.list) candidate.labels = new Map([["version", "2"]]);
      candidates.version++;
      expect(placesOf(balancer, candidates, keys, random)).toEqual(before);
    });

    it.each([[[100, 100, 100, 100, 100]], [[100, 200, 50, 150]]])("gives keys by weight to %j", (weights) => {
      const { random } = createSeededRandom(23);
      const candidates = createCandidates(weights);
      const places = placesOf(create(), candidates, keys, random);
      const counts = candidates.list.map(({ instanceId }) => places.filter((place) => place === instanceId).length);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      // 4 degrees of freedom at most: above 18.5 only once in a thousand sets of keys.
      if (shareError === 0) expect(chiSquare(counts, weights), `${counts}`).toBeLessThan(18.5);
      weights.forEach((weight, index) => {
        const share = (keys.length * weight) / sum;
        const error = Math.abs((counts[index] ?? 0) - share);
        // Three standard deviations of a count by chance.
        expect(error, `i${index}: ${counts[index]} of ${share}`).toBeLessThan(
          share * shareError + 3 * Math.sqrt(share),
        );
      });
    });

    describeDisruption(options, keys);

    it("goes past instances that cannot take a key's call, each time to the same, and back home", () => {
      const { random } = createSeededRandom(24);
      const balancer = create();
      const candidates = createCandidates(5);
      const [away] = candidates.list as [TestCandidate];
      const before = placesOf(balancer, candidates, keys, random);
      const theirs = keys.filter((_, index) => before[index] === away.instanceId);
      for (const changes of [{ ready: false }, { capacity: 0 }]) {
        Object.assign(away, changes);
        const others = placesOf(balancer, candidates, theirs, random);
        expect(new Set(others)).toEqual(new Set(["i1", "i2", "i3", "i4"]));
        expect(placesOf(balancer, candidates, theirs, random)).toEqual(others);
        Object.assign(away, { ready: true, capacity: Number.POSITIVE_INFINITY });
        expect(placesOf(balancer, candidates, keys, random)).toEqual(before);
      }
    });

    it("sends a retry elsewhere, and the key's next call home", () => {
      const { random } = createSeededRandom(25);
      const balancer = create();
      const candidates = createCandidates(5);
      for (const call of keys.slice(0, 200)) {
        const home = balancer.pick(candidates, call, random);
        const other = balancer.pick(candidates, { ...call, avoids: (one) => one === home }, random);
        expect([undefined, home]).not.toContain(other);
        expect(balancer.pick(candidates, call, random)).toBe(home);
        expect(balancer.pick(candidates, { ...call, avoids: () => true }, random)).toBeDefined();
      }
    });

    it.each([
      ["not ready", { ready: false }],
      ["at capacity", { openCalls: 4, capacity: 4 }],
    ])("picks nobody for a key if all are %s", (_state, changes) => {
      const { random } = createSeededRandom(26);
      const balancer = create();
      const candidates = createCandidates(9);
      placesOf(balancer, candidates, keys.slice(0, 50), random);
      for (const candidate of candidates.list) Object.assign(candidate, changes);
      expect(new Set(placesOf(balancer, candidates, keys.slice(0, 100), random))).toEqual(new Set(["nobody"]));
    });

    it("picks nobody for a key if it is admitted nowhere, or there is nobody", () => {
      const { random } = createSeededRandom(27);
      const balancer = create();
      expect(balancer.pick(createCandidates(3), createKeyed("a", { admits: () => false }), random)).toBeUndefined();
      expect(balancer.pick(createCandidates(0), createKeyed("a"), random)).toBeUndefined();
    });

    it("finds a free instance whatever the key, also among a thousand", () => {
      const { random } = createSeededRandom(28);
      const balancer = create();
      const candidates = createCandidates(1_000);
      for (const candidate of candidates.list) candidate.ready = false;
      const free = candidates.list[777] as TestCandidate;
      free.ready = true;
      for (const call of keys.slice(0, 50)) expect(balancer.pick(candidates, call, random)).toBe(free);
    });

    // What an instance of the strategy remembers, others do not know.
    if (!remembers) {
      describeAgreement(options, keys);
      describeBound(options);
    }
  });
}

function describeAgreement({ create }: HashBalancerSuiteOptions, keys: BalancedCall[]) {
  it("sends a key to the same instance by each router, in whatever order instances came", () => {
    const { random } = createSeededRandom(29);
    const candidates = createCandidates([100, 50, 200, 100, 100, 70]);
    const reversed: TestCandidates = { ...candidates, list: candidates.list.toReversed() };
    const places = placesOf(create(), candidates, keys, random);
    expect(placesOf(create(), reversed, keys, random)).toEqual(places);
  });
}

function describeDisruption(
  { create, remembers, shareError, strayShare }: HashBalancerSuiteOptions,
  keys: BalancedCall[],
) {
  it("moves the keys of an instance that leaves, spread over the others, and few more", () => {
    for (let gone = 0; gone < 10; gone++) {
      const { random } = createSeededRandom(31 + gone);
      const balancer = create();
      const candidates = createCandidates(10);
      const before = placesOf(balancer, candidates, keys, random);
      candidates.list.splice(gone, 1);
      candidates.version++;
      const after = placesOf(balancer, candidates, keys, random);
      const stray = after.filter((place, index) => place !== before[index] && before[index] !== `i${gone}`);
      expect(stray.length / keys.length, `i${gone}`).toBeLessThanOrEqual(strayShare);
      expect(after).not.toContain(`i${gone}`);
      const heirs = after.filter((_, index) => before[index] === `i${gone}`);
      expect(new Set(heirs).size, `i${gone}`).toBe(9);
    }
  });

  it(`gives an instance that comes ${remembers ? "new keys" : "its share of the keys"}, and moves few others`, () => {
    const { random } = createSeededRandom(41);
    const balancer = create();
    const candidates = createCandidates(9);
    const before = placesOf(balancer, candidates, keys, random);
    candidates.list.push(createCandidate("new"));
    candidates.version++;
    const after = placesOf(balancer, candidates, keys, random);
    const taken = after.filter((place) => place === "new").length;
    const stray = after.filter((place, index) => place !== before[index] && place !== "new").length;
    expect(stray / keys.length).toBeLessThanOrEqual(strayShare);
    const share = keys.length / 10;
    if (remembers) expect(taken).toBe(0);
    else expect(Math.abs(taken - share), `${taken}`).toBeLessThan(share * shareError + 3 * Math.sqrt(share));
    const later = createKeys(8_000).slice(4_000);
    expect(placesOf(balancer, candidates, later, random)).toContain("new");
  });

  it("keeps most keys in place through churn, and never picks one that has gone", () => {
    const source = createSeededRandom(42);
    const balancer = create();
    const candidates = createCandidates(10);
    const few = keys.slice(0, 500);
    let before = placesOf(balancer, candidates, few, source.random);
    let stray = 0;
    for (let round = 0; round < 60; round++) {
      const { list } = candidates;
      const comes = list.length < 8 || (list.length < 12 && source.random() < 0.5);
      const gone = comes ? undefined : list.splice(source.integer(list.length), 1)[0]?.instanceId;
      if (comes) list.push(createCandidate(`n${round}`));
      candidates.version++;
      const after = placesOf(balancer, candidates, few, source.random);
      const ids = new Set(list.map(({ instanceId }) => instanceId));
      expect(after.filter((place) => !ids.has(place))).toEqual([]);
      stray += after.filter((place, index) => {
        return place !== before[index] && place !== `n${round}` && before[index] !== gone;
      }).length;
      before = after;
    }
    expect(stray / (60 * few.length)).toBeLessThanOrEqual(strayShare);
  });
}

/** Open calls that `candidate` may have under a bound, as the paper has it: the mean's multiple by weight, rounded up. */
function boundOf(candidate: TestCandidate, list: readonly TestCandidate[], factor: number): number {
  const open = list.reduce((sum, one) => sum + one.openCalls, 0);
  const weights = list.reduce((sum, one) => sum + one.weight, 0);
  return Math.ceil((factor * (open + 1) * candidate.weight) / weights - 1e-6);
}

function describeBound({ create }: HashBalancerSuiteOptions): void {
  it.each([
    [1, [100, 100, 100, 100]],
    [1.25, [100, 100, 100, 100, 100, 100, 100]],
    [1.25, [100, 200, 50, 150]],
    [2, [100, 300, 100]],
  ])("holds %d times the mean on %j, while keys are hot and calls end by chance", (boundedLoadFactor, weights) => {
    for (const seed of [51, 52, 53]) {
      const source = createSeededRandom(seed);
      const balancer = create({ boundedLoadFactor });
      const candidates = createCandidates(weights);
      const keys = createKeys(50);
      const flying: TestCandidate[] = [];
      for (let round = 0; round < 3_000; round++) {
        // Half of the calls have the first key, a quarter the second …
        const key = Math.floor(-Math.log2(1 - source.random()));
        const picked = balancer.pick(candidates, keys[key] as BalancedCall, source.random) as TestCandidate;
        const bound = boundOf(picked, candidates.list, boundedLoadFactor);
        picked.openCalls++;
        expect(picked.openCalls, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(bound);
        flying.push(picked);
        while (flying.length > 60 || (flying.length > 0 && source.random() < 0.3)) {
          const [ended] = flying.splice(source.integer(flying.length), 1);
          if (ended !== undefined) ended.openCalls--;
        }
      }
    }
  });

  it("leaves keys at home while the bound allows it", () => {
    const { random } = createSeededRandom(54);
    const candidates = createCandidates(8);
    const keys = createKeys(500);
    const unbounded = placesOf(create(), candidates, keys, random);
    for (const candidate of candidates.list) candidate.openCalls = 10;
    expect(placesOf(create({ boundedLoadFactor: 1.25 }), candidates, keys, random)).toEqual(unbounded);
  });

  it("counts only those with room, and takes the least busy where all of them are above the bound", () => {
    const { random } = createSeededRandom(55);
    const candidates = createCandidates(4);
    const [full, out, busy, busier] = candidates.list as [TestCandidate, TestCandidate, TestCandidate, TestCandidate];
    Object.assign(full, { openCalls: 1, capacity: 1 });
    Object.assign(out, { ready: false });
    Object.assign(busy, { openCalls: 90 });
    Object.assign(busier, { openCalls: 100 });
    const balancer = create({ boundedLoadFactor: 1.25 });
    // The mean of the two is 95, so both are within the bound and keys stay at home.
    expect(new Set(placesOf(balancer, candidates, createKeys(100), random))).toEqual(new Set(["i2", "i3"]));
    // Idle, but not for these calls: its zero is in the mean, which is 63.
    Object.assign(out, { ready: true });
    const guarded = createKeys(100).map((call) => ({ ...call, admits: (one: unknown) => one !== out }));
    expect(new Set(placesOf(balancer, candidates, guarded, random))).toEqual(new Set(["i2"]));
  });

  it("sends a retry above the bound rather than to where it has been", () => {
    const { random } = createSeededRandom(56);
    const candidates = createCandidates(2);
    const [idle, busy] = candidates.list as [TestCandidate, TestCandidate];
    busy.openCalls = 50;
    const balancer = create({ boundedLoadFactor: 1.25 });
    for (const call of createKeys(50)) {
      expect(balancer.pick(candidates, { ...call, avoids: (one) => one === idle }, random)).toBe(busy);
    }
  });

  it.each([0.99, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a load factor of %d", (boundedLoadFactor) => {
    expect(() => create({ boundedLoadFactor })).toThrow(
      `boundedLoadFactor must be 1 or more, received ${boundedLoadFactor}`,
    );
  });
}
