// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RetryPolicy } from "./retry-policy.js";

const middle = () => 0.5;

describe("RetryPolicy", () => {
  it("has the defaults where nothing is said", () => {
    const policy = new RetryPolicy({ maxAttempts: 3 });
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((retry) => policy.backoffMs(retry, middle))).toEqual([
      25, 50, 100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect(policy.attemptTimeoutMs).toBe(Number.POSITIVE_INFINITY);
    expect(Array.from({ length: 17 }, (_, code) => code).filter((code) => policy.isRetryable(code))).toEqual([14]);
    expect(new RetryPolicy({ maxAttempts: 3, retryableStatusCodes: [] }).isRetryable(14)).toBe(true);
  });

  it.each([
    [2, 2],
    [5, 5],
    [6, 5],
    [4_294_967_295, 5],
  ])("takes maxAttempts of %i as %i (gRFC A6)", (said, expected) => {
    expect(new RetryPolicy({ maxAttempts: said }).maxAttempts).toBe(expected);
  });

  it("isRetryable() is true for the codes that are said, and no others", () => {
    const policy = new RetryPolicy({ maxAttempts: 2, retryableStatusCodes: [10, 14] });
    expect(Array.from({ length: 18 }, (_, code) => code).filter((code) => policy.isRetryable(code))).toEqual([10, 14]);
  });

  // gRFC A6's example: 0.1 s, 1 s, 2.
  it.each([
    [1, 0, 80],
    [1, 0.5, 100],
    [2, 0, 160],
    [3, 0.5, 400],
    [4, 0.5, 800],
    [5, 0.5, 1_000],
    [5, 0, 800],
    [2_000, 0.5, 1_000],
  ])("backoffMs(%i) with a random of %d is %d", (retry, random, expected) => {
    const policy = new RetryPolicy({
      maxAttempts: 4,
      initialBackoffMs: 100,
      maxBackoffMs: 1_000,
      backoffMultiplier: 2,
    });
    expect(policy.backoffMs(retry, () => random)).toBeCloseTo(expected, 9);
  });

  it("backoffMs() is within 0.8 and 1.2 of the formula", () => {
    const facts = fc.record({
      initialBackoffMs: fc.double({ min: 0.001, max: 1e5, noNaN: true }),
      maxBackoffMs: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      backoffMultiplier: fc.double({ min: 0.01, max: 1e3, noNaN: true }),
    });
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(facts, fc.integer({ min: 1, max: 500 }), unit, (backoff, retry, random) => {
        const ms = new RetryPolicy({ maxAttempts: 5, ...backoff }).backoffMs(retry, () => random);
        const plain = Math.min(
          backoff.initialBackoffMs * backoff.backoffMultiplier ** (retry - 1),
          backoff.maxBackoffMs,
        );
        expect(ms).toBeGreaterThanOrEqual(plain * 0.8 * (1 - 1e-12));
        expect(ms).toBeLessThanOrEqual(plain * 1.2 * (1 + 1e-12));
      }),
    );
  });
});
