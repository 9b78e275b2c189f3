// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createSeededRandom } from "./seeded-random.js";

describe("createSeededRandom()", () => {
  it("repeats its numbers for a seed and differs between seeds", () => {
    const draw = (seed: number) => Array.from({ length: 20 }, createSeededRandom(seed).random);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(0)).not.toEqual(draw(0xffffffff));
  });

  it("random() is even over [0, 1)", () => {
    const { random } = createSeededRandom(3);
    const buckets = new Array<number>(16).fill(0);
    for (let count = 0; count < 16_000; count++) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      const bucket = Math.floor(value * 16);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 15 degrees of freedom: above 37.7 only once in a thousand seeds.
    expect(chiSquare).toBeLessThan(37.7);
  });

  it("integer() reaches both ends and nothing else", () => {
    const random = createSeededRandom(4);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(3)));
    expect([...seen].sort()).toEqual([0, 1, 2]);
  });

  it("randomBytes() gives as many as asked, of all values", () => {
    const bytes = createSeededRandom(5).randomBytes(20_000);
    expect(bytes.length).toBe(20_000);
    expect(new Set(bytes).size).toBe(256);
    expect(createSeededRandom(5).randomBytes(0).length).toBe(0);
  });

  it("fork() gives an independent source that the seed repeats", () => {
    const one = createSeededRandom(6);
    const other = createSeededRandom(6);
    expect(one.fork().random()).toBe(other.fork().random());
    expect(one.fork().random()).not.toBe(one.random());
    expect(one.seed).toBe(6);
  });
});
