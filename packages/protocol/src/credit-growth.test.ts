// SPDX-License-Identifier: Apache-2.0
import { createSeededRandom } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { CreditGrowth, type CreditReturn, type GrowingWindow } from "./credit-growth.js";
import { INITIAL_CREDIT, MAX_CREDIT_GROWTH, MAX_GROWN_CREDIT } from "./limits.js";

const HALF = INITIAL_CREDIT / 2;

function open(initial = INITIAL_CREDIT) {
  const counters = { creditGrown: 0, creditNotGrown: 0 };
  const growth = new CreditGrowth(initial, counters);
  const begin = (): GrowingWindow => {
    const call = { creditWindow: 0, creditSpan: 0, creditSinceMs: 0, creditCaughtUp: false };
    growth.begin(call);
    return call;
  };
  return { counters, growth, begin };
}

/** Returns what makes up `windows` windows, in the time of `roundTrips`. */
function use(growth: CreditGrowth, call: GrowingWindow, about: Partial<CreditReturn> & { fromMs: number }): number {
  const { fromMs, roundTripMs = 100, ...rest } = about;
  let given = 0;
  let owed = 0;
  const steps = Math.ceil(call.creditWindow / HALF);
  for (let step = 1; step <= steps; step++) {
    const nowMs = fromMs + (step * roundTripMs) / steps;
    given += growth.giveBack(call, { owed: HALF, unread: 0, hasRoom: true, ...rest, nowMs, roundTripMs });
    owed += HALF;
  }
  return given - owed;
}

describe("CreditGrowth", () => {
  it("doubles a window that is used up in a round trip, to 1 MiB", () => {
    const { growth, begin, counters } = open();
    const call = begin();
    growth.giveBack(call, { owed: HALF, nowMs: 0, roundTripMs: 100, unread: 0, hasRoom: true });
    const windows = Array.from({ length: 6 }, (_, at) => {
      use(growth, call, { fromMs: at * 100 });
      return call.creditWindow / INITIAL_CREDIT;
    });
    expect(windows).toEqual([2, 4, 8, 12.8, 12.8, 12.8]);
    expect(counters).toEqual({ creditGrown: MAX_CREDIT_GROWTH - INITIAL_CREDIT, creditNotGrown: 0 });
    growth.end(call);
    expect([growth.grown, call.creditWindow]).toEqual([0, INITIAL_CREDIT]);
  });

  it.each([
    ["the sender takes its time", { roundTripMs: 30 }],
    ["the round trip is not known", { roundTripMs: -1 }],
    ["it is of no weight", { roundTripMs: 0.9 }],
    ["the reader never catches up", { unread: HALF + 1 }],
    ["the channel's buffers are half full", { hasRoom: false }],
  ])("returns what was taken in, and no more, if %s", (_case, about) => {
    const { growth, begin } = open();
    const call = begin();
    for (let step = 0; step < 40; step++) {
      const usual = { owed: HALF, nowMs: step * 50, roundTripMs: 100, unread: 0, hasRoom: true };
      expect(growth.giveBack(call, { ...usual, ...about })).toBe(HALF);
    }
    expect(growth.grown).toBe(0);
  });

  it("takes a reader that catches up once in a while for one that keeps up", () => {
    const { growth, begin } = open();
    const call = begin();
    for (let step = 0; step < 4; step++) {
      const unread = step % 2 === 0 ? INITIAL_CREDIT : 0;
      growth.giveBack(call, { owed: HALF, nowMs: step * 50, roundTripMs: 100, unread, hasRoom: true });
    }
    expect(call.creditWindow).toBe(2 * INITIAL_CREDIT);
  });

  it("gives back less of a window that its sender does not use up any more, by halves", () => {
    const { growth, begin } = open();
    const call = begin();
    for (let at = 0; at < 6; at++) use(growth, call, { fromMs: at * 100 });
    expect(call.creditWindow).toBe(MAX_CREDIT_GROWTH);
    const returns: number[] = [];
    for (let nowMs = 10_000; call.creditWindow > INITIAL_CREDIT; nowMs += 2_000) {
      returns.push(growth.giveBack(call, { owed: 600_000, nowMs, roundTripMs: 100, unread: 0, hasRoom: true }));
      expect(returns.length).toBeLessThan(40);
    }
    expect(returns.slice(0, 3)).toEqual([600_000 - 483_328, 600_000 - 241_664, 600_000 - 120_832]);
    expect(growth.grown).toBe(0);
  });

  it("leaves an initial credit of 1 MiB and more as it is", () => {
    const { growth, begin, counters } = open(2 * MAX_CREDIT_GROWTH);
    const call = begin();
    for (let at = 0; at < 9; at++) expect(use(growth, call, { fromMs: at * 100 })).toBe(0);
    expect([call.creditWindow, counters.creditNotGrown]).toEqual([2 * MAX_CREDIT_GROWTH, 0]);
  });

  it("one call gets half of what is left, so that others find some; then it says that nothing was left", () => {
    const { growth, begin, counters } = open();
    const calls = Array.from({ length: 40 }, begin);
    for (let round = 0; round < 9; round++) for (const call of calls) use(growth, call, { fromMs: round * 100 });
    expect(growth.grown).toBeLessThanOrEqual(MAX_GROWN_CREDIT);
    expect(growth.grown).toBeGreaterThan(MAX_GROWN_CREDIT - 40_000);
    expect(counters.creditNotGrown).toBeGreaterThan(0);
    const [first] = calls;
    if (first !== undefined) growth.end(first);
    const late = begin();
    use(growth, late, { fromMs: 10_000 });
    use(growth, late, { fromMs: 10_100 });
    expect(late.creditWindow).toBeGreaterThan(INITIAL_CREDIT);
  });

  it("keeps windows and their sum within bounds, and gives what was taken plus what a window grew, whatever happens", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = createSeededRandom(seed);
      const { growth, begin } = open(65_536 + random.integer(40_000));
      const initial = begin().creditWindow;
      const calls: GrowingWindow[] = [];
      let nowMs = 0;
      for (let step = 0; step < 4_000; step++) {
        nowMs += random.random() ** 4 * 500;
        const at = random.integer(12);
        const call = calls[at];
        const label = `seed ${seed}, step ${step}`;
        if (call === undefined || random.integer(200) === 0) {
          if (call !== undefined) growth.end(call);
          calls[at] = begin();
          continue;
        }
        const before = call.creditWindow;
        const owed = Math.ceil(initial / 2) + random.integer(initial);
        const unread = random.integer(2) * random.integer(before);
        const given = growth.giveBack(call, { owed, nowMs, roundTripMs: 50, unread, hasRoom: random.integer(20) > 0 });
        expect(given - owed, label).toBe(call.creditWindow - before);
        expect(given, label).toBeGreaterThanOrEqual(0);
        expect(call.creditWindow, label).toBeGreaterThanOrEqual(initial);
        expect(call.creditWindow, label).toBeLessThanOrEqual(Math.min(MAX_CREDIT_GROWTH, 2 * before));
        expect(growth.grown, label).toBe(calls.reduce((sum, one) => sum + (one?.creditWindow ?? initial) - initial, 0));
        expect(growth.grown, label).toBeLessThanOrEqual(MAX_GROWN_CREDIT);
      }
    }
  });
});
