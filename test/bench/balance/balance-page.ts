// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fillBetween } from "../report/fill-between.ts";
import { barChart } from "../report/svg/bar-chart.ts";
import { short } from "../report/svg/theme.ts";
import {
  type ComparedRow,
  fleetSize,
  type LoadComparison,
  type PolicyRow,
  type PullComparison,
  seed,
  traceCalls,
  workers,
} from "./compare.ts";
import type { BalanceGoal, Verdict } from "./goals.ts";
import { timeoutMs, warmUpMs } from "./run-trace.ts";
import { burstFactor, burstMs, burstShare, meanWorkMs } from "./trace.ts";

/** All that was measured. */
export interface BalanceReport {
  readonly comparisons: readonly LoadComparison[];
  readonly pulls: readonly PullComparison[];
  readonly policies: readonly PolicyRow[];
  readonly goals: readonly BalanceGoal[];
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = `${root}docs/balancing.md`;
const pictures = `${root}docs/balancing`;

/** Writes what was measured into docs/balancing.md, and the pictures beside it. */
export function writeBalancePage(report: BalanceReport): void {
  mkdirSync(pictures, { recursive: true });
  for (const [name, picture] of Object.entries(picturesOf(report))) writeFileSync(`${pictures}/${name}.svg`, picture);
  const text = existsSync(page)
    ? readFileSync(page, "utf8")
    : "# Balancing\n\n<!-- bench:balance -->\n<!-- end of bench:balance -->\n";
  writeFileSync(page, fillIn(text, textOf(report)));
}

/** The page with `part` between its markers. @throws Error if it has none. */
export function fillIn(text: string, part: string): string {
  return fillBetween(text, part, { name: "bench:balance", page: "docs/balancing.md" });
}

/** What the page says. */
export function textOf({ comparisons, pulls, policies, goals }: BalanceReport): string {
  return [introduction(), ...comparisons.map(loadText), pullText(pulls), policyText(policies), goalText(goals)].join(
    "\n\n",
  );
}

/** Pictures by file name. */
export function picturesOf({ comparisons }: BalanceReport): Record<string, string> {
  const drawn: Record<string, string> = {};
  for (const { load, rows } of comparisons) {
    const percent = Math.round(load * 100);
    drawn[`latency-${percent}`] = barChart({
      title: `Latency at ${percent} % load`,
      axis: "milliseconds, logarithmic",
      groups: rows.map(({ label, plain, resilient }) => ({
        label,
        bars: [
          { label: "p50", value: plain.p50Ms },
          { label: "p99", value: plain.p99Ms },
          { label: "p50, resilient", value: resilient.p50Ms },
          { label: "p99, resilient", value: resilient.p99Ms },
        ],
      })),
    });
    drawn[`shares-${percent}`] = barChart({
      title: `Errors, retries and the slow instance at ${percent} % load`,
      axis: "per cent of calls, of attempts for the slow instance; logarithmic",
      groups: rows.map(({ label, plain, resilient }) => ({
        label,
        bars: [
          { label: "errors", value: plain.errorShare * 100 },
          { label: "err., resilient", value: resilient.errorShare * 100 },
          { label: "retries", value: resilient.retryShare * 100 },
          { label: "slow", value: slowShare(plain) * 100 },
        ],
      })),
    });
  }
  return drawn;
}

function introduction(): string {
  const burst = `bursts of ${burstFactor} times the rate for ${burstMs} ms in ${burstShare * 100} % of the time`;
  return [
    "## The strategies compared",
    "",
    `\`node test/bench/balance.ts\` plays one trace of ${traceCalls.toLocaleString("en-US")} calls (seed ${seed}: a Poisson process with ${burst}, log-normal service times of ${meanWorkMs} ms in the mean) through every strategy: the real router, on virtual time.`,
    `Of ${fleetSize} instances one is 4 times slower, one fails 20 % of its calls after the whole work, one stands still for 500 ms every 5 s; each works on ${workers} calls at a time and queues what it is given beyond that. Calls have ${timeoutMs / 1_000} s; the first ${warmUpMs / 1_000} s do not count.`,
    "`pull` is `least_request` with instances that state their capacity, so that [the router keeps the queue](#capacity). *Resilient* adds a circuit breaker (`failureRate` 0.1) and retries (`maxAttempts` 3). Percentiles are of all calls, failed ones included; *slow* is the slow instance's share of attempts.",
  ].join("\n");
}

function loadText({ load, idealP99Ms, rows }: LoadComparison): string {
  const percent = Math.round(load * 100);
  return [
    `### ${percent} % of what the fleet can do`,
    "",
    "| strategy | p50 ms | p99 ms | errors | slow | resilient: p50 ms | p99 ms | errors | retries | slow |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map(rowText),
    "",
    `One ideal queue in front of all workers: p99 ${short(idealP99Ms)} ms.`,
    "",
    `![Latency at ${percent} % load](balancing/latency-${percent}.svg)`,
    "",
    `![Errors, retries and the slow instance at ${percent} % load](balancing/shares-${percent}.svg)`,
  ].join("\n");
}

function rowText({ label, plain, resilient }: ComparedRow): string {
  const cells = [
    label.startsWith("pull") ? label : label.replace(/^\w+/, (name) => `\`${name}\``),
    short(plain.p50Ms),
    short(plain.p99Ms),
    percentText(plain.errorShare),
    percentText(slowShare(plain)),
    short(resilient.p50Ms),
    short(resilient.p99Ms),
    percentText(resilient.errorShare, 3),
    percentText(resilient.retryShare),
    percentText(slowShare(resilient)),
  ];
  return `| ${cells.join(" | ")} |`;
}

function pullText(pulls: readonly PullComparison[]): string {
  const rows = pulls.map(({ seed: one, workers: count, idealP99Ms, pushP99Ms, pullP99Ms }) => {
    const figures = [idealP99Ms, pullP99Ms, pushP99Ms, pushP99Ms / pullP99Ms].map(short);
    return `| ${count} | ${one} | ${figures.join(" | ")} |`;
  });
  return [
    "### Push and pull at 95 %",
    "",
    "Further traces, for instances that work on one, two and four calls at a time. The fewer, the more a call suffers from a wrong choice, since the queue of an instance is served by so few; an ideal queue shows how much of a p99 no choice can avoid: the work itself, the slow instance's above all, and the queue of the whole fleet after a burst.",
    "",
    "| at a time | seed | ideal queue, p99 ms | pull | `least_request` | ratio to pull |",
    "|---:|---:|---:|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

function policyText(policies: readonly PolicyRow[]): string {
  const rows = policies.map(({ policies: name, label, result }) => {
    const { p50Ms, p99Ms, errorShare, retryShare, opened, circuitOpen } = result;
    const shares = [percentText(errorShare, 3), percentText(retryShare)];
    return `| ${[name, label, short(p50Ms), short(p99Ms), ...shares, ...[opened, circuitOpen].map((count) => count.toLocaleString("en-US"))].join(" | ")} |`;
  });
  return [
    "### Policies at 95 %",
    "",
    "At 95 % the fleet cannot do without the failing instance, a tenth of it. What a breaker keeps from it is too much for the others: calls wait until their time is over. A call that comes to an instance late then ends there as DEADLINE_EXCEEDED, which by default counts against the instance, and the breakers of good instances open, too. Retries alone do better here.",
    "",
    "| policies | strategy | p50 ms | p99 ms | errors | retries | breakers opened | CIRCUIT_OPEN |",
    "|---|---|---:|---:|---:|---:|---:|---:|",
    ...rows,
  ].join("\n");
}

const verdicts: Readonly<Record<Verdict, string>> = {
  reached: "reached",
  outOfReach: "not reached, nor by one ideal queue",
  missed: "**missed**",
};

function goalText(goals: readonly BalanceGoal[]): string {
  return [
    "### Goals",
    "",
    "Breaker and retry are asked for at 50 and 80 % only: at 95 % breakers do harm, as the table above shows.",
    "",
    "| | goal | measured | |",
    "|---|---|---|---|",
    ...goals.map(({ title, goal, measured, verdict }) => `| ${title} | ${goal} | ${measured} | ${verdicts[verdict]} |`),
  ].join("\n");
}

function slowShare({ attemptShares }: ComparedRow["plain"]): number {
  return attemptShares.get("slow") ?? 0;
}

function percentText(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`;
}
