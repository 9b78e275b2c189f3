// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RetryThrottle } from "./retry-throttle.js";
import { statusMask } from "./status-mask.js";

const unavailable = statusMask([14]);

function after(throttle: RetryThrottle, failures: number, successes: number): RetryThrottle {
  for (let count = 0; count < failures; count++) throttle.onEnd(14, unavailable, undefined);
  for (let count = 0; count < successes; count++) throttle.onEnd(0, unavailable, undefined);
  return throttle;
}

describe("RetryThrottle", () => {
  // gRFC A6's own figures: 10 tokens, 0.1 for a success.
  it.each([
    [0, 0, 10, true],
    [4, 0, 6, true],
    [5, 0, 5, false],
    [6, 10, 5, false],
    [6, 11, 5.1, true],
    [10, 0, 0, false],
    [12, 1, 0.1, false],
    [1, 100, 10, true],
  ])("after %i failures and %i successes has %d tokens", (failures, successes, tokens, allows) => {
    const throttle = after(new RetryThrottle({ maxTokens: 10, tokenRatio: 0.1 }), failures, successes);
    expect(throttle.tokens).toBe(tokens);
    expect(throttle.allows).toBe(allows);
  });

  it.each([
    ["0.5466 is 0.546 (gRFC A6)", 0.5466, 0.546],
    ["0.57 is not 0.569, as 0.57 * 1000 would have it", 0.57, 0.57],
    ["0.001 is the smallest", 0.001, 0.001],
    ["0.0004 is not nothing", 0.0004, 0.001],
    ["above 1", 2.5, 2.5],
  ])("takes three decimals: %s", (_case, tokenRatio, gain) => {
    const throttle = after(new RetryThrottle({ maxTokens: 1000, tokenRatio }), 100, 0);
    expect(after(throttle, 0, 1).tokens).toBe(900 + gain);
  });

  it("needs one token of one at least: a failure stops all retries", () => {
    const throttle = new RetryThrottle({ maxTokens: 1, tokenRatio: 0.1 });
    expect(throttle.allows).toBe(true);
    expect(after(throttle, 1, 0).allows).toBe(false);
    expect(after(throttle, 0, 5).allows).toBe(false);
    expect(after(throttle, 0, 1).allows).toBe(true);
  });

  it.each([
    ["a code that is not retryable", 3, undefined, 10],
    ["CANCELLED", 1, undefined, 10],
    ["a code that is not retryable, with a pushback to wait", 3, 100, 10],
    ["a code that is not retryable, with a pushback to stop", 3, "stop", 9],
    ["a retryable code with a pushback to wait", 14, 100, 9],
    ["a retryable code with a pushback to stop", 14, "stop", 9],
  ] as const)("onEnd() %s", (_case, code, pushback, tokens) => {
    const throttle = new RetryThrottle({ maxTokens: 10, tokenRatio: 0.1 });
    throttle.onEnd(code, unavailable, pushback);
    expect(throttle.tokens).toBe(tokens);
  });

  it("keeps its tokens within 0 and maxTokens, exact to the thousandth", () => {
    const facts = fc.record({
      maxTokens: fc.integer({ min: 1, max: 1000 }),
      ratioThousandths: fc.integer({ min: 1, max: 3000 }),
    });
    fc.assert(
      fc.property(facts, fc.array(fc.boolean(), { maxLength: 500 }), ({ maxTokens, ratioThousandths }, ends) => {
        const throttle = new RetryThrottle({ maxTokens, tokenRatio: ratioThousandths / 1000 });
        let expected = BigInt(maxTokens) * 1000n;
        for (const isSuccess of ends) {
          throttle.onEnd(isSuccess ? 0 : 14, unavailable, undefined);
          expected += isSuccess ? BigInt(ratioThousandths) : -1000n;
          if (expected < 0n) expected = 0n;
          if (expected > BigInt(maxTokens) * 1000n) expected = BigInt(maxTokens) * 1000n;
          expect(throttle.tokens).toBe(Number(expected) / 1000);
          expect(throttle.allows).toBe(expected > BigInt(maxTokens) * 500n);
        }
      }),
    );
  });
});
