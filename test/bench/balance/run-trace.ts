// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { createRouter, type MethodSettings } from "@grpc-router/runtime";
import {
  createDuplex,
  createFakeScheduler,
  createRecordingLogger,
  createSeededRandom,
  type DuplexEnd,
} from "@grpc-router/testing";
import { echoServiceRouter } from "../gen/bench/v1/echo_router.ts";
import type { Fleet } from "./fleet.ts";
import { ServedInstance } from "./served-instance.ts";
import type { ComparedStrategy } from "./strategies.ts";
import type { Trace } from "./trace.ts";
import { type SentCall, TraceClient, userField } from "./trace-client.ts";

/** What a trace is played with. */
export interface RunOptions {
  readonly trace: Trace;
  readonly fleet: Fleet;
  readonly strategy: ComparedStrategy;
  /** Share of what the fleet can do. */
  readonly load: number;
  /** What the method has beside the strategy. Default: nothing. */
  readonly policies?: Pick<MethodSettings, "circuitBreaker" | "retry">;
}

/** What became of the calls that arrived after the first `warmUpMs`. */
export interface RunResult {
  readonly calls: number;
  /** Of all of them, failed ones included, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same without the time that instances worked on them: what a strategy answers for. */
  readonly waitP99Ms: number;
  /** Calls that failed, by status code. */
  readonly errors: ReadonlyMap<number, number>;
  readonly errorShare: number;
  /** Attempts beyond the first, over calls. */
  readonly retryShare: number;
  /** Of all attempts, by instance. */
  readonly attemptShares: ReadonlyMap<string, number>;
  /** Times that a breaker opened, for the first time or again. */
  readonly opened: number;
  /** Calls that ended because every breaker was open, warm-up included. */
  readonly circuitOpen: number;
}

/** The time of every call. */
export const timeoutMs = 3_000;
/** What happens before does not count: load reports come every 10 s, and count after another 10 s (gRFC A58). */
export const warmUpMs = 25_000;
/** Connections of the clients: one takes 1,024 calls at a time. */
const clientCount = 4;

/** Plays a trace through a router, on virtual time. */
export function runTrace({ trace, fleet, strategy, load, policies = {} }: RunOptions): RunResult {
  const scheduler = createFakeScheduler();
  const random = createSeededRandom(trace.seed);
  const { random: routerRandom, randomBytes } = random.fork();
  const settings = { balance: strategy.balance, routeKeyMetadata: userField, timeoutMs };
  const core = createRouter({ errorDetails: false })
    .service(echoServiceRouter, { ...settings, defaults: policies })
    .open({ scheduler, random: routerRandom, randomBytes, logger: createRecordingLogger() });
  const connect = (): DuplexEnd => {
    const { left, right } = createDuplex(scheduler);
    right.deliverTo(core.accept(right));
    return left;
  };
  const { workers } = fleet;
  const { statesCapacity = false } = strategy;
  const instances = fleet.instances.map(
    (traits) =>
      new ServedInstance({ scheduler, end: connect(), traits, workers, random: random.fork(), statesCapacity }),
  );
  const count = trace.arrivalsMs.length;
  const beginsMs = Float64Array.from(trace.arrivalsMs, (atMs) => atMs / load);
  const endsMs = new Float64Array(count);
  const servesMs = new Float64Array(count);
  const codes = new Int8Array(count).fill(-1);
  let startMs = 0;
  const onCallEnd = ({ index, code, servedMs }: SentCall): void => {
    endsMs[index] = scheduler.nowMs() - startMs;
    servesMs[index] = servedMs;
    codes[index] = code;
  };
  const clients = Array.from({ length: clientCount }, () => new TraceClient(connect(), scheduler, onCallEnd));
  scheduler.runUntilIdle();
  if (core.instances().length !== instances.length) throw new Error("Cannot begin: every instance must be registered");
  startMs = scheduler.nowMs();
  const { routerCounters } = core;
  const atWarm = { retries: 0, opened: 0, taken: instances.map(() => 0) };
  scheduler.after(warmUpMs, () => {
    atWarm.retries = routerCounters.retries;
    atWarm.opened = routerCounters.breakers.opened + routerCounters.breakers.reopened;
    atWarm.taken = instances.map(({ pool }) => pool.taken);
  });
  const sendFrom = (index: number): void => {
    const workMs = trace.workMs[index];
    if (workMs === undefined) return;
    clients[index % clientCount]?.send(index, trace.users[index] ?? 0, workMs);
    const nextMs = beginsMs[index + 1];
    if (nextMs !== undefined) scheduler.after(startMs + nextMs - scheduler.nowMs(), () => sendFrom(index + 1));
  };
  scheduler.after(beginsMs[0] ?? 0, () => sendFrom(0));
  scheduler.advance((beginsMs[count - 1] ?? 0) + timeoutMs + 1_000);
  const first = beginsMs.findIndex((atMs) => atMs >= warmUpMs);
  if (first < 0) throw new Error(`Cannot judge a trace: it must be longer than ${warmUpMs} ms at load ${load}`);
  const taken = instances.map(({ pool }, index) => pool.taken - (atWarm.taken[index] ?? 0));
  const attempts = taken.reduce((sum, one) => sum + one, 0);
  const errors = new Map<number, number>();
  for (const code of codes.subarray(first)) {
    if (code < 0) throw new Error("Cannot judge a trace: every call must have ended");
    if (code !== StatusCode.ok) errors.set(code, (errors.get(code) ?? 0) + 1);
  }
  const latencies = endsMs.subarray(first).map((endMs, index) => endMs - (beginsMs[first + index] ?? 0));
  const waits = latencies.map((latencyMs, index) => latencyMs - (servesMs[first + index] ?? 0));
  const calls = count - first;
  return {
    calls,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    waitP99Ms: percentile(waits, 0.99),
    errors,
    errorShare: [...errors.values()].reduce((sum, one) => sum + one, 0) / calls,
    retryShare: (routerCounters.retries - atWarm.retries) / calls,
    attemptShares: new Map(instances.map(({ id }, index) => [id, (taken[index] ?? 0) / attempts])),
    opened: routerCounters.breakers.opened + routerCounters.breakers.reopened - atWarm.opened,
    circuitOpen: routerCounters.reasons.CIRCUIT_OPEN,
  };
}

/** The value below which this share of all lies, by nearest rank. */
export function percentile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}
