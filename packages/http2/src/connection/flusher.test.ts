// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Scheduler } from "../ports.js";
import { createFlusher } from "./flusher.js";

/** Runs deferred tasks by hand. */
function manualScheduler(): Scheduler & { tick(): void; tasks: (() => void)[] } {
  const tasks: (() => void)[] = [];
  return {
    tasks,
    nowMs: () => 0,
    defer: (task) => void tasks.push(task),
    after: () => ({ cancel: () => {} }),
    tick: () => {
      for (const task of tasks.splice(0)) task();
    },
  };
}

describe("createFlusher()", () => {
  it("defers once per tick and flushes in order", () => {
    const scheduler = manualScheduler();
    const flusher = createFlusher(scheduler);
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) flusher.add({ flush: () => order.push(name) });
    expect(scheduler.tasks).toHaveLength(1);
    scheduler.tick();
    expect(order).toEqual(["a", "b", "c"]);
    expect(scheduler.tasks).toHaveLength(0);
  });

  it("leaves what is added during a flush to the next tick", () => {
    const scheduler = manualScheduler();
    const flusher = createFlusher(scheduler);
    let flushes = 0;
    const target = {
      flush: () => {
        if (++flushes < 3) flusher.add(target);
      },
    };
    flusher.add(target);
    for (const expected of [1, 2, 3]) {
      scheduler.tick();
      expect(flushes).toBe(expected);
    }
    scheduler.tick();
    expect(flushes).toBe(3);
  });

  it("flushes the others when one throws", () => {
    const scheduler = manualScheduler();
    const flusher = createFlusher(scheduler);
    let flushed = false;
    flusher.add({
      flush: () => {
        throw new Error("a bug");
      },
    });
    flusher.add({
      flush: () => {
        flushed = true;
      },
    });
    expect(() => scheduler.tick()).toThrow("a bug");
    scheduler.tick();
    expect(flushed).toBe(true);
  });
});
