// SPDX-License-Identifier: Apache-2.0

import { expect, it } from "vitest";
import { WallClock } from "./wall-clock.js";

it("WallClock keeps its fractions until the clock of the machine is set, which it sees within a second", () => {
  let [wallMs, nowMs] = [5_000, 1_000.25];
  const clock = new WallClock({ wallMs: () => wallMs, nowMs: () => nowMs }, 4_000.5);
  const originAfter = (ms: number): number => {
    nowMs += ms;
    wallMs += Math.round(ms);
    return clock.originAt(nowMs);
  };
  expect(originAfter(0)).toBe(4_000.5);
  expect(originAfter(60_000.4)).toBe(4_000.5);
  wallMs += 3_600_000;
  expect(originAfter(999)).toBe(4_000.5);
  const set = wallMs + 1 - (nowMs + 1);
  expect(originAfter(1)).toBe(set);
  expect(originAfter(1_000.4)).toBe(set);
});
