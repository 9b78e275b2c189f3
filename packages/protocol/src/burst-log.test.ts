// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { createBurstLog } from "./burst-log.js";
import { LOG_BURST_MS } from "./limits.js";

describe("createBurstLog()", () => {
  it("warns once for each kind and burst, and tells how many more there were", () => {
    const lines: string[] = [];
    let now = 0;
    const burst = createBurstLog(
      { log: (level, event, message) => lines.push(`${level} ${event} ${message}`) },
      { nowMs: () => now },
    );
    burst.log("a", "refused", "one");
    burst.log("a", "refused", "two");
    burst.log("b", "refused", "other");
    now = LOG_BURST_MS - 1;
    burst.log("a", "refused", "three");
    now = LOG_BURST_MS;
    burst.log("a", "refused", "four");
    now = 3 * LOG_BURST_MS;
    burst.log("a", "refused", "five");
    expect(lines).toEqual([
      "warn refused one",
      "debug refused two",
      "warn refused other",
      "debug refused three",
      "warn refused four (and 2 more before it)",
      "warn refused five",
    ]);
  });
});
