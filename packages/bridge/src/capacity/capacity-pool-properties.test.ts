// SPDX-License-Identifier: Apache-2.0
import { createFakeScheduler, createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { PoolRouter } from "../testing/pool-routers.suite.js";
import { CapacityPool } from "./capacity-pool.js";

const seeds = Array.from({ length: 100 }, (_, index) => index + 1);
/** Milliseconds for which a call may wait while there is room: sweep, rest of use, settling, links of 100 ms, restatement. */
const roomFoundMs = 2_500;

/** Routers that send random calls to one process, for a while; then everything must come to rest. */
function runSchedule(seed: number): void {
  const scheduler = createFakeScheduler();
  const { random, integer } = createSeededRandom(seed);
  const pool = new CapacityPool(scheduler, 1 + integer(6));
  const changes = random() < 0.2;
  const honest = random() < 0.8;
  pool.expected = 2 + integer(3);
  const statedMs: number[][] = [];
  const routers = Array.from({ length: pool.expected }, (_, index) => {
    const times: number[] = [];
    statedMs.push(times);
    return new PoolRouter(scheduler, pool, {
      latencyMs: integer(100),
      tellsDemand: honest || index > 0,
      onCapacity: () => times.push(scheduler.nowMs()),
    });
  });
  const busy = 1 + integer(4);
  let sent = 0;
  let waitsSinceMs = -1;
  const look = (): void => {
    expect(pool.open, `seed ${seed}`).toBeLessThanOrEqual(changes ? 6 : pool.total);
    const open = routers.reduce((sum, router) => sum + router.open, 0);
    const isUnfair = open < pool.total && routers.some(({ waiting }) => waiting.length > 0);
    if (!isUnfair || !honest) waitsSinceMs = -1;
    else if (waitsSinceMs < 0) waitsSinceMs = scheduler.nowMs();
    else expect(scheduler.nowMs() - waitsSinceMs, `seed ${seed}: a call waits`).toBeLessThan(roomFoundMs);
  };
  for (let step = 0; step < 400; step++) {
    for (let draw = 0; draw < busy; draw++) {
      if (integer(6) > 0) continue;
      // Now this router is busy, now that one.
      const router = routers[(Math.floor(step / 80) + (integer(4) === 0 ? integer(4) : 0)) % routers.length];
      router?.call(integer(8) === 0 ? 2_000 : 20 + integer(100));
      sent++;
    }
    if (changes && integer(40) === 0) pool.total = integer(7);
    scheduler.advance(25);
    look();
  }
  if (pool.total === 0) pool.total = 1;
  for (
    let waitedMs = 0;
    waitedMs < 600_000 && routers.reduce((sum, { ended }) => sum + ended, 0) < sent;
    waitedMs += 25
  ) {
    scheduler.advance(25);
    look();
  }
  expect(
    routers.reduce((sum, { ended }) => sum + ended, 0),
    `seed ${seed}: calls end`,
  ).toBe(sent);
  scheduler.advance(20_000);
  expect(pool.open).toBe(0);
  expect(scheduler.pendingTimers, `seed ${seed}: timers at rest`).toBe(0);
  expect(
    routers.reduce((sum, { share }) => sum + share.stated, 0),
    `seed ${seed}: all is given`,
  ).toBe(pool.total);
  if (honest && !changes)
    expect(
      routers.map(({ givenBack }) => givenBack),
      `seed ${seed}`,
    ).toEqual(routers.map(() => 0));
  for (const times of statedMs) {
    for (const [index, ms] of times.entries()) expect(ms - (times[index - 1] ?? -100)).toBeGreaterThanOrEqual(99.9);
  }
}

describe("CapacityPool under random schedules of routers", () => {
  it("has no more calls open than it may, lets none wait while there is room, and comes to rest (100 seeds)", () => {
    for (const seed of seeds) runSchedule(seed);
  });
});

describe("CapacityPool under a steady load", () => {
  /** Ends and statements in ten seconds, after two to settle, with so many callers at each router that call on and on. */
  function load(callers: readonly number[], total: number): { readonly ended: number[]; readonly stated: number } {
    const scheduler = createFakeScheduler();
    const { integer } = createSeededRandom(1);
    const pool = new CapacityPool(scheduler, total);
    pool.expected = callers.length;
    let stated = 0;
    const routers = callers.map((count) => {
      const router = new PoolRouter(scheduler, pool, {
        latencyMs: 5,
        tellsDemand: true,
        onCapacity: () => void stated++,
        onEnded: (it) => it.call(10 + integer(40)),
      });
      for (let caller = 0; caller < count; caller++) router.call(10 + integer(40));
      return router;
    });
    scheduler.advance(2_000);
    const before = routers.map(({ ended }) => ended);
    stated = 0;
    scheduler.advance(10_000);
    return { ended: routers.map(({ ended }, index) => ended - (before[index] ?? 0)), stated };
  }

  it.each<[string, callers: number[], total: number, shares: number[]]>([
    ["too much everywhere: equal parts", [8, 8], 4, [2, 2]],
    ["more at one: equal parts all the same", [100, 8, 8], 6, [2, 2, 2]],
    ["one that needs little gets that, another the rest", [1, 20], 4, [1, 3]],
    ["little everywhere", [1, 2], 6, [1, 2]],
    ["all at one", [0, 20], 5, [0, 5]],
  ])("%s, and nothing moves", (_name, callers, total, shares) => {
    const { ended, stated } = load(callers, total);
    expect(stated).toBe(0);
    const most = Math.max(...shares);
    for (const [index, share] of shares.entries()) {
      const fastest = Math.max(...ended);
      expect((ended[index] ?? 0) / fastest).toBeCloseTo(share / most, 1);
    }
  });

  it("takes turns where there are fewer calls than routers that want them, a few statements a second", () => {
    const { ended, stated } = load([4, 4, 4], 1);
    expect(Math.min(...ended) / Math.max(...ended)).toBeGreaterThan(0.6);
    expect(stated).toBeLessThan(60);
  });
});
