// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { RECENT_CALLS_MS } from "../limits.js";
import { CapacityShare } from "./capacity-share.js";

function share(stated: number) {
  const clock = { nowMs: 1_000, asked: 0 };
  const owner = {
    nowMs() {
      clock.asked++;
      return clock.nowMs;
    },
    onCalls() {},
    onJoined() {},
    onChange() {},
  };
  return { clock, share: new CapacityShare(owner, stated, () => {}) };
}

describe("CapacityShare", () => {
  it("end() notes what was in use, for a while, if the capacity is stated", () => {
    const { clock, share: stated } = share(10);
    stated.welcome(true);
    for (let call = 0; call < 4; call++) stated.begin();
    for (let call = 0; call < 4; call++) stated.end();
    expect(stated.needed(clock.nowMs, true)).toBe(4);
    expect(stated.needed(clock.nowMs + RECENT_CALLS_MS, true)).toBe(0);
  });

  it("end() does not ask the clock if it is not", () => {
    const { clock, share: unstated } = share(Number.POSITIVE_INFINITY);
    unstated.welcome(true);
    clock.asked = 0;
    unstated.begin();
    unstated.end();
    expect(clock.asked).toBe(0);
    expect(unstated.open).toBe(0);
  });
});
