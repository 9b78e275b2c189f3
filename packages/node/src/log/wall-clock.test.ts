// SPDX-License-Identifier: Apache-2.0

import { expect, it } from "vitest";
import { WallClock } from "./wall-clock.js";

it("WallClock keeps its fractions until the clock of the machine is set", () => {
  let [wallMs, nowMs] = [5_000, 1_000.25];
  const clock = new WallClock({ wallMs: () => wallMs, nowMs: () => nowMs }, 4_000.5);
  expect(clock.originMs).toBe(4_000.5);
  nowMs += 60_000;
  wallMs += 60_001;
  expect(clock.originMs).toBe(4_000.5);
  wallMs += 3_600_000;
  expect(clock.originMs).toBe(wallMs - nowMs);
  nowMs += 0.5;
  expect(clock.originMs).toBe(wallMs - nowMs + 0.5);
});
