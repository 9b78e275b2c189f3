// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutlierDetection, type OutlierMember } from "./outlier-detection.js";
import { OutlierStats } from "./outlier-stats.js";

interface Member extends OutlierMember {
  readonly name: string;
}

function fleet(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => ({ name: `i${index}`, outlierStats: new OutlierStats() }));
}

/** Ends so many calls on an instance since the last sweep. */
function answer(detection: OutlierDetection, member: OutlierMember, successes: number, failures: number): void {
  for (let count = 0; count < successes; count++) detection.onEnd(member.outlierStats, 0, 0, [member]);
  for (let count = 0; count < failures; count++) detection.onEnd(member.outlierStats, 14, 0, [member]);
}

function names(members: readonly Member[]): string[] {
  return members.map(({ name }) => name);
}

const always = () => 0;

/** Sweeps once after the instances answered; names of the ejected ones. */
function ejectedOf(
  detection: OutlierDetection,
  answers: readonly (readonly [successes: number, failures: number])[],
  random: () => number = always,
): string[] {
  const members = fleet(answers.length);
  answers.forEach(([successes, failures], index) => {
    const member = members[index];
    if (member !== undefined) answer(detection, member, successes, failures);
  });
  return detection.sweep(members, 10_000, random).ejected.map(({ member }) => member.name);
}

const [good, bad] = [
  [100, 0],
  [50, 50],
] as const;
const many = <T>(count: number, item: T): T[] => new Array<T>(count).fill(item);

describe("OutlierDetection by success rate", () => {
  it.each([
    // Envoy's worked figures: with 50, 100, 100, 100, 100 the threshold is 52.
    ["below mean - 1.9 deviations", [bad, ...many(4, good)], ["i0"]],
    ["the last of the list", [...many(4, good), bad], ["i4"]],
    ["three hosts with calls, five needed", [bad, good, good, [10, 0], [10, 0]], []],
    ["an instance with 99 calls, 100 needed", [[49, 50], ...many(5, good)], []],
    ["two of five: too usual for an outlier", [bad, bad, ...many(3, good)], []],
    ["all alike", many(10, bad), []],
    ["no calls at all", many(5, [0, 0] as const), []],
    ["two of twenty", [bad, bad, ...many(18, good)], ["i0", "i1"]],
    ["two of nineteen: one is 10 % at most", [bad, bad, ...many(17, good)], ["i0"]],
  ] as const)("ejects %s", (_case, answers, expected) => {
    expect(ejectedOf(new OutlierDetection({ successRate: {} }), answers)).toEqual(expected);
  });

  it("stdevFactor is in thousandths", () => {
    const answers = [[80, 20], [90, 10], ...many(4, good)] as const;
    // Mean 0.95, deviation 0.0764: 0.80 is 1.96 of them below.
    expect(ejectedOf(new OutlierDetection({ successRate: { stdevFactor: 1_900 } }), answers)).toEqual(["i0"]);
    expect(ejectedOf(new OutlierDetection({ successRate: { stdevFactor: 2_000 } }), answers)).toEqual([]);
  });

  it.each([
    [0, 0, []],
    [30, 0.299, ["i0"]],
    [30, 0.3, []],
    [100, 0.999, ["i0"]],
  ])("enforcementPercent %i with a random of %d", (enforcementPercent, random, expected) => {
    const detection = new OutlierDetection({ successRate: { enforcementPercent } });
    expect(ejectedOf(detection, [bad, ...many(4, good)], () => random)).toEqual(expected);
  });
});

describe("OutlierDetection by failure percentage", () => {
  it.each([
    ["above 85 %", [[14, 86], ...many(4, good)], ["i0"]],
    ["not at 85 %", [[15, 85], ...many(4, good)], []],
    ["whatever the others do: one of five that all fail", many(5, [0, 50] as const), ["i0"]],
    ["not with 49 calls, 50 needed", [[0, 49], ...many(5, good)], []],
    ["not among four with calls, five needed", [[0, 100], ...many(3, good), [20, 0]], []],
  ] as const)("ejects %s", (_case, answers, expected) => {
    expect(ejectedOf(new OutlierDetection({ failurePercentage: {} }), answers)).toEqual(expected);
  });

  it("has its own threshold, volume, hosts and enforcement", () => {
    const facts = { threshold: 20, minRequests: 10, minHosts: 1, enforcementPercent: 50 };
    const detection = new OutlierDetection({ failurePercentage: facts });
    expect(ejectedOf(detection, [[7, 3]], () => 0.49)).toEqual(["i0"]);
    expect(ejectedOf(detection, [[8, 2]], () => 0.49)).toEqual([]);
    expect(ejectedOf(detection, [[7, 3]], () => 0.5)).toEqual([]);
  });

  it("an instance is ejected once, where both algorithms find it", () => {
    const detection = new OutlierDetection({ successRate: {}, failurePercentage: {} });
    const members = fleet(5);
    members.forEach((member, index) => {
      answer(detection, member, index === 0 ? 0 : 100, index === 0 ? 100 : 0);
    });
    const { ejected } = detection.sweep(members, 0, always);
    expect(ejected.map(({ member, cause }) => [member.name, cause])).toEqual([["i0", "successRate"]]);
    expect(members[0]?.outlierStats.multiplier).toBe(1);
  });
});

describe("OutlierDetection by consecutive failures", () => {
  const facts = { consecutiveFailures: 5 };

  it("ejects at once with the failure that makes the row", () => {
    const detection = new OutlierDetection(facts);
    const [member, ...others] = fleet(3);
    if (member === undefined) throw new Error("no member");
    const end = (code: number) => detection.onEnd(member.outlierStats, code, 7, [member, ...others]);
    expect([14, 14, 14, 14, 0, 14, 14, 1, 14, 3].map(end)).not.toContain(true);
    expect([14, 13, 4, 2].map(end)).not.toContain(true);
    expect(end(15)).toBe(true);
    expect(member.outlierStats).toMatchObject({ ejected: true, ejectedMs: 7, multiplier: 1 });
    expect(many(20, 14).map(end)).not.toContain(true);
  });

  it.each([
    ["one of one", 1, 10, 1],
    ["one of two, whatever the percentage", 2, 0, 1],
    ["one of nineteen", 19, 10, 1],
    ["two of twenty", 20, 10, 2],
    ["half of five, whole ones", 5, 50, 2],
    ["all", 4, 100, 4],
  ])("lets out at most %s", (_case, count, maxEjectionPercent, expected) => {
    const detection = new OutlierDetection({ ...facts, maxEjectionPercent });
    const members = fleet(count);
    for (const { outlierStats } of members) {
      for (let failure = 0; failure < 12; failure++) detection.onEnd(outlierStats, 14, 0, members);
    }
    expect(members.filter(({ outlierStats }) => outlierStats.ejected)).toHaveLength(expected);
  });

  it("needs a new row where no more could be out, and after the return", () => {
    const detection = new OutlierDetection(facts);
    const members = fleet(2);
    const [first, second] = members;
    if (first === undefined || second === undefined) throw new Error("no members");
    const fail = ({ outlierStats }: Member) => detection.onEnd(outlierStats, 14, 0, members);
    expect(many(5, first).map(fail).at(-1)).toBe(true);
    expect(many(5, second).map(fail)).not.toContain(true);
    fail(first);
    expect(names(detection.sweep(members, 30_000, always).restored)).toEqual(["i0"]);
    expect(many(4, second).map(fail)).not.toContain(true);
    expect(many(4, first).map(fail)).not.toContain(true);
    expect(fail(first)).toBe(true);
  });

  it("does not eject by them if none are said, nor by codes that are no failures", () => {
    const [member] = fleet(1);
    if (member === undefined) throw new Error("no member");
    const silent = new OutlierDetection({});
    const strict = new OutlierDetection({ consecutiveFailures: 1, failureStatusCodes: [8] });
    expect(many(100, 14).map((code) => silent.onEnd(member.outlierStats, code, 0, [member]))).not.toContain(true);
    expect(strict.onEnd(member.outlierStats, 14, 0, [member])).toBe(false);
    expect(strict.onEnd(member.outlierStats, 8, 0, [member])).toBe(true);
  });
});

describe("OutlierDetection over time", () => {
  it("is out for 30 s times the ejections, up to 300 s, and forgives one with each sweep in rotation", () => {
    const detection = new OutlierDetection({ consecutiveFailures: 1 });
    const members = fleet(2);
    const [member] = members;
    if (member === undefined) throw new Error("no member");
    let nowMs = 0;
    const outMs: number[] = [];
    for (let ejection = 0; ejection < 12; ejection++) {
      const sinceMs = nowMs;
      expect(detection.onEnd(member.outlierStats, 14, nowMs, members)).toBe(true);
      do nowMs += 10_000;
      while (detection.sweep(members, nowMs, always).restored.length === 0);
      outMs.push(nowMs - sinceMs);
    }
    expect(outMs.map((ms) => ms / 1_000)).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
    const multiplier = member.outlierStats.multiplier;
    expect(multiplier, "no more than the longest time needs, or it would take long to fall").toBe(11);
    for (let sweep = 1; sweep <= 3; sweep++) {
      nowMs += 10_000;
      detection.sweep(members, nowMs, always);
      expect(member.outlierStats.multiplier).toBe(multiplier - sweep);
    }
    for (let sweep = 0; sweep < 20; sweep++) detection.sweep(members, nowMs, always);
    expect(member.outlierStats.multiplier).toBe(0);
    detection.onEnd(member.outlierStats, 14, nowMs, members);
    expect(detection.ejectionMs(member.outlierStats)).toBe(30_000);
  });

  it.each([
    ["the larger of base and maximum", { baseEjectionMs: 400_000 }, 400_000],
    ["… also where both are said", { baseEjectionMs: 5_000, maxEjectionMs: 1_000 }, 5_000],
    ["the maximum", { baseEjectionMs: 5_000, maxEjectionMs: 12_000 }, 12_000],
  ])("is out for %s at most", (_case, times, expected) => {
    const detection = new OutlierDetection({ consecutiveFailures: 1, ...times });
    expect(detection.ejectionMs(Object.assign(new OutlierStats(), { multiplier: 5 }))).toBe(expected);
  });

  it("judges a sweep by the calls since the one before, and by no older ones", () => {
    const detection = new OutlierDetection({ failurePercentage: { minHosts: 1 } });
    const members = fleet(1);
    const [member] = members;
    if (member === undefined) throw new Error("no member");
    answer(detection, member, 0, 49);
    expect(detection.sweep(members, 0, always).ejected).toHaveLength(0);
    answer(detection, member, 0, 49);
    expect(detection.sweep(members, 0, always).ejected).toHaveLength(0);
    expect(detection.sweep(members, 0, always).ejected).toHaveLength(0);
    answer(detection, member, 0, 50);
    expect(detection.sweep(members, 0, always).ejected).toHaveLength(1);
  });

  it("does not judge who is out already, so that nobody is ejected twice", () => {
    const detection = new OutlierDetection({ failurePercentage: { minHosts: 1 }, maxEjectionPercent: 100 });
    const members = fleet(1);
    const [member] = members;
    if (member === undefined) throw new Error("no member");
    answer(detection, member, 0, 50);
    detection.sweep(members, 0, always);
    answer(detection, member, 0, 50);
    expect(detection.sweep(members, 10_000, always)).toEqual({ ejected: [], restored: [] });
    expect(member.outlierStats.multiplier).toBe(1);
  });

  it("never has more out than the percentage, or one, whatever the answers", () => {
    const facts = fc.record({
      maxEjectionPercent: fc.nat(100),
      consecutiveFailures: fc.integer({ min: 1, max: 5 }),
      count: fc.integer({ min: 1, max: 30 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(facts, ({ maxEjectionPercent, consecutiveFailures, count, seed }) => {
        const { random, integer } = createSeededRandom(seed);
        const judged = { minRequests: 1, minHosts: 1 };
        const algorithms = {
          successRate: { ...judged, stdevFactor: 500 },
          failurePercentage: { ...judged, threshold: 20 },
        };
        const detection = new OutlierDetection({ maxEjectionPercent, consecutiveFailures, ...algorithms });
        const members = fleet(count);
        for (let sweep = 1; sweep <= 20; sweep++) {
          for (let call = 0; call < 200; call++) {
            const member = members[integer(count)];
            if (member === undefined) continue;
            detection.onEnd(member.outlierStats, random() < 0.4 ? 14 : 0, sweep * 10_000, members);
            const out = members.filter(({ outlierStats }) => outlierStats.ejected).length;
            expect(out).toBeLessThanOrEqual(Math.max(1, (maxEjectionPercent * count) / 100));
          }
          detection.sweep(members, sweep * 10_000, random);
          const out = members.filter(({ outlierStats }) => outlierStats.ejected).length;
          expect(out).toBeLessThanOrEqual(Math.max(1, (maxEjectionPercent * count) / 100));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("isPanicking()", () => {
  it.each([
    [undefined, 5, 10, false],
    [undefined, 4, 10, true],
    [undefined, 1, 2, false],
    [undefined, 0, 1, true],
    [undefined, 0, 0, false],
    [0, 0, 10, false],
    [100, 9, 10, true],
    [100, 10, 10, false],
    [33, 1, 3, false],
    [34, 1, 3, true],
  ])("threshold %s, %i of %i available: %s", (panicThresholdPercent, available, total, expected) => {
    const facts = panicThresholdPercent === undefined ? {} : { panicThresholdPercent };
    expect(new OutlierDetection(facts).isPanicking(available, total)).toBe(expected);
  });
});
