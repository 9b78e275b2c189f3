// SPDX-License-Identifier: Apache-2.0
import { medianOf } from "../measure/statistics.ts";
import type { LoadComparison, PullComparison } from "./compare.ts";

/** What the comparison must show. */
export interface BalanceGoal {
  readonly title: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: Verdict;
}

/** `outOfReach`: not even one ideal queue reaches it, and the router is as good as that. */
export type Verdict = "reached" | "outOfReach" | "missed";

/** The p99 of `least_request` over that of `pull`, at the least. */
const pushOverPull = 2;
/** `pull` is at most this much above one queue in front of all workers: what the router itself may add. */
const pullOverIdeal = 1.1;
/** Of calls, with breaker and retry. */
const errorShare = 0.001;
/** Attempts beyond the first, over calls. */
const extraShare = 0.1;
/** Above it the fleet cannot do without the failing instance: see `capacityOf`. */
const highestSpareLoad = 0.8;

/** Judges what was measured. */
export function judgeGoals(comparisons: readonly LoadComparison[], pulls: readonly PullComparison[]): BalanceGoal[] {
  return [...pullGoals(pulls), idealGoal(pulls), ...resilienceGoals(comparisons)];
}

function pullGoals(pulls: readonly PullComparison[]): BalanceGoal[] {
  return [...new Set(pulls.map(({ workers }) => workers))].map((workers) => {
    const traces = pulls.filter((one) => one.workers === workers);
    const ratio = medianOf(traces.map(({ pushP99Ms, pullP99Ms }) => pushP99Ms / pullP99Ms));
    const ideal = medianOf(traces.map(({ pushP99Ms, idealP99Ms }) => pushP99Ms / idealP99Ms));
    const isIdeal = ideal < pushOverPull && ratio * pullOverIdeal >= ideal;
    return {
      title: `p99 of least_request over that of pull at 95 % load, ${workers} at a time, median of ${traces.length} traces`,
      goal: `at least ${pushOverPull}`,
      measured: `${ratio.toFixed(2)}; an ideal queue: ${ideal.toFixed(2)}`,
      verdict: ratio >= pushOverPull ? "reached" : isIdeal ? "outOfReach" : "missed",
    };
  });
}

function idealGoal(pulls: readonly PullComparison[]): BalanceGoal {
  const worst = Math.max(...pulls.map(({ pullP99Ms, idealP99Ms }) => pullP99Ms / idealP99Ms));
  return {
    title: "p99 of pull over that of one ideal queue at 95 % load, the worst of all traces",
    goal: `at most ${pullOverIdeal}`,
    measured: worst.toFixed(3),
    verdict: worst <= pullOverIdeal ? "reached" : "missed",
  };
}

function resilienceGoals(comparisons: readonly LoadComparison[]): BalanceGoal[] {
  return comparisons.flatMap(({ load, rows }) => {
    if (load > highestSpareLoad) return [];
    return rows
      .filter(({ label }) => label === "least_request" || label === "pull")
      .map(({ label, resilient: { errorShare: errors, retryShare } }) => ({
        title: `errors and extra attempts with breaker and retry, ${label} at ${Math.round(load * 100)} % load`,
        goal: `below ${errorShare * 100} %, at most ${extraShare * 100} %`,
        measured: `${(errors * 100).toFixed(3)} %, ${(retryShare * 100).toFixed(2)} %`,
        verdict: errors < errorShare && retryShare <= extraShare ? ("reached" as const) : ("missed" as const),
      }));
  });
}
