// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HedgingPolicy } from "./hedging-policy.js";
import { type EndedHedge, judgeHedge } from "./judge-hedge.js";
import { RetryBudget } from "./retry-budget.js";
import { RetryThrottle } from "./retry-throttle.js";

const policy = new HedgingPolicy({ maxAttempts: 3, hedgingDelayMs: 100, nonFatalStatusCodes: [14] });
const never = Number.POSITIVE_INFINITY;

const ended: EndedHedge = {
  code: 14,
  pushback: undefined,
  attempts: 1,
  open: 0,
  dueMs: 100,
  throttle: undefined,
  budget: undefined,
  openCalls: 1,
};

function emptyThrottle(): RetryThrottle {
  const throttle = new RetryThrottle({ maxTokens: 1, tokenRatio: 0.1 });
  throttle.onEnd(14, policy.nonFatalMask, undefined);
  return throttle;
}

function usedBudget(): RetryBudget {
  const budget = new RetryBudget({ minConcurrent: 0 });
  return budget;
}

const win = { action: "win" } as const;
const fail = { action: "fail" } as const;
const send = { action: "send" } as const;
const wait = (dueMs: number) => ({ action: "wait", dueMs }) as const;

describe("judgeHedge()", () => {
  it.each([
    ["OK wins", { code: 0 }, win],
    ["… over others that are under way", { code: 0, attempts: 3, open: 2, dueMs: never }, win],
    ["a fatal code ends the call", { code: 3 }, fail],
    ["… and others that are under way", { code: 3, attempts: 3, open: 2, dueMs: never }, fail],
    ["… whatever the pushback", { code: 3, pushback: 10, open: 1 }, fail],
    ["a non-fatal code sends the next at once", {}, send],
    ["… also beside others", { attempts: 2, open: 1 }, send],
    ["… but none after the last", { attempts: 3, open: 1, dueMs: never }, wait(never)],
    ["… and the last failure is the call's", { attempts: 3, dueMs: never }, fail],
    ["a pushback delays the next", { pushback: 70 }, wait(120)],
    ["… beyond when it was due, too", { pushback: 500, open: 1 }, wait(550)],
    ["… or not at all", { pushback: 0 }, send],
    ["… but makes none after the last", { pushback: 70, attempts: 3, open: 1, dueMs: never }, wait(never)],
    ["a pushback to stop ends hedging", { pushback: "stop", open: 1 }, wait(never)],
    ["… and the call, without others", { pushback: "stop" }, fail],
    ["hedging that was stopped stays so", { attempts: 2, open: 1, dueMs: never }, wait(never)],
    ["no tokens, no hedge", { throttle: emptyThrottle(), open: 1 }, wait(never)],
    ["… and the call fails without others", { throttle: emptyThrottle() }, fail],
    ["no budget, no hedge", { budget: usedBudget() }, fail],
  ] as const)("%s", (_fact, difference, expected) => {
    expect(judgeHedge(policy, { ...ended, ...difference }, 50)).toEqual(expected);
  });

  it("sends no more than maxAttempts, and comes to an end for every order of answers", () => {
    const answer = fc.record({
      code: fc.constantFrom(0, 3, 14, 14, 14),
      pushback: fc.constantFrom(undefined, undefined, 30, 0, "stop" as const),
      /** Which of the open attempts answers, and when. */
      afterMs: fc.integer({ min: 0, max: 250 }),
    });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 3, maxLength: 3 }), (answers) => {
        let [nowMs, attempts, open] = [0, 1, 1];
        let dueMs = policy.nextDueMs(attempts, 0, nowMs);
        const sendOne = () => {
          expect(policy.maySend({ ...ended, attempts })).toBe(true);
          attempts++;
          open++;
          dueMs = policy.nextDueMs(attempts, 0, nowMs);
        };
        for (const { code, pushback, afterMs } of answers) {
          const answerMs = nowMs + afterMs;
          while (open === 0 || dueMs <= answerMs) {
            nowMs = Math.max(nowMs, dueMs);
            sendOne();
          }
          nowMs = Math.max(nowMs, answerMs);
          open--;
          const verdict = judgeHedge(policy, { ...ended, code, pushback, attempts, open, dueMs }, nowMs);
          if (verdict.action === "win" || verdict.action === "fail") return;
          if (verdict.action === "send") sendOne();
          else dueMs = verdict.dueMs;
          expect(attempts).toBeLessThanOrEqual(3);
          expect(open > 0 || dueMs < never, "somebody is waited for").toBe(true);
        }
        expect.unreachable("three answers of three attempts are an end");
      }),
    );
  });
});
