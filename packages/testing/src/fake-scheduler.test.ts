// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "./fake-scheduler.js";
import { createSeededRandom } from "./seeded-random.js";

describe("createFakeScheduler()", () => {
  it("nowMs() moves only by advance()", () => {
    const scheduler = createFakeScheduler({ startMs: 5 });
    expect(scheduler.nowMs()).toBe(5);
    scheduler.runUntilIdle();
    expect(scheduler.nowMs()).toBe(5);
    scheduler.advance(2.5);
    expect(scheduler.nowMs()).toBe(7.5);
  });

  it("defer() runs tasks in order and what they defer in the next round", () => {
    const scheduler = createFakeScheduler();
    const seen: string[] = [];
    scheduler.defer(() => {
      seen.push("a");
      scheduler.defer(() => seen.push("c"));
      scheduler.after(0, () => seen.push("timer"));
    });
    scheduler.defer(() => seen.push("b"));
    expect(scheduler.pendingTasks).toBe(2);
    scheduler.runUntilIdle();
    expect(seen).toEqual(["a", "b", "timer", "c"]);
  });

  it("after() fires at its time, equals in order, negative delays at once", () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, scheduler.nowMs()]);
    scheduler.after(10, note("second"));
    scheduler.after(10, note("third"));
    scheduler.after(5, note("first"));
    scheduler.after(-1, note("now"));
    expect(scheduler.pendingTimers).toBe(4);
    scheduler.advance(9);
    expect(seen).toEqual([
      ["now", 0],
      ["first", 5],
    ]);
    scheduler.advance(1);
    expect(seen.slice(2)).toEqual([
      ["second", 10],
      ["third", 10],
    ]);
    expect(scheduler.pendingTimers).toBe(0);
  });

  it("after() timers that a timer starts fire within the same advance()", () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    const times: number[] = [];
    const tick = () => {
      times.push(scheduler.nowMs());
      if (times.length < 4) scheduler.after(10, tick);
    };
    scheduler.after(10, tick);
    scheduler.advance(35);
    expect(times).toEqual([10, 20, 30]);
    expect(scheduler.nowMs()).toBe(35);
  });

  it("cancel() stops exactly its timer and is idempotent, before and after firing", () => {
    const random = createSeededRandom(11);
    const scheduler = createFakeScheduler();
    const fired = new Set<number>();
    const timers = Array.from({ length: 200 }, (_, index) =>
      scheduler.after(random.integer(20), () => fired.add(index)),
    );
    const cancelled = timers.filter((_, index) => index % 3 === 0);
    for (const timer of [...cancelled, ...cancelled]) timer.cancel();
    scheduler.advance(20);
    for (const timer of timers) timer.cancel();
    expect([...fired].sort((a, b) => a - b)).toEqual(
      timers.map((_, index) => index).filter((index) => index % 3 !== 0),
    );
  });

  it("stall() moves time alone; what is overdue runs later, in order", () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, scheduler.nowMs()]);
    scheduler.after(20, note("second"));
    scheduler.after(10, note("first"));
    scheduler.stall(50);
    expect(seen).toEqual([]);
    scheduler.runUntilIdle();
    expect(seen).toEqual([
      ["first", 50],
      ["second", 50],
    ]);
  });

  it("advanceUntil() stops as soon as the condition holds", () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    let count = 0;
    const tick = () => {
      count++;
      scheduler.after(10, tick);
    };
    scheduler.after(10, tick);
    scheduler.advanceUntil(() => count === 3);
    expect(scheduler.nowMs()).toBe(30);
    expect(() => scheduler.advanceUntil(() => false, 100)).toThrow("must hold within 100 ms");
  });

  it("advanceUntil() tells when nothing is left that could change the condition", () => {
    expect(() => createFakeScheduler().advanceUntil(() => false)).toThrow("a timer must be pending");
  });

  it("runUntilIdle() tells an endless loop", () => {
    const scheduler = createFakeScheduler({ maxTasks: 50 });
    const again = () => scheduler.defer(again);
    again();
    expect(() => scheduler.runUntilIdle()).toThrow("tasks must end, ran 50");
  });

  it("settle() lets promises and deferred tasks take turns until both are done", async () => {
    const scheduler = createFakeScheduler();
    const seen: string[] = [];
    scheduler.defer(() => {
      void Promise.resolve()
        .then(() => seen.push("promise"))
        .then(() => scheduler.defer(() => seen.push("deferred")));
    });
    await scheduler.settle();
    expect(seen).toEqual(["promise", "deferred"]);
  });

  it("advanceSettled() lets a promise chain with waits run to its end", async () => {
    const scheduler = createFakeScheduler({ startMs: 0 });
    const times: number[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => scheduler.after(ms, resolve));
    const run = async () => {
      for (let round = 0; round < 3; round++) {
        await wait(10);
        times.push(scheduler.nowMs());
      }
    };
    const done = run();
    await scheduler.advanceSettled(30);
    await done;
    expect(times).toEqual([10, 20, 30]);
  });
});
