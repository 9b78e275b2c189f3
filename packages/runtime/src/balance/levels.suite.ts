// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { expect } from "vitest";
import type { BalancedCall, Balancer, Candidate } from "./balancer.js";
import { createCandidate, type TestCandidate, type TestCandidates } from "./balancer.suite.js";

/** Candidates with these labels, `i0` and so on. */
export function createLabelled(all: readonly Readonly<Record<string, string>>[]): TestCandidates {
  const list = all.map((labels, index) => createCandidate(`i${index}`, { labels: new Map(Object.entries(labels)) }));
  return { list, away: [], version: 1 };
}

/** Share of `count` calls that goes to each level, as `levelOf` says it of who is picked; none may find nobody. */
export function countLevels(
  balancer: Balancer,
  candidates: TestCandidates,
  calls: (index: number) => BalancedCall,
  { levelOf, count = 4_000, seed = 1 }: { levelOf(candidate: Candidate): number; count?: number; seed?: number },
): number[] {
  const { random } = createSeededRandom(seed);
  const counts: number[] = [];
  for (let index = 0; index < count; index++) {
    const picked = balancer.pick(candidates, calls(index), random);
    if (picked === undefined) throw new Error(`seed ${seed}: call ${index} found nobody`);
    const level = levelOf(picked);
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return Array.from(counts, (picks = 0) => picks / count);
}

/** Each share within three standard deviations. */
export function expectShares(shares: readonly number[], expected: readonly number[], count = 4_000): void {
  expected.forEach((share, level) => {
    const deviation = Math.sqrt((share * (1 - share)) / count);
    expect(Math.abs((shares[level] ?? 0) - share), `level ${level} of ${shares.join(", ")}`).toBeLessThanOrEqual(
      3 * deviation,
    );
  });
}

/** Makes so many of the candidates unhealthy, without taking them out of rotation. */
export function sicken(candidates: readonly TestCandidate[], count: number): void {
  for (const candidate of candidates.slice(0, count)) candidate.healthy = false;
}
