// SPDX-License-Identifier: Apache-2.0

import { afterEach, describe, expect, it, vi } from "vitest";
import { createNodeScheduler } from "./node-scheduler.js";

const immediate = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("createNodeScheduler()", () => {
  it("defer() runs tasks in order after microtasks and before a later immediate", async () => {
    const scheduler = createNodeScheduler();
    const seen: string[] = [];
    scheduler.defer(() => seen.push("first"));
    setImmediate(() => seen.push("immediate"));
    scheduler.defer(() => seen.push("second"));
    queueMicrotask(() => seen.push("microtask"));
    await immediate();
    expect(seen).toEqual(["microtask", "first", "second", "immediate"]);
  });

  it("defer() inside a task belongs to the next tick", async () => {
    const scheduler = createNodeScheduler();
    const seen: string[] = [];
    scheduler.defer(() => {
      seen.push("outer");
      scheduler.defer(() => seen.push("inner"));
    });
    await immediate();
    expect(seen).toEqual(["outer"]);
    await immediate();
    expect(seen).toEqual(["outer", "inner"]);
  });

  it("defer() runs the tasks behind one that throws", async () => {
    const scheduler = createNodeScheduler();
    const seen: string[] = [];
    const thrown = new Promise<unknown>((resolve) => {
      const listeners = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of listeners) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    scheduler.defer(() => {
      throw new Error("boom");
    });
    scheduler.defer(() => seen.push("behind"));
    expect(await thrown).toEqual(new Error("boom"));
    await immediate();
    expect(seen).toEqual(["behind"]);
  });

  it("nowMs() is monotonic with fraction", () => {
    const scheduler = createNodeScheduler();
    const first = scheduler.nowMs();
    expect(scheduler.nowMs()).toBeGreaterThanOrEqual(first);
  });

  it("after() runs once, and never when cancelled", async () => {
    const scheduler = createNodeScheduler();
    const seen: string[] = [];
    scheduler.after(1, () => seen.push("cancelled")).cancel();
    await new Promise<void>((resolve) => {
      const timer = scheduler.after(2, () => {
        seen.push("fired");
        timer.cancel();
        resolve();
      });
    });
    expect(seen).toEqual(["fired"]);
  });
});

describe("createNodeScheduler().after()", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("keeps a delay that is longer than setTimeout takes", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const longMs = 2 ** 32 + 5;
    const seen: string[] = [];
    const scheduler = createNodeScheduler();
    scheduler.after(longMs, () => seen.push("fired"));
    const cancelled = scheduler.after(longMs, () => seen.push("cancelled"));
    vi.advanceTimersByTime(longMs - 1);
    expect(seen).toEqual([]);
    cancelled.cancel();
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["fired"]);
  });

  it("takes a time that has passed for now", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    await new Promise<void>((resolve) => createNodeScheduler().after(-5, resolve));
    await immediate();
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});
