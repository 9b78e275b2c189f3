// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { EventLoopDelay } from "./event-loop-delay.js";

describe("EventLoopDelay", () => {
  it("counts how late each look is", () => {
    let nowMs = 1_000;
    let look = () => {};
    let stopped = false;
    const delay = new EventLoopDelay({
      nowMs: () => nowMs,
      every: (everyMs, given) => {
        expect(everyMs).toBe(100);
        look = given;
        return () => {
          stopped = true;
        };
      },
    });
    for (const lateMs of [0, 0, 250, -3]) {
      nowMs += 100 + lateMs;
      look();
    }
    expect(delay.snapshot()).toMatchObject({ count: 4, sum: 0.25, zeroCount: 3 });
    delay.stop();
    expect(stopped).toBe(true);
  });
});
