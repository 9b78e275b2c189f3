// SPDX-License-Identifier: Apache-2.0
import { statusName } from "@grpc-router/protocol";
import { durationShape } from "../metrics/call-series.js";
import { ExponentialHistogram } from "../metrics/exponential-histogram.js";
import type { MethodMetrics } from "../metrics/method-metrics.js";
import type { HistogramSnapshot } from "../metrics/metric-definition.js";

/** What became of the calls of one method since the start; counts only grow. */
export interface CallStats {
  /** "acme.user.v1.UserService/GetUser"; `other`: paths that lead nowhere. */
  readonly method: string;
  readonly started: number;
  /** Calls that have ended, by the name of their status ("NOT_FOUND"); statuses that never were are left out. */
  readonly ended: Readonly<Record<string, number>>;
  /** Attempts at instances: more than calls if some were tried again. */
  readonly attempts: number;
  /** How long calls that have ended took, in milliseconds; the bounds of buckets 9 % wide. Undefined: none has. */
  readonly latency: LatencySummary | undefined;
}

/** Times that a share of all calls stayed within, in milliseconds. */
export interface LatencySummary {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** Sums up what is counted of a method, over all of its statuses. */
export function summarizeCalls({ name, started, attemptsStarted, calls }: MethodMetrics): CallStats {
  const all = new ExponentialHistogram(durationShape);
  const ended: Record<string, number> = {};
  for (const [code, series] of calls.entries()) {
    if (series === undefined) continue;
    all.add(series.duration);
    ended[statusName(code)] = series.duration.snapshot().count;
  }
  return { method: name, started, ended, attempts: attemptsStarted, latency: summarize(all.snapshot()) };
}

function summarize(snapshot: HistogramSnapshot): LatencySummary | undefined {
  const { count, sum } = snapshot;
  if (count === 0) return undefined;
  const within = (share: number): number => boundOf(snapshot, Math.ceil(count * share)) * 1_000;
  return { meanMs: (sum / count) * 1_000, p50Ms: within(0.5), p90Ms: within(0.9), p99Ms: within(0.99) };
}

/** The upper bound of the bucket that the sample of this rank is in, counted from the lowest; in seconds. */
function boundOf({ scale, zeroThreshold, zeroCount, offset, buckets }: HistogramSnapshot, rank: number): number {
  let seen = zeroCount;
  if (seen >= rank) return zeroThreshold;
  for (const [index, count] of buckets.entries()) {
    seen += count;
    if (seen >= rank) return 2 ** ((offset + index + 1) / 2 ** scale);
  }
  return Number.POSITIVE_INFINITY;
}
