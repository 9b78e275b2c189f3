// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";

/** Calls as a client made them: the same for every strategy, whatever became of the calls before. */
export interface Trace {
  /** All of it follows from this. */
  readonly seed: number;
  /** When each call arrives, in milliseconds from the first, with the fleet at 100 % of what it can do. */
  readonly arrivalsMs: Float64Array;
  /** What each call takes one worker of an ordinary instance, in milliseconds. */
  readonly workMs: Float64Array;
  /** Whose call it is, for strategies that go by keys. */
  readonly users: Uint16Array;
}

/** Options of `createTrace`. */
export interface TraceOptions {
  readonly seed: number;
  readonly calls: number;
  /** Workers of ordinary instances that could do as much as the fleet. */
  readonly capacity: number;
}

/** The mean of what a call takes. */
export const meanWorkMs = 100;
/** Standard deviation of its logarithm: the slowest call of a hundred takes four times the median. */
const sigma = 0.6;
/** Clients send half as much again during a burst, */
export const burstFactor = 1.5;
/** which lasts so long in the mean, */
export const burstMs = 400;
/** and takes this share of the time. */
export const burstShare = 0.05;
/** Whose calls they are, all equally busy. */
const userCount = 1_000;

/**
 * Makes a trace: a Poisson process whose rate rises in bursts, and log-normal service times. Times of arrival are scaled
 * so that the whole trace is exactly what the fleet can do: 95 % of load is then the same trace, played slower.
 */
export function createTrace({ seed, calls, capacity }: TraceOptions): Trace {
  const { random, integer } = createSeededRandom(seed);
  const arrivalsMs = new Float64Array(calls);
  const workMs = new Float64Array(calls);
  const users = new Uint16Array(calls);
  const meanGapMs = (meanWorkMs / capacity) * (1 + burstShare * (burstFactor - 1));
  let nowMs = 0;
  let isBurst = false;
  let changeMs = exponential(random, burstMs / burstShare - burstMs);
  let totalWorkMs = 0;
  for (let call = 0; call < calls; call++) {
    let gapMs = exponential(random, meanGapMs);
    // What is left of a gap when the rate changes goes by the new rate, as a Poisson process does.
    while (nowMs + gapMs / (isBurst ? burstFactor : 1) > changeMs) {
      gapMs -= (changeMs - nowMs) * (isBurst ? burstFactor : 1);
      nowMs = changeMs;
      isBurst = !isBurst;
      changeMs += exponential(random, isBurst ? burstMs : burstMs / burstShare - burstMs);
    }
    nowMs += gapMs / (isBurst ? burstFactor : 1);
    arrivalsMs[call] = nowMs;
    const work = meanWorkMs * Math.exp(sigma * normal(random) - sigma ** 2 / 2);
    workMs[call] = work;
    totalWorkMs += work;
    users[call] = integer(userCount);
  }
  const scale = totalWorkMs / capacity / nowMs;
  for (let call = 0; call < calls; call++) arrivalsMs[call] = (arrivalsMs[call] ?? 0) * scale;
  return { seed, arrivalsMs, workMs, users };
}

function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
