// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { describeInFlight } from "./describe-in-flight.js";

const methods = (...counts: readonly number[]) => new Map(counts.map((count, index) => [`/s/M${index}`, count]));

describe("describeInFlight()", () => {
  it.each([
    [{ calls: methods() }, "no calls"],
    [{ calls: methods(1), registrations: 1 }, "1 call (1 /s/M0), 1 registration"],
    [{ calls: methods(), registrations: 2 }, "no calls, 2 registrations"],
    [{ calls: methods(1, 5, 1) }, "7 calls (5 /s/M1, 1 /s/M0, 1 /s/M2)"],
    [{ calls: methods(6, 5, 4, 3, 2) }, "20 calls (6 /s/M0, 5 /s/M1, 4 /s/M2, 3 /s/M3, 2 of 1 other method)"],
    [{ calls: methods(9, 9, 9, 9, 1, 1) }, /, 2 of 2 other methods\)$/],
  ])("%# names the busiest methods", (work, text) => {
    if (typeof text === "string") expect(describeInFlight(work)).toBe(text);
    else expect(describeInFlight(work)).toMatch(text);
  });
});
