// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { comparisonOf } from "./comparison.suite.ts";
import { judgeGoals } from "./goals.ts";

test.each([
  { push: 200, pull: 100, ideal: 100, verdict: "reached" },
  { push: 150, pull: 100, ideal: 100, verdict: "outOfReach" },
  { push: 150, pull: 120, ideal: 100, verdict: "missed" },
  { push: 250, pull: 140, ideal: 100, verdict: "missed" },
])("judgeGoals() of $push ms pushed, $pull ms pulled, $ideal ms ideal: $verdict", ({ push, pull, ideal, verdict }) => {
  const pulls = [{ seed: 1, workers: 1, pushP99Ms: push, pullP99Ms: pull, idealP99Ms: ideal }];
  expect(judgeGoals([], pulls)[0]?.verdict).toBe(verdict);
});

test("judgeGoals() does not let pull be much worse than an ideal queue in any trace", () => {
  const traces = [100, 100, 120].map((pullP99Ms, seed) => {
    return { seed, workers: 1, pushP99Ms: 300, pullP99Ms, idealP99Ms: 100 };
  });
  expect(judgeGoals([], traces).map(({ verdict }) => verdict)).toEqual(["reached", "missed"]);
});

test.each([
  { resilient: { errorShare: 0.0009, retryShare: 0.1 }, verdict: "reached" },
  { resilient: { errorShare: 0.001, retryShare: 0.01 }, verdict: "missed" },
  { resilient: { errorShare: 0, retryShare: 0.11 }, verdict: "missed" },
])("judgeGoals() of breaker and retry with $resilient: $verdict", ({ resilient, verdict }) => {
  const pulls = [{ seed: 1, workers: 1, pushP99Ms: 200, pullP99Ms: 100, idealP99Ms: 100 }];
  expect(judgeGoals([comparisonOf(0.8, "pull", resilient)], pulls)[2]?.verdict).toBe(verdict);
});

test("judgeGoals() asks breaker and retry for nothing where no instance can be spared", () => {
  const pulls = [{ seed: 1, workers: 1, pushP99Ms: 200, pullP99Ms: 100, idealP99Ms: 100 }];
  expect(judgeGoals([comparisonOf(0.95, "pull", { errorShare: 0.1 })], pulls)).toHaveLength(2);
});
