// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.js";

describe("RateLimiter.take()", () => {
  test("gives a burst at once and then so many a second", () => {
    const limiter = new RateLimiter(0, 3, 2);
    expect([1, 2, 3, 4].map(() => limiter.take(0))).toEqual([true, true, true, false]);
    expect(limiter.waitMs).toBe(500);
    expect(limiter.take(499)).toBe(false);
    expect(limiter.take(500)).toBe(true);
    expect(limiter.take(10_000)).toBe(true);
  });
});
