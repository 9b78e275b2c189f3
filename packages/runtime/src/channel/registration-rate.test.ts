// SPDX-License-Identifier: Apache-2.0
import { MAX_REGISTRATIONS_PER_SECOND } from "@grpc-router/protocol";
import { createFakeScheduler, createSeededRandom } from "@grpc-router/testing";
import { describe, expect, test } from "vitest";
import { longestPromiseMs } from "../limits.js";
import { RegistrationRate } from "./registration-rate.js";

/** A rate without a token left. */
function used(nowMs: number): RegistrationRate {
  const rate = new RegistrationRate(nowMs);
  for (let count = 0; count < MAX_REGISTRATIONS_PER_SECOND; count++) rate.take(nowMs);
  return rate;
}

describe("RegistrationRate", () => {
  test("takes as many as a second allows, then none", () => {
    const rate = used(1_000);
    expect(rate.take(1_000)).toBe(false);
    expect(rate.take(1_002)).toBe(true);
    expect(rate.take(1_002)).toBe(false);
  });

  test("promises a time of its own to each that is refused", () => {
    const rate = used(1_000);
    expect([0, 1, 2, 3].map(() => rate.promise(1_000))).toEqual([2, 5, 7, 9]);
    expect(rate.promise(1_000 + 20_000)).toBeLessThanOrEqual(2);
  });

  test("promises nothing beyond the longest wait", () => {
    const rate = used(0);
    const promises = Array.from({ length: 20_000 }, () => rate.promise(0));
    expect(Math.max(...promises)).toBeLessThanOrEqual(longestPromiseMs);
    expect(promises.at(-1)).toBeLessThan(promises[13_000] ?? 0);
  });

  test("takes 95 % of 10,000 that come within half a second in 22 s, with hardly more than one refusal each", () => {
    const scheduler = createFakeScheduler();
    const random = createSeededRandom(1);
    const rate = new RegistrationRate(scheduler.nowMs());
    const takenMs: number[] = [];
    let refused = 0;
    const come = () => {
      const nowMs = scheduler.nowMs();
      if (rate.take(nowMs)) takenMs.push(nowMs);
      else {
        refused++;
        // Networks and timers are late by chance.
        scheduler.after(rate.promise(nowMs) + 20 * random.random(), come);
      }
    };
    const startMs = scheduler.nowMs();
    for (let count = 0; count < 10_000; count++) scheduler.after(500 * random.random(), come);
    scheduler.advance(60_000);
    expect(takenMs).toHaveLength(10_000);
    expect((takenMs[9_500 - 1] ?? 0) - startMs).toBeLessThan(22_000);
    expect(refused).toBeLessThan(10_500);
  });
});
