// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { anyCall, createCandidates, createRetry, type TestCandidate, type TestCandidates } from "./balancer.suite.js";
import { DeadlineSchedule } from "./deadline-schedule.js";

function createSchedule(candidates: TestCandidates, seed = 1, bias = 0) {
  const schedule = new DeadlineSchedule(bias);
  const { random } = createSeededRandom(seed);
  const update = () =>
    schedule.update(
      candidates.list,
      Float64Array.from(candidates.list, ({ weight }) => weight),
      random,
    );
  update();
  const pick = (call = anyCall) => schedule.pick(candidates.list, call)?.instanceId ?? "nobody";
  /** How often each is picked. */
  const share = (picks: number) => {
    const counts = new Map(candidates.list.map(({ instanceId }) => [instanceId, 0]));
    for (let call = 0; call < picks; call++) {
      const id = pick();
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return [...counts.values()];
  };
  return { update, pick, share };
}

/** Fewest and most picks between two of the same candidate. */
function gaps(ids: readonly string[], id: string): { least: number; most: number } {
  const places = ids.flatMap((other, place) => (other === id ? [place] : []));
  const between = places.slice(1).map((place, index) => place - (places[index] ?? 0));
  return { least: Math.min(...between), most: Math.max(...between) };
}

describe("DeadlineSchedule", () => {
  it.each([[[1, 1, 1]], [[3, 1]], [[5, 1, 1]], [[1, 2, 3, 4, 5]], [[1000, 1]], [[0.5, 0.25, 0.25]], [[7, 7, 7, 700]]])(
    "pick() of weights %j is never more than a turn away from their shares",
    (weights) => {
      for (const seed of [1, 2, 3]) {
        const { share } = createSchedule(createCandidates(weights), seed);
        const sum = weights.reduce((all, weight) => all + weight, 0);
        const total = weights.map(() => 0);
        for (let round = 1; round <= 40; round++) {
          share(17).forEach((count, index) => {
            total[index] = (total[index] ?? 0) + count;
            const expected = (17 * round * (weights[index] ?? 0)) / sum;
            expect(
              Math.abs((total[index] ?? 0) - expected),
              `seed ${seed}, round ${round}, ${total}`,
            ).toBeLessThanOrEqual(weights.length);
          });
        }
      }
    },
  );

  it("pick() keeps the turns of one candidate apart", () => {
    const { pick } = createSchedule(createCandidates([5, 1, 1, 1, 1, 1]));
    const ids = Array.from({ length: 1_000 }, () => pick());
    expect(gaps(ids, "i0")).toEqual({ least: 1, most: 3 });
    const lightest = gaps(ids, "i1");
    expect(lightest.least).toBeGreaterThanOrEqual(9);
    expect(lightest.most).toBeLessThanOrEqual(11);
  });

  it("starts by chance: who is first differs between routers", () => {
    const firsts = new Set<string>();
    for (let seed = 0; seed < 60; seed++) firsts.add(createSchedule(createCandidates([1, 2, 3]), seed).pick());
    expect([...firsts].sort()).toEqual(["i0", "i1", "i2"]);
  });

  it.each([
    [[100, 300, 200], 0],
    [[1, 1, 1_000], 2],
  ])("of %j shares out by weight what %i cannot take", (weights, blocked) => {
    const candidates = createCandidates(weights);
    const { share } = createSchedule(candidates);
    const [one] = candidates.list.slice(blocked);
    share(10);
    if (one !== undefined) one.ready = false;
    const rest = weights.filter((_, index) => index !== blocked);
    const sum = rest.reduce((all, weight) => all + weight, 0);
    const counts = share(1_000);
    expect(counts[blocked]).toBe(0);
    counts
      .filter((_, index) => index !== blocked)
      .forEach((count, index) => {
        expect(Math.abs(count - (1_000 * (rest[index] ?? 0)) / sum)).toBeLessThanOrEqual(3);
      });
  });

  it.each([0.001, 1, 1_000])(
    "gives one of weight %d that comes back its share, and nothing for the time before",
    (weight) => {
      const candidates = createCandidates([weight, 1, 2]);
      const [first] = candidates.list as [TestCandidate];
      const { share } = createSchedule(candidates);
      first.ready = false;
      share(10_000);
      first.ready = true;
      const [count = 0] = share(300);
      expect(Math.abs(count - (300 * weight) / (weight + 3))).toBeLessThanOrEqual(2);
    },
  );

  it("leaves the turn of one that a retry avoids to the next call", () => {
    const candidates = createCandidates([3, 1, 1]);
    const { pick } = createSchedule(candidates);
    for (let round = 0; round < 50; round++) {
      const next = createSchedule(candidates);
      for (let call = 0; call < round; call++) next.pick();
      const id = pick();
      const [head] = candidates.list.filter(({ instanceId }) => instanceId === id);
      if (head === undefined) throw new Error("nobody picked");
      expect(next.pick(createRetry(head))).not.toBe(head.instanceId);
      expect(next.pick()).toBe(head.instanceId);
    }
  });

  it("update() keeps what is left of each turn, so that many of them change no share", () => {
    for (const seed of [1, 2, 3]) {
      const candidates = createCandidates([1, 3, 6]);
      const { update, pick } = createSchedule(candidates, seed);
      const counts = new Map<string, number>();
      for (let call = 0; call < 1_000; call++) {
        // The same shares, in another unit.
        for (const candidate of candidates.list) candidate.weight *= call % 2 === 0 ? 7 : 1 / 7;
        update();
        const id = pick();
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      expect(Math.abs((counts.get("i0") ?? 0) - 100), `seed ${seed}`).toBeLessThanOrEqual(2);
      expect(Math.abs((counts.get("i1") ?? 0) - 300), `seed ${seed}`).toBeLessThanOrEqual(2);
    }
  });

  it("update() makes new weights count at once", () => {
    const candidates = createCandidates([1_000, 1]);
    const { update, share } = createSchedule(candidates);
    share(500);
    const [one, other] = candidates.list as [TestCandidate, TestCandidate];
    one.weight = 1;
    other.weight = 3;
    update();
    const [count = 0] = share(400);
    expect(Math.abs(count - 100)).toBeLessThanOrEqual(2);
  });

  it("update() takes members in and out, also one that has been there", () => {
    const candidates = createCandidates([1, 2, 3]);
    const { update, share } = createSchedule(candidates);
    const [first] = candidates.list as [TestCandidate];
    candidates.list.shift();
    update();
    expect(share(50)).toEqual([20, 30]);
    candidates.list.push(first);
    update();
    const counts = share(600);
    [200, 300, 100].forEach((expected, index) => {
      expect(Math.abs((counts[index] ?? 0) - expected)).toBeLessThanOrEqual(2);
    });
  });

  it.each([
    [0, 0.5],
    [1, 0.1],
    [2, 1 / 82],
  ])("with bias %d, eight more open calls leave one of two a share of %d", (bias, share) => {
    const candidates = createCandidates(2);
    const [busy] = candidates.list as [TestCandidate];
    busy.openCalls = 8;
    const { share: count } = createSchedule(candidates, 1, bias);
    expect(Math.abs((count(8_200)[0] ?? 0) - 8_200 * share)).toBeLessThanOrEqual(1);
  });

  it("gives one of a hundred that come back no more than its share", () => {
    const candidates = createCandidates([...new Array<number>(100).fill(1), 2, 2]);
    const { share } = createSchedule(candidates);
    for (const candidate of candidates.list.slice(0, 100)) candidate.ready = false;
    share(10_000);
    for (const candidate of candidates.list.slice(0, 1)) candidate.ready = true;
    expect(Math.abs((share(300)[0] ?? 0) - 60)).toBeLessThanOrEqual(2);
  });

  it("never loses a turn beside the time that has passed", () => {
    const candidates = createCandidates([1e-18, 1, 2]);
    const { share } = createSchedule(candidates);
    const others = candidates.list.slice(1);
    for (const candidate of others) candidate.ready = false;
    share(3);
    for (const candidate of others) candidate.ready = true;
    share(10);
    const counts = share(300);
    [0, 100, 200].forEach((expected, index) => {
      expect(Math.abs((counts[index] ?? 0) - expected), `${counts}`).toBeLessThanOrEqual(2);
    });
  });

  it("knows nothing of one that comes back after the time began anew", () => {
    const candidates = createCandidates([1, 2, 3]);
    const { update, share } = createSchedule(candidates, 1, 10);
    const [first] = candidates.list as [TestCandidate];
    // A turn lasts a million, and half of that passes with each: 2^32 is after 8,590 of them.
    for (const candidate of candidates.list) candidate.openCalls = 1_000;
    share(7_000);
    candidates.list = candidates.list.slice(1);
    update();
    share(5_000);
    for (const candidate of [first, ...candidates.list]) candidate.openCalls = 0;
    candidates.list.push(first);
    update();
    // The others are in the middle of long turns.
    expect(share(600)[2]).toBeGreaterThanOrEqual(100);
  });
});
