// SPDX-License-Identifier: Apache-2.0
import { createFakeScheduler, createSeededRandom } from "@grpc-router/testing";
import { expect, test } from "vitest";
import type { InstanceTraits } from "./fleet.ts";
import { WorkerPool } from "./worker-pool.ts";

function setUp(traits: Omit<InstanceTraits, "id"> = {}, workers = 2) {
  const scheduler = createFakeScheduler({ startMs: 0 });
  const ends: { id: number; atMs: number; failed: boolean }[] = [];
  const pool = new WorkerPool({
    scheduler,
    traits: { id: "one", ...traits },
    workers,
    random: createSeededRandom(1),
    done: (id, failed) => ends.push({ id, atMs: scheduler.nowMs(), failed }),
  });
  return { scheduler, pool, ends };
}

test("WorkerPool works on as many calls as it has workers, on the others in order of arrival", () => {
  const { scheduler, pool, ends } = setUp();
  for (const [id, workMs] of [100, 50, 30, 10].entries()) pool.add(id, workMs);
  scheduler.advance(1_000);
  expect(ends.map(({ id, atMs }) => [id, atMs])).toEqual([
    [1, 50],
    [2, 80],
    [3, 90],
    [0, 100],
  ]);
});

test("WorkerPool.drop() frees who works on a call, and takes one that waits out of the queue", () => {
  const { scheduler, pool, ends } = setUp({}, 1);
  for (const id of [0, 1, 2]) pool.add(id, 100);
  scheduler.advance(10);
  expect([pool.drop(1), pool.drop(0), pool.drop(0)]).toEqual([true, true, false]);
  scheduler.advance(1_000);
  expect(ends.map(({ id, atMs }) => [id, atMs])).toEqual([[2, 110]]);
});

test("WorkerPool fails its share of calls, after the whole work", () => {
  const { scheduler, pool, ends } = setUp({ failureShare: 0.2, slowness: 4 });
  for (let id = 0; id < 1_000; id++) pool.add(id, 1);
  scheduler.advance(2_000);
  expect(ends.at(-1)?.atMs).toBe(2_000);
  expect(ends.filter(({ failed }) => failed).length / 1_000).toBeCloseTo(0.2, 1);
});

test("WorkerPool.use() says what it has done since the last time", () => {
  const { scheduler, pool } = setUp({ failureShare: 1 });
  pool.add(0, 500);
  scheduler.advance(1_000);
  expect(pool.use()).toEqual({ busyShare: 0.25, endedPerSecond: 1, failedPerSecond: 1 });
  scheduler.advance(1_000);
  expect(pool.use()).toEqual({ busyShare: 0, endedPerSecond: 0, failedPerSecond: 0 });
});
