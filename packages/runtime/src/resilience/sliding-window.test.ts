// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlidingWindow } from "./sliding-window.js";

describe("SlidingWindow", () => {
  it("forgets a call between nine tenths of the window and all of it, by ten buckets", () => {
    const window = new SlidingWindow(1_000, 10);
    window.add(true, 10_050);
    window.add(false, 10_100);
    window.advance(10_999);
    expect([window.total, window.failed]).toEqual([2, 1]);
    window.advance(11_000);
    expect([window.total, window.failed]).toEqual([1, 0]);
    window.advance(11_100);
    expect([window.total, window.failed]).toEqual([0, 0]);
  });

  it("forgets all after a long pause, and by clear()", () => {
    const window = new SlidingWindow(1_000, 10);
    for (let atMs = 0; atMs < 1_000; atMs += 10) window.add(true, atMs);
    window.advance(1e12);
    expect([window.total, window.failed]).toEqual([0, 0]);
    window.add(true, 1e12);
    window.clear();
    window.add(false, 1e12);
    expect([window.total, window.failed]).toEqual([1, 0]);
  });

  it("keeps its counts when time steps back", () => {
    const window = new SlidingWindow(1_000, 10);
    window.add(true, 5_000);
    window.add(true, 0);
    expect([window.total, window.failed]).toEqual([2, 2]);
  });

  it("counts what a list of all calls would", () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(400), isFailure: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 12 }), (calls, buckets) => {
        const window = new SlidingWindow(1_000, buckets);
        const bucketMs = 1_000 / buckets;
        const all: { readonly bucket: number; readonly isFailure: boolean }[] = [];
        let nowMs = 0;
        for (const { afterMs, isFailure } of calls) {
          nowMs += afterMs;
          window.add(isFailure, nowMs);
          const newest = Math.floor(nowMs / bucketMs);
          all.push({ bucket: newest, isFailure });
          const inside = all.filter(({ bucket }) => bucket > newest - buckets);
          expect(window.total).toBe(inside.length);
          expect(window.failed).toBe(inside.filter((call) => call.isFailure).length);
        }
      }),
    );
  });
});
