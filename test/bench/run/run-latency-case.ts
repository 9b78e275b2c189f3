// SPDX-License-Identifier: Apache-2.0
import type { LatencyCase } from "../cases/bench-case.ts";
import type { Load, LoadTarget } from "../load/load.ts";
import { runLoadProgram } from "../load/load-program.ts";
import type { Histogram } from "../measure/histogram.ts";
import { medianOf, orderOfRound } from "../measure/statistics.ts";
import { missingGo } from "../peers/go-programs.ts";
import { peers } from "../peers/peers.ts";
import type { LatencyPoint, LatencyResult, LatencySeries } from "../report/bench-report.ts";
import type { BenchRun } from "./bench-run.ts";
import { targetOf } from "./run-cpu-case.ts";

/** Calls in flight on each connection when the peak is measured. */
const streamsAtPeak = 50;

/** Measured once per peer, before anything else. */
const peakRounds = 3;

/** Of an open loop that does not count: connections, and a peer that has rested. */
const warmUpSeconds = 0.3;

type GrowingPoint = LatencyPoint & { readonly rounds: Histogram[]; readonly direct: Histogram[] };

/** Measures latencies at shares of each peer's own peak, and on the direct path at the same rates. @throws Error if a call fails. */
export async function runLatencyCase(one: LatencyCase, run: BenchRun): Promise<LatencyResult> {
  const missing = missingGo();
  if (missing !== undefined) {
    run.note(`${one.id} is left out: ${missing}`);
    return { kind: "latency", id: one.id, series: [] };
  }
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

async function measurePeak(load: Load, target: LoadTarget, { stage, effort }: BenchRun): Promise<number> {
  const rates: number[] = [];
  await runLoadProgram(load, target, { seconds: effort.warmUp.seconds }, stage.others);
  for (let round = 0; round < peakRounds; round++) {
    const { calls, seconds } = await runLoadProgram(load, target, { seconds: effort.latencySeconds / 2 }, stage.others);
    rates.push(calls / seconds);
  }
  return medianOf(rates);
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
