// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { HedgingPolicy } from "./hedging-policy.js";
import { RetryBudget } from "./retry-budget.js";
import { RetryThrottle } from "./retry-throttle.js";

const free = { throttle: undefined, budget: undefined, openCalls: 1 };

describe("HedgingPolicy", () => {
  it("sends all at once and fails with any failure, where nothing is said", () => {
    const policy = new HedgingPolicy({ maxAttempts: 3 });
    expect(policy.delayMs).toBe(0);
    expect(policy.isFatal(0)).toBe(false);
    for (let code = 1; code <= 16; code++) expect(policy.isFatal(code)).toBe(true);
  });

  it("isFatal() is true for all codes that are not said", () => {
    const policy = new HedgingPolicy({ maxAttempts: 2, nonFatalStatusCodes: [14, 13, 10] });
    const fatal = Array.from({ length: 18 }, (_, code) => code).filter((code) => policy.isFatal(code));
    expect(fatal).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 16, 17]);
  });

  // gRFC A6's example: 4 attempts, 0.5 s apart.
  it("nextDueMs() spaces the attempts and ends with the last", () => {
    const policy = new HedgingPolicy({ maxAttempts: 4, hedgingDelayMs: 500 });
    expect(policy.nextDueMs(1, 0, 1)).toBe(501);
    expect(policy.nextDueMs(2, 0, 501)).toBe(1_001);
    expect(policy.nextDueMs(3, 0, 1_001)).toBe(1_501);
    expect(policy.nextDueMs(4, 0, 1_501)).toBe(Number.POSITIVE_INFINITY);
  });

  it("nextDueMs() leaves it to a client that tries again by itself", () => {
    expect(new HedgingPolicy({ maxAttempts: 4 }).nextDueMs(1, 1, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it("takes maxAttempts above 5 as 5 (gRFC A6)", () => {
    expect(new HedgingPolicy({ maxAttempts: 100 }).maxAttempts).toBe(5);
  });

  it("maySend() asks attempts, tokens and budget", () => {
    const policy = new HedgingPolicy({ maxAttempts: 3, nonFatalStatusCodes: [14] });
    const throttle = new RetryThrottle({ maxTokens: 1, tokenRatio: 1 });
    const budget = new RetryBudget({ minConcurrent: 1 });
    expect(policy.maySend({ attempts: 2, ...free })).toBe(true);
    expect(policy.maySend({ attempts: 3, ...free })).toBe(false);
    expect(policy.maySend({ attempts: 2, ...free, throttle, budget })).toBe(true);
    throttle.onEnd(14, policy.nonFatalMask, undefined);
    expect(policy.maySend({ attempts: 2, ...free, throttle, budget })).toBe(false);
    throttle.onEnd(0, policy.nonFatalMask, undefined);
    budget.enter();
    expect(policy.maySend({ attempts: 2, ...free, throttle, budget })).toBe(false);
    expect(policy.maySend({ attempts: 2, ...free, throttle, budget, openCalls: 10 })).toBe(true);
  });
});
