// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { callsFor, findPace } from "./pace.ts";

describe("callsFor()", () => {
  test.each([
    [100_000, 0.5, 500, 50_000],
    [100_000, 0.5, 300, 50_100],
    [10, 0.5, 1_000, 2_000],
    [3, 1, 1, 3],
  ])("at %d/s, %d s, %d in flight: %d", (perSecond, seconds, inFlight, calls) => {
    expect(callsFor(perSecond, seconds, inFlight)).toBe(calls);
  });
});

describe("findPace()", () => {
  /** A server of so many calls a second, that notes what it was asked for. */
  function server(perSecond: number) {
    const asked: number[] = [];
    const run = (calls: number) => {
      asked.push(calls);
      return Promise.resolve({ calls, messages: calls, seconds: calls / perSecond });
    };
    return { asked, run };
  }

  test("gives a fast peer its calls, growing tenfold", async () => {
    const { asked, run } = server(100_000);
    expect(await findPace(run, 10, { calls: 60_000, seconds: 3 }, 0.5)).toBe(50_000);
    expect(asked).toEqual([20, 200, 2_000, 20_000, 37_780]);
  });

  test("stops with a slow one when its time is over", async () => {
    const { asked, run } = server(100);
    expect(await findPace(run, 10, { calls: 60_000, seconds: 3 }, 0.5)).toBe(50);
    expect(asked.reduce((sum, calls) => sum + calls)).toBeLessThanOrEqual(320);
  });
});
