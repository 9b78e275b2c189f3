// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Call } from "./call.js";
import { RequestBudget } from "./request-budget.js";

const MIB = 1024 * 1024;

/** A budget whose time stands still until told, its calls, and which of them it ended. */
function setUp(count: number, maxRequestBytes = 4 * MIB) {
  const clock = { nowMs: 5_000, readings: 0 };
  // Of a call, only what it keeps counts here.
  const calls = Array.from({ length: count }, (_, callId) => ({ callId, bufferedBytes: 0, movedMs: 0 }) as Call);
  const ended: number[] = [];
  const budget: RequestBudget = new RequestBudget({
    maxRequestBytes,
    nowMs() {
      clock.readings++;
      return clock.nowMs;
    },
    calls: () => calls,
    end(call) {
      ended.push(call.callId);
      budget.change(call, -call.bufferedBytes);
    },
  });
  const keep = (id: number, bytes: number) => budget.change(calls[id] as Call, bytes);
  /** Time goes on, and bytes of the last call with it. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.nowMs += Math.min(left, 100);
      keep(count - 1, 1);
    }
  };
  return { clock, calls, ended, keep, pass };
}

describe("RequestBudget", () => {
  it("does not ask the clock while less than half is in use", () => {
    const { clock, keep } = setUp(2);
    keep(0, 4 * MIB);
    keep(1, 4 * MIB);
    keep(0, -4 * MIB);
    expect(clock.readings).toBe(0);
  });

  it("lets messages that move keep more than the limit for a moment", () => {
    const { clock, calls, ended, keep } = setUp(30);
    for (let slice = 0; slice < 40; slice++) {
      for (const { callId } of calls) keep(callId, MIB / 10);
      clock.nowMs += 100;
    }
    for (const { callId, bufferedBytes } of calls) keep(callId, -bufferedBytes);
    expect(ended).toEqual([]);
  });

  it("ends the call that keeps most of those that stand still", () => {
    const { ended, keep, pass } = setUp(4);
    keep(1, 3 * MIB);
    keep(2, 2 * MIB);
    keep(0, 8 * MIB);
    pass(1_000);
    keep(0, 2 * MIB);
    expect(ended).toEqual([]);
    keep(0, 2 * MIB);
    expect(ended).toEqual([1]);
    keep(0, MIB);
    expect(ended).toEqual([1]);
  });

  it("blames nobody for the time before half was in use", () => {
    const { clock, ended, keep, pass } = setUp(3);
    keep(0, 8 * MIB);
    clock.nowMs += 60_000;
    keep(1, 9 * MIB);
    expect(ended).toEqual([]);
    pass(900);
    expect(ended).toEqual([]);
    keep(1, 1);
    pass(100);
    expect(ended).toEqual([0]);
  });

  it("blames nobody for a time in which the process stood still", () => {
    const { clock, ended, keep, pass } = setUp(3);
    keep(0, 9 * MIB);
    clock.nowMs += 5_000;
    keep(1, 9 * MIB);
    expect(ended).toEqual([]);
    pass(1_000);
    expect(ended).toEqual([0]);
  });

  it("looks for them now and then, not with every frame", () => {
    const { clock, ended, keep, pass } = setUp(4);
    keep(0, 9 * MIB);
    keep(1, 6 * MIB);
    pass(1_000);
    keep(2, 12 * MIB);
    expect(ended).toEqual([0]);
    keep(2, 1);
    expect(ended).toEqual([0]);
    clock.nowMs += 100;
    keep(2, 1);
    expect(ended).toEqual([0, 1]);
  });

  it("is bounded whatever moves", () => {
    const { ended, keep } = setUp(32);
    for (let id = 0; id < 32; id++) keep(id, 4 * MIB);
    expect(ended).toEqual([]);
    keep(7, 1);
    expect(ended).toEqual([7]);
  });

  it("has room for four messages of a limit that was raised", () => {
    const { ended, keep, pass } = setUp(5, 64 * MIB);
    for (let id = 0; id < 4; id++) keep(id, 64 * MIB);
    expect(ended).toEqual([]);
    pass(1_000);
    expect(ended).toEqual([0]);
  });
});
