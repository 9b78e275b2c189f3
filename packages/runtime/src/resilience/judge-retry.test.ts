// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FailedAttempt, judgeRetry } from "./judge-retry.js";
import { RetryBudget } from "./retry-budget.js";
import { RetryPolicy } from "./retry-policy.js";
import { RetryThrottle } from "./retry-throttle.js";

const policy = new RetryPolicy({ maxAttempts: 3, initialBackoffMs: 100 });
const middle = () => 0.5;

const failed: FailedAttempt = {
  code: 14,
  pushback: undefined,
  attempts: 1,
  retriesSincePushback: 0,
  committed: false,
  kept: true,
  previousAttempts: 0,
  remainingMs: Number.POSITIVE_INFINITY,
  throttle: undefined,
  budget: undefined,
  openCalls: 1,
};

function emptyThrottle(): RetryThrottle {
  const throttle = new RetryThrottle({ maxTokens: 1, tokenRatio: 0.1 });
  throttle.onEnd(14, policy.retryableMask, undefined);
  return throttle;
}

function usedBudget(): RetryBudget {
  const budget = new RetryBudget({ minConcurrent: 1 });
  budget.enter();
  return budget;
}

function retry(afterMs: number, retriesSincePushback: number) {
  return { action: "retry", afterMs, retriesSincePushback } as const;
}

function end(reason: string) {
  return { action: "end", reason } as const;
}

describe("judgeRetry()", () => {
  it.each([
    ["a first failure", {}, retry(100, 1)],
    ["a second one", { attempts: 2, retriesSincePushback: 1 }, retry(200, 2)],
    ["the last attempt", { attempts: 3 }, end("attemptsUsed")],
    ["another code", { code: 13 }, end("notRetryable")],
    ["a committed call", { committed: true }, end("committed")],
    ["a request that is gone", { kept: false }, end("notKept")],
    ["a client that retries", { previousAttempts: 1 }, end("clientRetries")],
    ["a throttled service", { throttle: emptyThrottle() }, end("throttled")],
    ["a used budget", { budget: usedBudget() }, end("budget")],
    ["a used budget of many calls", { budget: usedBudget(), openCalls: 100 }, retry(100, 1)],
    ["a deadline that is over", { remainingMs: 0 }, end("deadline")],
    ["a deadline before the retry", { remainingMs: 100 }, end("deadline")],
    ["a deadline after it", { remainingMs: 101 }, retry(100, 1)],
  ] as const)("%s", (_case, difference, expected) => {
    expect(judgeRetry(policy, { ...failed, ...difference }, middle)).toEqual(expected);
  });

  it.each([
    ["waits as long as it says", { pushback: 7 }, retry(7, 0)],
    ["may say at once", { pushback: 0 }, retry(0, 0)],
    ["restarts the backoff, here at the last attempt but one", { pushback: undefined, attempts: 2 }, retry(100, 1)],
    ["is stronger than the backoff that has grown", { pushback: 7, attempts: 2, retriesSincePushback: 1 }, retry(7, 0)],
    ["may ask for none", { pushback: "stop" }, end("pushback")],
    ["… whatever the code", { pushback: "stop", code: 3 }, end("pushback")],
    ["makes no code retryable", { pushback: 7, code: 3 }, end("notRetryable")],
    ["gives no further attempt", { pushback: 7, attempts: 3 }, end("attemptsUsed")],
    ["does not outlast the deadline", { pushback: 7, remainingMs: 7 }, end("deadline")],
  ] as const)("a pushback %s", (_case, difference, expected) => {
    expect(judgeRetry(policy, { ...failed, ...difference }, middle)).toEqual(expected);
  });

  it("without a policy retries nothing", () => {
    expect(judgeRetry(undefined, failed, middle)).toEqual(end("notRetryable"));
  });

  it("draws a random number only for a backoff", () => {
    const none = () => {
      throw new Error("drawn");
    };
    expect(judgeRetry(policy, { ...failed, pushback: 5 }, none)).toEqual(retry(5, 0));
    expect(judgeRetry(policy, { ...failed, code: 3 }, none)).toEqual(end("notRetryable"));
  });

  it("never sends more than maxAttempts that may have run, within the deadline, with waits by the formula", () => {
    const answer = fc.record({
      code: fc.constantFrom(14, 14, 14, 13),
      pushback: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        fc.integer({ min: 0, max: 500 }),
        fc.constant("stop" as const),
      ),
      tookMs: fc.integer({ min: 0, max: 300 }),
    });
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const deadline = fc.integer({ min: 1, max: 3_000 });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 20, maxLength: 20 }), deadline, unit, (answers, deadlineMs, random) => {
        let [nowMs, attempts, retriesSincePushback] = [0, 0, 0];
        for (const { code, pushback, tookMs } of answers) {
          nowMs += tookMs;
          attempts++;
          expect(attempts).toBeLessThanOrEqual(3);
          const counts = { attempts, retriesSincePushback, remainingMs: deadlineMs - nowMs };
          const verdict = judgeRetry(policy, { ...failed, code, pushback, ...counts }, () => random);
          if (verdict.action === "end") return;
          const formulaMs = Math.min(100 * 2 ** retriesSincePushback, 1_000) * (0.8 + 0.4 * random);
          expect(verdict.afterMs).toBeCloseTo(pushback === undefined ? formulaMs : Number(pushback), 6);
          nowMs += verdict.afterMs;
          retriesSincePushback = verdict.retriesSincePushback;
          expect(nowMs).toBeLessThan(deadlineMs);
        }
        expect.unreachable("retried for ever");
      }),
    );
  });
});
