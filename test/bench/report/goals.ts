// SPDX-License-Identifier: Apache-2.0
import { percentileOf } from "../measure/histogram.ts";
import { medianOf, spreadOf } from "../measure/statistics.ts";
import { type BenchReport, findCase } from "./bench-report.ts";
import { ratioIn } from "./ratio.ts";

/** Something that must hold. */
export interface Goal {
  readonly text: string;
  /** What it is compared with. */
  readonly of: string;
  /** The greatest value that is good. */
  readonly atMost: number;
  readonly unit: "" | "ms" | "KiB";
  /** The measured value; undefined where it was not measured. */
  measure(report: BenchReport): number | undefined;
}

/** A goal and what became of it. */
export interface JudgedGoal extends Goal {
  readonly value: number | undefined;
  readonly met: boolean | undefined;
}

/** Every goal of the project's performance. */
export const goals: readonly Goal[] = [
  ...ratioGoals("haproxy", "HAProxy, h2 to h2", [
    ["7 B unary, 10 × 50", "7b-10x50", 0.25],
    ["7 B unary, 100 × 10", "7b-100x10", 0.33],
    ["7 B unary, 100 × 1", "7b-100x1", 0.65],
    ["7 B unary, 1 × 1", "7b-1x1", 0.85],
    ["7 B unary, another timeout and trace id in every call, 10 × 50", "changing-10x50", 0.35],
    ["1 KiB unary, 10 × 50", "1kib-10x50", 0.33],
    ["1 KiB unary, 1 × 1", "1kib-1x1", 0.85],
    ["64 KiB echo, 10 × 10", "64kib-10x10", 0.65],
    ["100 B stream messages, one per stream and tick", "thin-1x4", 0.8],
    ["100 B stream messages in bursts", "bursts-1x4", 2],
  ]),
  ...ratioGoals("haproxy", "HAProxy with TLS", [
    ["TLS on both sides, 7 B, 10 × 50", "tls-7b-10x50", 0.35],
    ["TLS on both sides, 7 B, 100 × 10", "tls-7b-100x10", 0.7],
    ["TLS on both sides, 7 B, 1 × 1", "tls-7b-1x1", 1.6],
  ]),
  ...ratioGoals("envoy", "Envoy", [
    ["7 B unary, 10 × 50", "7b-10x50", 0.05],
    ["7 B unary, 100 × 10", "7b-100x10", 0.07],
    ["7 B unary, 100 × 1", "7b-100x1", 0.2],
    ["7 B unary, 1 × 1", "7b-1x1", 0.35],
    ["64 KiB echo, 10 × 10", "64kib-10x10", 0.7],
    ["100 B stream messages, one per stream and tick", "thin-1x4", 0.7],
    ["100 B stream messages in bursts", "bursts-1x4", 0.7],
  ]),
  ratioGoal("bridge, 10 × 50", "a grpc-js server", ["bridge-10x50", "bridge", "grpc-js"], 0.08),
  ratioGoal("bridge, 1 × 1", "a grpc-js server", ["bridge-1x1", "bridge", "grpc-js"], 0.35),
  ratioGoal("bridge, 10 × 50", "a connect-node server", ["bridge-10x50", "bridge", "connect-node"], 0.02),
  ratioGoal("bridge, 1 × 1", "a connect-node server", ["bridge-1x1", "bridge", "connect-node"], 0.1),
  ratioGoal("router + bridge, 10 × 50", "a grpc-js server alone", ["bridge-10x50", "router+bridge", "grpc-js"], 0.15),
  ratioGoal("router + bridge, 1 × 1", "a grpc-js server alone", ["bridge-1x1", "router+bridge", "grpc-js"], 0.65),
  addedLatencyGoal(50, 0.3),
  addedLatencyGoal(99, 1),
  addedLatencyGoal(99.9, 5),
  {
    text: "peak, 7 B unary on one core: calls that HAProxy makes for one of the router's",
    of: "HAProxy",
    atMost: 0.4,
    unit: "",
    measure: (report) => {
      const series = findCase(report, "cpu", "7b-10x50")?.series ?? [];
      const rateOf = (label: string) =>
        medianOf((series.find((one) => one.label === label)?.samples ?? []).map(({ perSecond }) => perSecond));
      return numberOrUndefined(rateOf("haproxy") / rateOf("router"));
    },
  },
  memoryGoal("memory of an idle client connection", "memory-connections", 8),
  memoryGoal("memory of an idle instance channel", "memory-channels", 16),
  memoryGoal("memory of a call in flight", "memory-calls", 1),
  ratioGoal("all default features, 10 × 50", "all off", ["features-10x50", "router", "router, all off"], 1.15),
  ratioGoal("all default features, 1 × 1", "all off", ["features-1x1", "router", "router, all off"], 1.15),
  observedGoal("10 × 50", "observed-10x50"),
  observedGoal("1 × 1", "observed-1x1"),
  observedGoal("10 × 50, by instructions", "observed-instructions"),
  {
    text: "allocated for a unary call, 10 × 50",
    of: "–",
    atMost: 1,
    unit: "KiB",
    measure: (report) => {
      const { bytesPerCall = [] } = findCase(report, "garbage", "garbage") ?? {};
      return numberOrUndefined(medianOf(bytesPerCall) / 1_024);
    },
  },
];

/** What the goals came to. */
export function judgeGoals(report: BenchReport): JudgedGoal[] {
  return goals.map((goal) => {
    const value = goal.measure(report);
    return { ...goal, value, met: value === undefined ? undefined : value <= goal.atMost };
  });
}

type RatioRow = readonly [text: string, id: string, atMost: number];

function ratioGoals(peer: string, of: string, rows: readonly RatioRow[]): Goal[] {
  return rows.map(([text, id, atMost]) => ratioGoal(text, of, [id, "router", peer], atMost));
}

function observedGoal(load: string, id: string): Goal {
  return ratioGoal(`metrics, and traces of 1 %, ${load}`, "neither", [id, "router", "router, unobserved"], 1.1);
}

function ratioGoal(
  text: string,
  of: string,
  entry: readonly [id: string, above: string, below: string],
  atMost: number,
): Goal {
  return { text, of, atMost, unit: "", measure: (report) => ratioIn(report, ...entry)?.median };
}

function addedLatencyGoal(percent: number, atMost: number): Goal {
  return {
    text: `added latency at 50 % of own peak, p${percent}`,
    of: "the direct path",
    atMost,
    unit: "ms",
    measure: (report) => {
      const series = findCase(report, "latency", "latency")?.series.find(({ label }) => label === "router");
      const point = series?.points.find(({ share }) => share === 0.5);
      if (point === undefined) return undefined;
      return numberOrUndefined(addedNanos(point, percent) / 1e6);
    },
  };
}

/** By how much a percentile of a point lies above that of the direct path: the median of the rounds. */
export function addedNanos(
  {
    rounds,
    direct,
  }: {
    readonly rounds: readonly Parameters<typeof percentileOf>[0][];
    readonly direct: readonly Parameters<typeof percentileOf>[0][];
  },
  percent: number,
): number {
  const added = rounds.map(
    (histogram, round) => percentileOf(histogram, percent) - percentileOf(direct[round] ?? [], percent),
  );
  return spreadOf(added).median;
}

function memoryGoal(text: string, id: string, atMost: number): Goal {
  return {
    text,
    of: "–",
    atMost,
    unit: "KiB",
    measure: (report) => {
      const router = findCase(report, "memory", id)?.series.find(({ label }) => label === "router");
      return router === undefined ? undefined : router.residentBytes / 1_024;
    },
  };
}

function numberOrUndefined(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
