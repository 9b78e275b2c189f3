// SPDX-License-Identifier: Apache-2.0
import type { LatencyCase } from "../cases/bench-case.ts";
import type { Load, LoadTarget } from "../load/load.ts";
import { runLoadProgram } from "../load/load-program.ts";
import { type Histogram, percentileOf } from "../measure/histogram.ts";
import { orderOfRound } from "../measure/statistics.ts";
import { missingGo } from "../peers/go-programs.ts";
import { peers } from "../peers/peers.ts";
import type { LatencyPoint, LatencyResult, LatencySeries } from "../report/bench-report.ts";
import { type BenchRun, canMeasure } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

/** Calls in flight on each connection when the peak is measured. */
const streamsAtPeak = 50;

/** The peak is looked for from above: each rate is this share of the one before. */
const nextRate = 0.85;
const mostSteps = 20;
/** Nanoseconds of latency in the middle above which calls pile up. */
const sustainedNanos = 5e6;

/** Of an open loop that does not count: connections, and a peer that has rested. */
const warmUpSeconds = 0.3;

type GrowingPoint = LatencyPoint & { readonly rounds: Histogram[]; readonly direct: Histogram[] };

/** Measures latencies at shares of each peer's own peak, and on the direct path at the same rates. @throws Error if a call fails. */
export async function runLatencyCase(one: LatencyCase, run: BenchRun): Promise<LatencyResult> {
  if (!canMeasure(one.id, missingGo(), run)) return { kind: "latency", id: one.id, series: [] };
  const names = one.peers.filter((name) => peers[name].missing() === undefined);
  const load = { connections: one.connections, streams: streamsAtPeak };
  await run.stage.keepOnly(names.map((name) => ({ name })));
  const series: (LatencySeries & { readonly target: LoadTarget; readonly points: GrowingPoint[] })[] = [];
  for (const name of names) {
    run.progress(`peak of ${name}`);
    const target = targetOf(await run.stage.peer({ name }));
    const peakPerSecond = await measurePeak(load, target, run);
    const points = one.shares.map((share) => ({ share, rate: share * peakPerSecond, rounds: [], direct: [] }));
    series.push({ label: name, peakPerSecond, points, target });
  }
  const direct = { port: await run.stage.backend(false) };
  for (let round = 0; round < run.effort.rounds; round++) {
    for (const index of orderOfRound(series.length, round)) {
      const current = series[index];
      for (const point of current?.points ?? []) {
        run.progress(`round ${round + 1} of ${run.effort.rounds}: ${current?.label} at ${Math.round(point.rate)}/s`);
        point.rounds.push(await latencyAt(load, current?.target ?? direct, { rate: point.rate, round }, run));
        point.direct.push(await latencyAt(load, direct, { rate: point.rate, round }, run));
      }
    }
  }
  return { kind: "latency", id: one.id, series: series.map(({ target: _, ...rest }) => rest) };
}

/**
 * The highest rate of single calls that a peer keeps up with, with its far end and the client on their processor. A closed
 * loop of many streams comes higher, as its calls come in batches, and says where to begin.
 */
async function measurePeak(load: Load, target: LoadTarget, { stage, effort }: BenchRun): Promise<number> {
  const seconds = effort.latencySeconds / 2;
  await runLoadProgram(load, target, { seconds: effort.warmUp.seconds }, stage.others);
  const closed = await runLoadProgram(load, target, { seconds }, stage.others);
  let rate = closed.calls / closed.seconds;
  for (let step = 0; step < mostSteps; step++, rate *= nextRate) {
    const { latency = [] } = await runLoadProgram(
      load,
      target,
      { rate, seconds, warmUpSeconds, seed: 1 },
      stage.others,
    );
    if (percentileOf(latency, 50) <= sustainedNanos) break;
  }
  return rate;
}

async function latencyAt(
  load: Load,
  target: LoadTarget,
  { rate, round }: { readonly rate: number; readonly round: number },
  { stage, effort }: BenchRun,
): Promise<Histogram> {
  // The same arrivals for every peer of a round.
  const amount = { rate, seconds: effort.latencySeconds, warmUpSeconds, seed: round + 1 };
  const { latency = [] } = await runLoadProgram(load, target, amount, stage.others);
  return latency;
}
