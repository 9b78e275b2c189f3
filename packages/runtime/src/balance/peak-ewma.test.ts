// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import type { Balancer } from "./balancer.js";
import {
  anyCall,
  chiSquare,
  countPicks,
  createCall,
  createCandidate,
  createCandidates,
  createRetry,
  describeBalancer,
  type TestCandidate,
  type TestCandidates,
} from "./balancer.suite.js";
import { createPeakEwma } from "./peak-ewma.js";

describeBalancer({ create: createPeakEwma, name: "peak_ewma", weighted: true });

function pair(): [TestCandidates, TestCandidate, TestCandidate] {
  const candidates = createCandidates(2);
  const [one, other] = candidates.list as [TestCandidate, TestCandidate];
  return [candidates, one, other];
}

/** The one that is always picked. */
function favourite(balancer: Balancer, candidates: TestCandidates, nowMs = 0): string {
  const { random } = createSeededRandom(1);
  const call = createCall({ nowMs });
  const ids = Array.from({ length: 60 }, () => balancer.pick(candidates, call, random)?.instanceId ?? "nobody");
  return [...new Set(ids)].sort().join(" and ");
}

interface Behaviour {
  readonly latencyMs: number;
  /** Status code of all answers; OK if absent. */
  readonly code?: number;
}

/** Calls that come by chance, one each 2 ms on average, from `untilMs` - 10 s on; how many each instance got in these 10 s. */
function simulate(behaviours: readonly Behaviour[], balancer: Balancer, seed: number): number[] {
  const { random } = createSeededRandom(seed);
  const candidates = createCandidates(behaviours.length);
  const counts = behaviours.map(() => 0);
  const flying: { index: number; startMs: number; endMs: number }[] = [];
  for (let nowMs = 0; nowMs < 20_000; nowMs += -2 * Math.log(1 - random())) {
    for (const call of flying.filter(({ endMs }) => endMs <= nowMs).sort((one, other) => one.endMs - other.endMs)) {
      flying.splice(flying.indexOf(call), 1);
      const candidate = candidates.list[call.index] as TestCandidate;
      candidate.openCalls--;
      balancer.onEnd?.(candidate, {
        code: behaviours[call.index]?.code ?? 0,
        latencyMs: call.endMs - call.startMs,
        nowMs: call.endMs,
      });
    }
    const picked = balancer.pick(candidates, createCall({ nowMs }), random) as TestCandidate;
    const index = candidates.list.indexOf(picked);
    picked.openCalls++;
    if (nowMs > 10_000) counts[index] = (counts[index] ?? 0) + 1;
    const latencyMs = (behaviours[index]?.latencyMs ?? 0) * (0.5 + random());
    flying.push({ index, startMs: nowMs, endMs: nowMs + latencyMs });
  }
  return counts;
}

describe("createPeakEwma()", () => {
  it("of two picks the one that has answered faster, always", () => {
    const [candidates, one, other] = pair();
    const balancer = createPeakEwma();
    balancer.onEnd?.(one, { code: 0, latencyMs: 50, nowMs: 0 });
    balancer.onEnd?.(other, { code: 0, latencyMs: 40, nowMs: 0 });
    expect(favourite(balancer, candidates)).toBe("i1");
  });

  it.each([
    [0, "i0"],
    [2, "i0"],
    [3, "i0 and i1"],
    [4, "i1"],
  ])("at a quarter of the latency, with %i calls in flight against none, picks %s", (openCalls, picked) => {
    const [candidates, fast, slow] = pair();
    const balancer = createPeakEwma();
    balancer.onEnd?.(fast, { code: 0, latencyMs: 50, nowMs: 0 });
    balancer.onEnd?.(slow, { code: 0, latencyMs: 200, nowMs: 0 });
    fast.openCalls = openCalls;
    expect(favourite(balancer, candidates)).toBe(picked);
  });

  // 2 × 2 + 1 against open calls × ⅔ + 1, weights 100 and 300; the worse one has what neither draw hits the better for.
  it.each([
    [5, 1 / 16],
    [7, 7 / 16],
  ])(
    "counts calls in flight relative to the weight: with %i of the larger, %d go to the smaller",
    (openCalls, share) => {
      const [candidates, small, large] = pair();
      large.weight = 300;
      small.openCalls = 2;
      large.openCalls = openCalls;
      const { random } = createSeededRandom(2);
      const counts = countPicks(createPeakEwma(), candidates, random, 1_600);
      expect(Math.abs((counts.get("i0") ?? 0) - 1_600 * share)).toBeLessThan(60);
    },
  );

  it("takes one that has not answered yet for one of defaultRttMs", () => {
    const [candidates, known] = pair();
    const balancer = createPeakEwma({ defaultRttMs: 70 });
    balancer.pick(candidates, anyCall, Math.random);
    balancer.onEnd?.(known, { code: 0, latencyMs: 71, nowMs: 0 });
    expect(favourite(balancer, candidates)).toBe("i1");
    const newcomer = createCandidate("new");
    candidates.list = [known, newcomer];
    candidates.version++;
    // 71 × e^-0.02 is 69.6 by then.
    expect(favourite(balancer, candidates, 200)).toBe("i0");
  });

  it("tries one that was slow again, by and by", () => {
    const [candidates, slow, fast] = pair();
    const balancer = createPeakEwma({ decayMs: 1_000 });
    balancer.onEnd?.(slow, { code: 0, latencyMs: 1_000, nowMs: 0 });
    for (const nowMs of [0, 2_000, 4_000, 5_000]) {
      balancer.onEnd?.(fast, { code: 0, latencyMs: 10, nowMs });
      // ln(1000 / 10) is 4.6.
      expect(favourite(balancer, candidates, nowMs), `at ${nowMs}`).toBe(nowMs < 4_605 ? "i1" : "i0");
    }
  });

  it.each([
    [0, "i0"],
    [2, "i1"],
    [3, "i0"],
    [4, "i1"],
    [5, "i0"],
    [8, "i1"],
    [12, "i0"],
    [13, "i1"],
    [14, "i1"],
    [15, "i1"],
    [16, "i0"],
    [99, "i1"],
  ])("after code %i in 1 ms, against OK in 900 ms, picks %s", (code, picked) => {
    const [candidates, failing, slow] = pair();
    const balancer = createPeakEwma();
    balancer.onEnd?.(failing, { code, latencyMs: 1, nowMs: 0 });
    balancer.onEnd?.(slow, { code: 0, latencyMs: 900, nowMs: 0 });
    expect(favourite(balancer, candidates)).toBe(picked);
  });

  it("counts a failure that took longer than failureLatencyMs as it was", () => {
    const [candidates, failing, slow] = pair();
    const balancer = createPeakEwma({ failureLatencyMs: 100 });
    balancer.onEnd?.(failing, { code: 14, latencyMs: 1, nowMs: 0 });
    balancer.onEnd?.(slow, { code: 0, latencyMs: 150, nowMs: 0 });
    expect(favourite(balancer, candidates)).toBe("i0");
    balancer.onEnd?.(failing, { code: 14, latencyMs: 200, nowMs: 0 });
    expect(favourite(balancer, candidates)).toBe("i1");
  });

  it("takes a cancelled call for the least that the answer would have taken", () => {
    const [candidates, cancelled, other] = pair();
    const balancer = createPeakEwma();
    for (const candidate of [cancelled, other]) balancer.onEnd?.(candidate, { code: 0, latencyMs: 50, nowMs: 0 });
    balancer.onEnd?.(cancelled, { code: 1, latencyMs: 2, nowMs: 10_000 });
    balancer.onEnd?.(cancelled, { code: 0, latencyMs: 40, nowMs: 10_000 });
    balancer.onEnd?.(other, { code: 0, latencyMs: 38, nowMs: 10_000 });
    // 43.7 and 42.4; had the 2 ms counted, 40 would have been a peak over 19.7.
    expect(favourite(balancer, candidates, 10_000)).toBe("i1");
    balancer.onEnd?.(other, { code: 1, latencyMs: 300, nowMs: 10_000 });
    expect(favourite(balancer, candidates, 10_000)).toBe("i0");
  });

  it("knows those that stay when others come and go, also from another list", () => {
    const [candidates, slow, fast] = pair();
    const balancer = createPeakEwma();
    balancer.pick(candidates, anyCall, Math.random);
    balancer.onEnd?.(slow, { code: 0, latencyMs: 500, nowMs: 0 });
    balancer.onEnd?.(fast, { code: 0, latencyMs: 400, nowMs: 0 });
    candidates.list = [fast, slow];
    candidates.version++;
    expect(favourite(balancer, candidates)).toBe("i1");
    expect(favourite(balancer, { list: [slow, fast], away: [], version: 1 })).toBe("i1");
  });

  it("of those left by a retry, or full, picks the fastest", () => {
    const { random } = createSeededRandom(3);
    const candidates = createCandidates(30);
    const balancer = createPeakEwma();
    candidates.list.forEach((candidate, index) => {
      candidate.capacity = index < 27 ? 0 : 10;
      balancer.onEnd?.(candidate, { code: 0, latencyMs: 100 - index, nowMs: 0 });
    });
    const [slow, fast, fastest] = candidates.list.slice(27) as [TestCandidate, TestCandidate, TestCandidate];
    const counts = countPicks(balancer, candidates, random, 200);
    // Unless one of the others is drawn: 2 draws, 3 of 30.
    expect(counts.get(fastest.instanceId)).toBeGreaterThan(150);
    for (let call = 0; call < 20; call++) {
      expect(balancer.pick(candidates, createRetry(fastest, fast), random)).toBe(slow);
      expect(balancer.pick(candidates, createRetry(fastest, fast, slow), random)).toBe(fastest);
    }
  });

  it.each([
    [undefined, 2],
    [1, 2],
    [5.5, 5],
    [99, 10],
  ])("choiceCount %d compares %i", (choiceCount, compared) => {
    let draws = 0;
    const random = () => {
      draws++;
      return 0.5;
    };
    createPeakEwma(choiceCount === undefined ? {} : { choiceCount }).pick(createCandidates(20), anyCall, random);
    expect(draws).toBe(compared);
  });

  it("gives equally fast instances equal shares under load", () => {
    for (const seed of [1, 2]) {
      const counts = simulate(new Array(4).fill({ latencyMs: 20 }), createPeakEwma(), seed);
      // Not by chance alone: within a tenth of each other.
      expect(Math.max(...counts) / Math.min(...counts), `seed ${seed}: ${counts}`).toBeLessThan(1.1);
      expect(chiSquare(counts, [1, 1, 1, 1])).toBeLessThan(16.3);
    }
  });

  it("leaves little for one that is 5 times slower, and for one that fails at once", () => {
    const behaviours = [...new Array(4).fill({ latencyMs: 20 }), { latencyMs: 100 }, { latencyMs: 1, code: 14 }];
    for (const seed of [1, 2]) {
      const share = (failureLatencyMs: number) => {
        const counts = simulate(behaviours, createPeakEwma({ failureLatencyMs }), seed);
        const sum = counts.reduce((all, count) => all + count, 0);
        return { slow: (counts[4] ?? 0) / sum, failing: (counts[5] ?? 0) / sum };
      };
      const { slow, failing } = share(1_000);
      expect(slow, `seed ${seed}`).toBeLessThan(0.09);
      expect(failing, `seed ${seed}`).toBeLessThan(0.03);
      expect(share(0).failing, "were failures fast answers").toBeGreaterThan(0.25);
    }
  });
});
