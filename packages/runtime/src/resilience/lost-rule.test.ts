// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Execution, GivenUpCall, Verdict } from "./lost-rule.js";
import { judgeLost, judgeNotRun } from "./lost-rule.js";

const booleans = [false, true];
const executions: readonly Execution[] = ["none", "unknown", "started"];
const states: readonly GivenUpCall["state"][] = ["sent", "accepted", "cancelling"];

/** Every combination of what the rules look at, counts up to one beyond their limits. */
function* everyCall(): Iterable<GivenUpCall> {
  for (const state of states)
    for (const mayRepeat of booleans)
      for (const forwarded of booleans)
        for (const kept of booleans)
          for (const requeues of [0, 1, 2, 3, 4])
            for (const deaths of [0, 1, 2, 3])
              for (const execution of executions)
                yield { state, mayRepeat, forwarded, kept, requeues, deaths, execution };
}

/** docs/channel.md section 4 word by word, from the outside in: which answers each fact leaves possible. */
function lostByTheBook(call: GivenUpCall): Verdict {
  const order = ["none", "unknown", "started"] as const;
  const own = call.state === "sent" ? 1 : 2;
  const execution = order[Math.max(order.indexOf(call.execution), own)] as Execution;
  const tryAgain = [call.mayRepeat, !call.forwarded, call.kept].every(Boolean);
  const withinLimits = [call.requeues < 3, call.deaths < 2].every(Boolean);
  if (call.state === "cancelling") return { action: "done" };
  if (tryAgain && withinLimits) return { action: "requeue", countsAsAttempt: true, execution };
  return { action: "end", reason: tryAgain ? "REQUEUE_LIMIT" : "INSTANCE_LOST", execution };
}

const fresh: GivenUpCall = {
  state: "sent",
  mayRepeat: true,
  forwarded: false,
  kept: true,
  requeues: 0,
  deaths: 1,
  execution: "none",
};

describe("judgeLost()", () => {
  it("is the lost rule for every combination", () => {
    let count = 0;
    for (const call of everyCall()) {
      expect(judgeLost(call), JSON.stringify(call)).toEqual(lostByTheBook(call));
      count++;
    }
    expect(count).toBe(3 * 2 * 2 * 2 * 5 * 4 * 3);
  });

  it.each<[string, Partial<GivenUpCall>, Verdict]>([
    ["idempotent, kept, nothing forwarded", {}, { action: "requeue", countsAsAttempt: true, execution: "unknown" }],
    ["the same, accepted", { state: "accepted" }, { action: "requeue", countsAsAttempt: true, execution: "started" }],
    ["not idempotent", { mayRepeat: false }, { action: "end", reason: "INSTANCE_LOST", execution: "unknown" }],
    ["outgrown", { kept: false }, { action: "end", reason: "INSTANCE_LOST", execution: "unknown" }],
    [
      "answered in part",
      { state: "accepted", forwarded: true },
      { action: "end", reason: "INSTANCE_LOST", execution: "started" },
    ],
    ["the second instance to die", { deaths: 2 }, { action: "end", reason: "REQUEUE_LIMIT", execution: "unknown" }],
    ["the fourth requeue", { requeues: 3 }, { action: "end", reason: "REQUEUE_LIMIT", execution: "unknown" }],
    ["the client has its answer", { state: "cancelling" }, { action: "done" }],
  ])("%s", (_case, changes, verdict) => {
    expect(judgeLost({ ...fresh, ...changes })).toEqual(verdict);
  });

  it("execution never gets better", () => {
    const order = ["none", "unknown", "started"];
    for (const call of everyCall()) {
      const verdict = judgeLost(call);
      if (verdict.action === "done") continue;
      expect(order.indexOf(verdict.execution)).toBeGreaterThanOrEqual(order.indexOf(call.execution));
      expect(verdict.execution).not.toBe("none");
    }
  });
});

describe("judgeNotRun()", () => {
  it("goes back to the queue whatever the method, unless outgrown or spent", () => {
    for (const call of everyCall()) {
      const verdict = judgeNotRun(call);
      if (call.state === "cancelling") expect(verdict).toEqual({ action: "done" });
      else if (call.kept && call.requeues < 3 && call.deaths < 2) {
        expect(verdict).toEqual({ action: "requeue", countsAsAttempt: false, execution: call.execution });
      } else expect(verdict).toEqual({ action: "end", reason: "REQUEUE_LIMIT", execution: call.execution });
    }
  });
});
