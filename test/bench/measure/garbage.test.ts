// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { type Collection, garbageOf } from "./garbage.ts";

const collection = (before: number, after: number, cost: number): Collection => ({
  cost,
  beforeGC: { heapStatistics: { usedHeapSize: before } },
  afterGC: { heapStatistics: { usedHeapSize: after } },
});

describe("garbageOf()", () => {
  test("adds up what the heap grew by between collections", () => {
    const collections = [collection(1_500, 200, 800), collection(1_200, 300, 1_200)];
    // 500 to the first, 1,000 to the second, 100 to the end.
    expect(garbageOf(collections, 1_000, 400)).toEqual({
      allocatedBytes: 1_600,
      collections: 2,
      pausedMs: 2,
      longestMs: 1.2,
    });
  });

  test("is what the heap grew by where nothing was collected", () => {
    expect(garbageOf([], 100, 350)).toEqual({ allocatedBytes: 250, collections: 0, pausedMs: 0, longestMs: 0 });
  });
});
