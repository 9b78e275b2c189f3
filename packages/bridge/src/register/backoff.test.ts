// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { Backoff } from "./backoff.js";
import { describeWait, ordinal } from "./describe-wait.js";

const seeds = [1, 2, 3, 4, 5];

describe("Backoff", () => {
  it.each(seeds)("next() is random in [0, min(30 s, 0.5 s × 2^n)], seed %i", (seed) => {
    const backoff = new Backoff(createSeededRandom(seed).random);
    for (let n = 0; n < 40; n++) {
      const waitMs = backoff.next();
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThan(Math.min(30_000, 500 * 2 ** n));
      expect(backoff.failures).toBe(n + 1);
    }
  });

  it("next() uses the whole range", () => {
    const waits = [0, 0.5, 0.999].map((value) => {
      const backoff = new Backoff(() => value);
      return [backoff.next(), backoff.next(), backoff.next()];
    });
    expect(waits).toEqual([
      [0, 0, 0],
      [250, 500, 1_000],
      [499.5, 999, 1_998],
    ]);
  });

  it("next() waits at least as long as the router asked", () => {
    const backoff = new Backoff(() => 0.5);
    expect(backoff.next(20_000)).toBe(20_000);
    expect(backoff.next(100)).toBe(500);
  });

  it.each(seeds)("nextAfterPermanent() is 60 s ± 20 %, seed %i", (seed) => {
    const backoff = new Backoff(createSeededRandom(seed).random);
    for (let n = 0; n < 100; n++) {
      const waitMs = backoff.nextAfterPermanent();
      expect(waitMs).toBeGreaterThanOrEqual(48_000);
      expect(waitMs).toBeLessThan(72_000);
    }
    expect(backoff.nextAfterPermanent(100_000)).toBe(100_000);
  });

  it("rejoin() is within a second and no failure after a channel that stood", () => {
    const backoff = new Backoff(() => 0.75);
    backoff.next();
    for (let count = 0; count < 5; count++) expect(backoff.rejoin(10_000)).toBe(750);
    expect(backoff.failures).toBe(0);
  });

  it("rejoin() doubles, up to 30 s, after channels that did not stand", () => {
    const backoff = new Backoff(() => 1);
    const waits = Array.from({ length: 7 }, () => backoff.rejoin(100));
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(backoff.rejoin(30_001)).toBe(1_000);
  });

  it.each([
    ["9.9 s after a short wait", 9_900, 100, 2],
    ["10 s after a short wait", 10_000, 100, 0],
    ["20 s after a wait of 20 s", 20_000, 20_000, 2],
    ["more than the last wait", 20_001, 20_000, 0],
  ])("stood() starts anew only after 10 s and longer than the last wait: %s", (_name, stoodMs, lastMs, failures) => {
    const backoff = new Backoff(() => 0);
    backoff.next();
    backoff.next(lastMs);
    backoff.stood(stoodMs);
    expect(backoff.failures).toBe(failures);
  });
});

describe("describeWait()", () => {
  it.each([
    [0, "0.0 s"],
    [1_234, "1.2 s"],
    [9_949, "9.9 s"],
    [10_400, "10 s"],
    [60_000, "60 s"],
  ])("says %i ms as %s", (ms, expected) => {
    expect(describeWait(ms)).toBe(expected);
  });
});

describe("ordinal()", () => {
  it.each([
    [1, "1st"],
    [2, "2nd"],
    [3, "3rd"],
    [4, "4th"],
    [10, "10th"],
    [11, "11th"],
    [12, "12th"],
    [13, "13th"],
    [21, "21st"],
    [111, "111th"],
    [122, "122nd"],
  ])("says %i as %s", (count, expected) => {
    expect(ordinal(count)).toBe(expected);
  });
});
